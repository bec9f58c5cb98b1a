"""Rows that trainers leave out without a word."""

from collections.abc import Iterator

from msgspec import UNSET

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
    """Yield the images and annotations that mmdet's CocoDataset is documented to skip.

    Args:
        dataset: the data set.
        of: what follows the name of a row, as the part that it is of.
    """
    for image in dataset.images:
        sides = image.width, image.height
        if any(isinstance(side, int) and 0 < side < SMALLEST_IMAGE_PX for side in sides):
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
