"""Mends of an annotation: its segmentation, box, area, number of keypoints, and crowd flag."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw
from msgspec.structs import replace

from coco_recipe import (
    Annotation,
    has_area,
    segmentation_area,
    segmentation_box,
    with_extras,
)
from coco_recipe_data import segmentation_mends
from coco_recipe_data.segmentation_mends import is_numbers

# a box or area that differs by less was rounded
SIDE_PX = 1.0
AREA_SHARE = 0.01
Mend = tuple[str, Any, Any, Annotation]


def _decoded(row: Annotation) -> Any:
    return msgspec.json.decode(row.segmentation) if isinstance(row.segmentation, Raw) else None


def mended_segmentation(row: Annotation, mend: str) -> Mend | None:
    """Mend the form of a segmentation; return None where there is nothing to mend."""
    old = _decoded(row)
    new = segmentation_mends.mended(old, mend)
    if new == old:
        return None
    return "segmentation", old, new, replace(row, segmentation=Raw(msgspec.json.encode(new)))


def _shape(row: Annotation) -> Any:
    """Return the segmentation where it has a form and an area."""
    found = _decoded(row)
    try:
        sound = isinstance(found, dict) or (isinstance(found, list) and all(map(is_numbers, found)))
        return found if sound and has_area(found) else None
    except (ValueError, KeyError, TypeError):  # a mask whose runs can't be read
        return None


def mended_box(row: Annotation) -> Mend | None:
    """Take the box from the segmentation, in pixels; return None where they agree.

    Raises:
        ValueError: the runs of the mask can't be read.
    """
    shape = _shape(row)
    try:
        new = segmentation_box(shape) if shape else None
    except ValueError as error:
        raise ValueError(f"annotation {row.id}: {error}") from error
    if new is None or (isinstance(row.bbox, tuple) and _is_near(row.bbox, new)):
        return None
    old = list(row.bbox) if isinstance(row.bbox, tuple) else UNSET
    return "bbox", old, list(new), replace(row, bbox=new)


def _is_near(box: Sequence[float], other: Sequence[float]) -> bool:
    def corners(b: Sequence[float]) -> tuple[float, ...]:
        return b[0], b[1], b[0] + b[2], b[1] + b[3]

    return all(abs(a - b) <= SIDE_PX for a, b in zip(corners(box), corners(other), strict=True))


def mended_area(row: Annotation) -> Mend | None:
    """Take the area from segmentation or box, in square pixels; return None where they agree."""
    shape = _shape(row)
    new = (
        segmentation_area(shape)
        if shape
        else row.bbox[2] * row.bbox[3]
        if isinstance(row.bbox, tuple)
        else None
    )
    if (
        new is None
        or new <= 0
        or (row.area is not UNSET and abs(row.area - new) <= AREA_SHARE * new)
    ):
        return None
    tidied = new if isinstance(new, int) else round(new, 2) or new
    return "area", row.area, tidied, replace(row, area=tidied)


def mended_count(row: Annotation) -> Mend | None:
    """Count the labelled keypoints; return None where the number is right."""
    points, count = (getattr(row, key, UNSET) for key in ("keypoints", "num_keypoints"))
    if points is UNSET and count is UNSET:
        return None
    found: Any = None if points is UNSET else msgspec.json.decode(points)
    found = [] if found is None and count is not UNSET else found  # none are labelled
    if not is_numbers(found) or len(found) % 3:
        return None
    old = None if count is UNSET else msgspec.json.decode(count)
    new = sum(1 for flag in found[2::3] if flag)
    return (
        None
        if old == new
        else ("num_keypoints", old, new, with_extras(row, {"num_keypoints": new}))
    )


def filled_crowd(row: Annotation) -> Mend | None:
    """Make an annotation without ``iscrowd`` one of no crowd; return None where it has one."""
    if row.iscrowd is not UNSET:
        return None
    return "iscrowd", UNSET, 0, replace(row, iscrowd=0)


def made_crowd(row: Annotation, crowds: frozenset[int]) -> Mend | None:
    """Make a crowd of an annotation of these categories; return None where it is none of them."""
    if row.category_id not in crowds or (row.iscrowd is not UNSET and row.iscrowd == 1):
        return None
    return "iscrowd", row.iscrowd, 1, replace(row, iscrowd=1)
