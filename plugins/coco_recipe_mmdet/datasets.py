"""Write a data set as mmdet's CocoDataset reads it, and count what mmdet will use of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import UNSET
from msgspec.structs import replace

from coco_recipe import Annotation, Dataset, Image, about, counted, with_names, write

MIN_SIDE_PX = 32
LISTED = 5  # ids in a message
_NO_MASK = (b"[]", b"null", b"{}")
NO_BOX = (
    "coco-recipe plan shows how many boxes each step leaves, and coco-recipe check what is wrong "
    "with those of a file"
)


# pycocotools' sizes: the end of a metric's name, areas in square pixels, both included, and words
_SIZES = {
    "s": (0.0, 32.0**2, "small boxes (area up to 32 x 32 px)"),
    "m": (32.0**2, 96.0**2, "medium boxes (area from 32 x 32 to 96 x 96 px)"),
    "l": (96.0**2, float("inf"), "large boxes (area from 96 x 96 px)"),
}


@dataclass(frozen=True, slots=True)
class Usage:
    """What mmdet will use of a data set.

    Attributes:
        images: how many are used.
        boxes: how many are used.
        crowds: regions to ignore (``iscrowd: 1``), which are no boxes to find.
        empty: images among them without any usable box.
        skipped: how many rows are not used, by reason; ``examples`` has some ids for each reason.
        without_mask: ids of usable boxes without a segmentation.
    """

    images: int
    boxes: int
    crowds: int
    empty: int
    skipped: Mapping[str, int]
    examples: Mapping[str, tuple[int, ...]]
    without_mask: tuple[int, ...]

    def record(self) -> dict[str, object]:
        """Return this as JSON."""
        return {
            "images": self.images,
            "boxes": self.boxes,
            "crowd_regions": self.crowds,
            "images_without_box": self.empty,
            "skipped": dict(self.skipped),
            "skipped_ids": {reason: list(ids) for reason, ids in self.examples.items()},
        }


def class_names(dataset: Dataset) -> tuple[str, ...]:
    """Return the names of the categories in the data set's order."""
    return tuple(category.name for category in dataset.categories)


def usage(dataset: Dataset, *, training: bool, empty_images: bool = True) -> Usage:
    """Count what mmdet uses of a data set.

    Training takes what its CocoDataset keeps, by its own rules (mmdet 3.x, ``datasets/coco.py``);
    pycocotools measures against every annotation with a box and a category, the smallest and those
    outside their image, too.

    Args:
        dataset: the data set.
        training: to train on it, not to measure.
        empty_images: whether images without boxes are used in training.

    Raises:
        ValueError: an image has no width and height.
    """
    _check_sizes(dataset)
    reasons: Counter[str] = Counter()
    examples: dict[str, list[int]] = {}

    def skip(row: Image | Annotation, reason: str) -> None:
        reasons[reason] += 1
        if len(examples.setdefault(reason, [])) < LISTED:
            examples[reason].append(row.id)

    images = boxes = crowds = empty = 0
    without_mask: list[int] = []
    groups = dataset.annotations_of()
    for image in dataset.images:
        if training and min(_size(image)) < MIN_SIDE_PX:
            skip(image, f"image under {MIN_SIDE_PX} px")
            for row in groups[image.id]:
                skip(row, f"box on an image under {MIN_SIDE_PX} px")
            continue
        usable = 0
        for row in groups[image.id]:
            if reason := _unusable(row, *_size(image), training=training):
                skip(row, reason)
            else:
                crowds, usable = crowds + bool(row.iscrowd is not UNSET and row.iscrowd), usable + 1
                if row.segmentation is UNSET or bytes(row.segmentation).strip() in _NO_MASK:
                    without_mask.append(row.id)
        if training and not empty_images and not any(map(_has_box, groups[image.id])):
            skip(image, "image without boxes")
            continue
        images, boxes, empty = images + 1, boxes + usable, empty + (usable == 0)
    return Usage(
        images,
        boxes - crowds,
        crowds,
        empty,
        dict(reasons),
        {k: tuple(v) for k, v in examples.items()},
        tuple(without_mask),
    )


def without_masks(found: Usage, port: str) -> str:
    """Say which usable boxes of a port have no segmentation; empty where all have one."""
    ids = found.without_mask
    if not ids:
        return ""
    listed = ", ".join(map(str, ids[:LISTED])) + ", ..." * (len(ids) > LISTED)
    return f"{about(len(ids), f'annotations of {port} have no segmentation')} (id {listed})"


def has_box(dataset: Dataset, *, training: bool) -> bool:
    """Tell whether mmdet has a box to learn or to find; looks no further than the first.

    Args:
        dataset: the data set.
        training: as for ``usage``.
    """
    images = {image.id: image for image in dataset.images}
    for row in dataset.annotations:
        image = images.get(row.image_id)
        if image is None or not _has_size(image) or row.iscrowd not in (UNSET, 0):
            continue
        size = _size(image)
        is_small = training and min(size) < MIN_SIDE_PX
        if not is_small and not _unusable(row, *size, training=training):
            return True
    return False


