"""Step ``filter_annotations``: drop boxes by size, shape or crowd, and mend or refuse boxes that are not valid."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from coco_recipe import Annotation, Dataset, Image, Port, Step, StepContext

_SIDE = {"type": "number", "minimum": 0}
_POLICY = {"enum": ["error", "clip", "drop"], "default": "error"}
PARAMS: dict[str, Any] = {
    "type": "object", "additionalProperties": False,
    "properties": {
        "min_area_px": {**_SIDE, "description": "Smallest w*h of a box, in square pixels.", "examples": [16]},
        "max_area_px": {**_SIDE, "description": "Largest w*h of a box, in square pixels.", "examples": [100000]},
        "min_side_px": {**_SIDE, "description": "Smallest shorter side, in pixels.", "examples": [4]},
        "max_aspect_ratio": {"type": "number", "minimum": 1, "description": "Largest longer side / shorter side.",
                             "examples": [10]},
        "crowd": {"enum": ["keep", "drop"], "default": "keep", "description": "Annotations with iscrowd 1.",
                  "examples": ["drop"]},
        "past_the_edge": {**_POLICY, "description": "Boxes that reach out of their image.", "examples": ["clip"]},
        "no_area": {"enum": ["error", "drop"], "default": "error",
                    "description": "Boxes whose width or height is 0 or less.", "examples": ["drop"]},
    },
}


def filter_annotations(ctx: StepContext, *, dataset: Dataset, min_area_px: float | None, max_area_px: float | None,
                       min_side_px: float | None, max_aspect_ratio: float | None, crowd: str, past_the_edge: str,
                       no_area: str) -> Mapping[str, Dataset]:
    """Drop annotations by their boxes; images stay.

    Annotations without a box are kept. A clipped box gets the area w*h where it has no segmentation.

    Raises:
        ValueError: boxes past the edge or of no area, where the policy is ``error``; names the first five.
    """
    images = {image.id: image for image in dataset.images}
    kept: list[Annotation] = []
    faults: list[str] = []
    clipped = 0
    for row in dataset.annotations:
        if row.bbox is UNSET:
            kept.append(row)
            continue
        outside, changed = _clip(row, images[row.image_id])
        if outside and past_the_edge == "clip":
            row, clipped = changed, clipped + 1
        assert isinstance(row.bbox, tuple)
        w, h = row.bbox[2:]
        empty = not (w > 0 and h > 0)
        if empty and no_area == "error":
            faults.append(f"annotation {row.id} on image {row.image_id} has no area: {list(row.bbox)}")
        elif empty:
            ctx.drop(row, "box has no area", bbox=row.bbox)
        elif outside and past_the_edge == "error":
            faults.append(f"annotation {row.id} on image {row.image_id} reaches out of its image: {list(row.bbox)}")
        elif outside and past_the_edge == "drop":
            ctx.drop(row, "box reaches out of its image", bbox=row.bbox)
        elif reason := _too(w, h, min_area_px, max_area_px, min_side_px, max_aspect_ratio):
            ctx.drop(row, reason, bbox=row.bbox)
        elif crowd == "drop" and row.iscrowd is not UNSET and row.iscrowd:
            ctx.drop(row, "is a crowd")
        else:
            kept.append(row)
    if faults:
        raise ValueError(f"{len(faults)} boxes are not valid: {'; '.join(faults[:5])}; choose with "
                         "past_the_edge: clip or drop, and no_area: drop")
    ctx.note("clipped_boxes", clipped)
    return {"dataset": dataset.replace(annotations=tuple(kept))}


def _clip(row: Annotation, image: Image) -> tuple[bool, Annotation]:
    """Return whether the box reaches out of its image, and the row with the box cut to it."""
    assert isinstance(row.bbox, tuple)
    x, y, w, h = row.bbox
    if image.width is UNSET or image.height is UNSET:
        raise ValueError(f"image {image.id} ({image.file_name}) has no width and height, which boxes are checked against")
    width, height = int(image.width), int(image.height)
    if not all(map(isfinite, row.bbox)) or (x >= 0 and y >= 0 and x + w <= width and y + h <= height):
        return False, row
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    box = (left, top, max(right - left, 0), max(bottom - top, 0))
    has_mask = row.segmentation is not UNSET and bytes(row.segmentation) not in (b"[]", b"null")
    return True, replace(row, bbox=box, area=row.area if has_mask else box[2] * box[3])


def _too(w: float, h: float, min_area_px: float | None, max_area_px: float | None, min_side_px: float | None,
         max_aspect_ratio: float | None) -> str:
    if min_area_px is not None and w * h < min_area_px:
        return f"box area is below {min_area_px} px"
    if max_area_px is not None and w * h > max_area_px:
        return f"box area is above {max_area_px} px"
    if min_side_px is not None and min(w, h) < min_side_px:
        return f"box side is below {min_side_px} px"
    if max_aspect_ratio is not None and max(w, h) > max_aspect_ratio * min(w, h):
        return f"aspect ratio is above {max_aspect_ratio}"
    return ""


STEP = Step(name="filter_annotations", run=filter_annotations, inputs={"dataset": Port(Dataset)},
            outputs={"dataset": Dataset}, params=PARAMS,
            foresee=lambda params, facts: {"dataset": facts["dataset"]})
