"""Step ``filter_annotations``: drop boxes by size, shape or crowd, and mend or refuse boxes that are not valid."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from coco_recipe import Annotation, Dataset, Image, Port, Row, Step, StepContext, about, counted
from coco_recipe_data import clipping, kinds
from coco_recipe_data.clipping import Places

_SIDE = {"type": "number", "minimum": 0}
_POLICY = {"enum": ["error", "clip", "drop"], "default": "error"}
PARAMS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "min_area_px": {
            **_SIDE,
            "description": "Smallest w*h of a box, in square pixels.",
            "examples": [16],
        },
        "max_area_px": {
            **_SIDE,
            "description": "Largest w*h of a box, in square pixels.",
            "examples": [100000],
        },
        "min_side_px": {
            **_SIDE,
            "description": "Smallest shorter side, in pixels.",
            "examples": [4],
        },
        "max_aspect_ratio": {
            "type": "number",
            "minimum": 1,
            "description": "Largest longer side / shorter side.",
            "examples": [10],
        },
        "crowd": {
            "enum": ["keep", "drop"],
            "default": "keep",
            "description": "Annotations with iscrowd 1.",
            "examples": ["drop"],
        },
        "past_the_edge": {
            **_POLICY,
            "examples": ["clip"],
            "description": "Annotations whose box reaches out of the image, or a polygon or labelled "
            "keypoint by more than 1 px.",
        },
        "no_area": {
            "enum": ["error", "drop"],
            "default": "error",
            "description": "Boxes whose width or height is 0 or less; without a box, polygons of no area.",
            "examples": ["drop"],
        },
    },
}


def filter_annotations(
    ctx: StepContext,
    *,
    dataset: Dataset,
    min_area_px: float | None,
    max_area_px: float | None,
    min_side_px: float | None,
    max_aspect_ratio: float | None,
    crowd: str,
    past_the_edge: str,
    no_area: str,
) -> Mapping[str, Dataset]:
    """Drop annotations by their places; images stay.

    What is judged is the box, the polygons and the labelled keypoints: a row without a box is judged by the
    others. Rules of size go by the box alone; rows without one pass them. A box that CVAT has turned
    (``attributes.rotation``) is judged by its corners.

    ``past_the_edge: clip`` cuts box, polygons, keypoints and the parts of COCO-WholeBody to the image. A turned
    box becomes the smallest one of its angle around what is inside; a corner of it may still be outside. The
    area is the mask's: that of a run-length mask stays, and where polygons are left, it is scaled by what is
    left of them; else it is scaled as the box's. So an area that was at odds stays so in proportion, 0 stays
    0, and a row without an area gets none.

    Raises:
        ValueError: rows past the edge or of no area, where the policy is ``error``, and run-length masks that
            aren't of their image's size, where it is ``clip``; names the first five.
    """
    images = {image.id: image for image in dataset.images}
    kept: list[Annotation] = []
    faults, misfits = list[str](), list[str]()
    clipped, lost, clips = 0, 0, past_the_edge == "clip"
    for row in dataset.annotations:
        places, size = Places.of(row), _size(images[row.image_id])
        outside = places.reaches_out(*size, slack_px=0 if clips else clipping.SLACK_PX)
        if clips and (other := clipping.mask_of_other_size(row, *size)):
            misfits.append(f"annotation {row.id} on image {row.image_id} has {other}")
            continue
        whole = places
        if clips and (outside or places.a_part_reaches_out(*size)):
            before, row = row, clipping.clipped(row, places, *size)
            places, clipped = Places.of(row), clipped + (row != before)
            lost += whole.labelled() - places.labelled()
        empty, what = places.has_no_area(), "box" if places.box is not None else "polygon"
        empty = empty or (places.box is None and bool(whole.rings) and not places.rings)
        seen = {"bbox": row.bbox} if places.box is not None else {}
        if empty and no_area == "error":
            faults.append(f"annotation {row.id} on image {row.image_id} has no area: {_told(row)}")
        elif empty:
            ctx.drop(row, f"{what} has no area", **seen)
        elif outside and past_the_edge == "error":
            faults.append(
                f"annotation {row.id} on image {row.image_id} reaches out of its image: {_told(row)}"
            )
        elif outside and past_the_edge == "drop":
            ctx.drop(row, "reaches out of its image", **seen)
        elif places.box is not None and (
            reason := _too(
                places.box[2],
                places.box[3],
                min_area_px,
                max_area_px,
                min_side_px,
                max_aspect_ratio,
            )
        ):
            ctx.drop(row, reason, **seen)
        elif crowd == "drop" and row.iscrowd is not UNSET and row.iscrowd:
            ctx.drop(row, "is a crowd")
        else:
            kept.append(row)
    if misfits:
        told = about(len(misfits), "masks are not of their image's size and can't be clipped")
        raise ValueError(
            f"{told}: {'; '.join(misfits[:5])}; correct the size that is wrong, or take the annotation out"
        )
    if faults:
        raise ValueError(
            f"{about(len(faults), 'annotations are not valid')}: {'; '.join(faults[:5])}; choose with "
            "past_the_edge: clip or drop, and no_area: drop"
        )
    ctx.note("clipped_boxes", clipped)
    if clipped:
        ctx.note(
            "summary",
            f"{counted(clipped, 'row')} clipped"
            + (f", {counted(lost, 'labelled keypoint')} lost by it" if lost else ""),
        )
    if not clipped and len(kept) == len(dataset.annotations):
        ctx.find(kinds.FILTER_MATCHES_NOTHING, [Row(f"step '{ctx.step_id}'")])
    return {"dataset": dataset.replace(annotations=tuple(kept))}


def _size(image: Image) -> tuple[int, int]:
    if image.width is UNSET or image.height is UNSET:
        raise ValueError(
            f"image {image.id} ({image.file_name}) has no width and height, which boxes are checked against"
        )
    return int(image.width), int(image.height)


def _told(row: Annotation) -> str:
    return (
        str(list(row.bbox))
        if isinstance(row.bbox, tuple)
        else "it has no box, see its segmentation and keypoints"
    )


def _too(
    w: float,
    h: float,
    min_area_px: float | None,
    max_area_px: float | None,
    min_side_px: float | None,
    max_aspect_ratio: float | None,
) -> str:
    if min_area_px is not None and w * h < min_area_px:
        return f"box area is below {min_area_px} px"
    if max_area_px is not None and w * h > max_area_px:
        return f"box area is above {max_area_px} px"
    if min_side_px is not None and min(w, h) < min_side_px:
        return f"box side is below {min_side_px} px"
    if max_aspect_ratio is not None and max(w, h) > max_aspect_ratio * min(w, h):
        return f"aspect ratio is above {max_aspect_ratio}"
    return ""


STEP = Step(
    name="filter_annotations",
    run=filter_annotations,
    inputs={"dataset": Port(Dataset)},
    outputs={"dataset": Dataset},
    params=PARAMS,
    foresee=lambda params, facts: {"dataset": facts["dataset"]},
    refuses=("sizes_not_of_pictures",),
)