def nothing_learnt(dataset: Dataset, used: Usage) -> str:
    """Say that mmdet would train on no box of a data set, and why."""
    images = counted(len(dataset.images), "image")
    if not dataset.annotations:
        return f"there is no box on {images}: mmdet has nothing to learn"
    skipped = told(used)
    boxes = counted(len(dataset.annotations), "box")
    return f"mmdet would train on none of the {boxes} of {images}" + f": {skipped}" * bool(skipped)


def nothing_measured(dataset: Dataset, what: str) -> str:
    """Say that there is no box to find in a data set, which is called ``what``."""
    images = counted(len(dataset.images), "image")
    return f"{what} has no usable box on its {images}: there is nothing to compare with"


def nothing_of_size(dataset: Dataset, metric: str, what: str) -> str:
    """Say that a metric of one size of boxes has none to find; empty where there is one.

    Args:
        dataset: the data set.
        metric: as ``bbox_mAP_l``.
        what: what to call the data set.
    """
    low, high, words = _SIZES.get(metric.rpartition("_")[2], (0.0, 0.0, ""))
    images = {image.id for image in dataset.images}
    if not words or any(
        low <= _area(row) <= high
        for row in dataset.annotations
        if row.image_id in images and row.iscrowd in (UNSET, 0) and _has_box(row)
    ):
        return ""
    return f"{metric} is of {words}, and {what} has none: there is nothing to compare by"


def write_for_mmdet(dataset: Dataset, path: Path, classes: Sequence[str]) -> None:
    """Write the data set so that mmdet reads it whole.

    File names are absolute, since images may lie in several folders; what the environment says of
    them is its name, which the process reads (`inside.stack`). Annotations are numbered anew,
    since their ids may repeat, and get the area and iscrowd that mmdet asks for. Categories stand
    in the order of ``classes``, since mmdet takes the n-th for the n-th class.
    """
    images = tuple(
        replace(
            image,
            file_name=with_names(str(dataset.path_of(image).absolute())),
            coco_recipe=UNSET,
        )
        for image in dataset.images
    )
    rows = tuple(
        _complete(row, number)
        for number, row in enumerate(filter(_has_box, dataset.annotations), 1)
    )
    by_name = {category.name: category for category in dataset.categories}
    path.parent.mkdir(parents=True, exist_ok=True)
    write(
        dataset.replace(
            images=images,
            annotations=rows,
            categories=tuple(by_name[name] for name in classes),
            extra={},
        ),
        path,
    )


def told(usage_: Usage) -> str:
    """Say in one line what is skipped and why; empty where nothing is."""
    return ", ".join(
        f"{count} ({reason}: {', '.join(map(str, usage_.examples[reason]))}"
        f"{', ...' if count > len(usage_.examples[reason]) else ''})"
        for reason, count in usage_.skipped.items()
    )


def _has_box(row: Annotation) -> bool:
    return isinstance(row.bbox, tuple) and row.category_id is not UNSET


def _unusable(row: Annotation, width: int, height: int, *, training: bool) -> str:
    if not isinstance(row.bbox, tuple) or row.category_id is UNSET:
        return "annotation without a box or category"
    if not training:
        return ""
    if getattr(row, "ignore", UNSET) not in (UNSET, b"0", b"false", b"null"):
        return "box marked ignore"
    x, y, w, h = row.bbox
    if max(0, min(x + w, width) - max(x, 0)) * max(0, min(y + h, height) - max(y, 0)) == 0:
        return "box outside its image"
    if w < 1 or h < 1:
        return "box under 1 px"
    return "box with area 0" if isinstance(row.area, int | float) and row.area <= 0 else ""


def _area(row: Annotation) -> float:
    """Return the area of an annotation with a box; that of the box where it has none."""
    assert isinstance(row.bbox, tuple)
    return row.area if isinstance(row.area, int | float) else row.bbox[2] * row.bbox[3]


def _complete(row: Annotation, number: int) -> Annotation:
    area = row.area if row.area is not UNSET else _area(row)
    return replace(row, id=number, area=area, iscrowd=0 if row.iscrowd is UNSET else row.iscrowd)


def _size(image: Image) -> tuple[int, int]:
    assert isinstance(image.width, int) and isinstance(image.height, int)  # noqa: PT018
    return image.width, image.height


def _has_size(image: Image) -> bool:
    return isinstance(image.width, int) and isinstance(image.height, int)


def _check_sizes(dataset: Dataset) -> None:
    unknown = [image for image in dataset.images if not _has_size(image)]
    if unknown:
        names = ", ".join(f"{image.id} ({image.file_name})" for image in unknown[:5])
        raise ValueError(
            f"{about(len(unknown), 'images have no width and height')}, which mmdet needs: {names}"
            + ", ..." * (len(unknown) > 5)
        )


def same_classes(
    classes: Sequence[str], others: Sequence[str], what: str, whose: str
) -> Iterator[str]:
    """Yield how two lists of class names differ."""
    missing = [name for name in classes if name not in others]
    extra = [name for name in others if name not in classes]
    if missing:
        yield f"{what} has not {whose}'s {_listed(missing)}"
    if extra:
        yield f"{what} has {_listed(extra)}, which {whose} has not"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + ", ..." * (len(names) > 5)
