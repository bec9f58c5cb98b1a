"""Rows that trainers leave out without a word."""

from collections.abc import Iterator

from msgspec import UNSET, UnsetType

from coco_recipe.dataset import Dataset
from coco_recipe.findings import Kind, Row

TRAINERS_SKIP = Kind(
    "rows_that_trainers_skip",
    "warning",
    "rows are skipped by mmdet (images under 32 px, boxes with a side under 1 px or an "
    "area of 0 or less)",
    "boxes: filter_annotations: min_side_px: 1, no_area: drop; repair: area: recompute; "
    "images: enlarge the "
    "pictures (augment, with A.SmallestMaxSize), or leave their rows out of the file",
)
SMALLEST_SIDE_PX = 1  # mmdet's CocoDataset: parse_data_info
SMALLEST_IMAGE_PX = 32  # its filter_cfg


def skipped(dataset: Dataset, of: str = "") -> Iterator[Row]:
    """Find the images and annotations that mmdet's CocoDataset is documented to skip.

    Args:
        dataset: the data set.
        of: what follows the name of a row, as the part that it is of.

    Yields:
        A row for each, with its size or box in pixels.
    """
    for image in dataset.images:
        if _is_small(image.width) or _is_small(image.height):
            yield Row(
                f"image {image.id} ({image.file_name!r}){of}",
                f"{image.width} x {image.height}",
                image.file_name,
            )
    for row in dataset.annotations:
        box = row.bbox
        if box is UNSET or row.area is UNSET:
            continue
        if row.area <= 0 or box[2] < SMALLEST_SIDE_PX or box[3] < SMALLEST_SIDE_PX:
            yield Row(f"annotation {row.id}{of}", list(box))


def _is_small(side: int | UnsetType) -> bool:
    return side is not UNSET and 0 < side < SMALLEST_IMAGE_PX
