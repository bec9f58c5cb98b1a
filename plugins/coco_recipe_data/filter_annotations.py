"""Step ``filter_annotations``: drop boxes by size, shape or crowd; mend or refuse invalid ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from coco_recipe import (
    Annotation,
    Dataset,
    Image,
    Params,
    Port,
    Row,
    Schema,
    Step,
    StepContext,
    about,
    counted,
)
from coco_recipe_data import clipping, kinds, plans
from coco_recipe_data.clipping import Places

_SIDE = {"type": "number", "minimum": 0}
_POLICY = {"enum": ["error", "clip", "drop"], "default": "error"}


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

    What is judged is the box, the polygons and the labelled keypoints: a row without a box is
    judged by the others. Rules of size go by the box alone; rows without one pass them. A box that
    CVAT has turned (``attributes.rotation``) is judged by its corners.

    ``past_the_edge: clip`` cuts box, polygons, keypoints and the parts of COCO-WholeBody to the
    image. A turned box becomes the smallest one of its angle around what is inside; a corner of it
    may still be outside. The area is the mask's: that of a run-length mask stays, and where
    polygons are left, it is scaled by what is left of them; else it is scaled as the box's. So an
    area that was at odds stays so in proportion, 0 stays 0, and a row without an area gets none.

    Args:
        ctx: the step's context.
        dataset: rows whose places are in pixels.
        min_area_px: the smallest area of a box that stays, in square pixels; None for any.
        max_area_px: the largest one, in square pixels; None for any.
        min_side_px: the shortest side of a box that stays, in pixels; None for any.
        max_aspect_ratio: the most that the longer side may be of the shorter one; None for any.
        crowd: ``keep`` or ``drop`` for annotations of crowds.
        past_the_edge: what becomes of annotations that reach out of their image.
        no_area: what becomes of annotations without an area.

    Returns:
        ``dataset``: all images, with the annotations that are left.

    Raises:
        ValueError: rows past the edge or of no area, where the policy is ``error``, and run-length
            masks that aren't of their image's size, where it is ``clip``; names the first five.
    """
    rules = _Rules(
        min_area_px, max_area_px, min_side_px, max_aspect_ratio, crowd, past_the_edge, no_area
    )
    kept: list[Annotation] = []
    stopping: list[Row] = []
    clipped, lost = 0, 0
    for row, verdict in rules.verdicts(dataset):
        clipped += verdict.row != row
        lost += verdict.lost_keypoints
        if verdict.stops:
            stopping.append(verdict.stops)
        elif verdict.drops:
            ctx.drop(row, verdict.drops, **verdict.seen)
        else:
            kept.append(verdict.row)
    if stopping:
        told = about(len(stopping), "annotations are not valid")
        raise ValueError(f"{told}: {'; '.join(f'{one.name} {one.value}' for one in stopping[:5])}")
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


PARAMS: Schema = {
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
            "description": "Annotations whose box reaches out of the image, or a polygon or "
            "labelled keypoint by more than 1 px.",
        },
        "no_area": {
            "enum": ["error", "drop"],
            "default": "error",
            "description": "Boxes whose width or height is 0 or less; without a box, polygons of "
            "no area.",
            "examples": ["drop"],
        },
    },
}


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What becomes of a row.

    Attributes:
        row: the row as it goes on, clipped or as it was.
        drops: why it is dropped; empty if it isn't.
        stops: the row at which the step stops, with the reason; None if it doesn't.
        seen: what the ledger keeps of a dropped row.
        lost_keypoints: labelled keypoints that clipping took.
    """

    row: Annotation
    drops: str = ""
    stops: Row | None = None
    seen: Mapping[str, Any] = field(default_factory=dict)
    lost_keypoints: int = 0


@dataclass(frozen=True, slots=True)
class _Rules:
    """The parameters of the step; sides are pixels, areas square pixels."""

    min_area_px: float | None
    max_area_px: float | None
    min_side_px: float | None
    max_aspect_ratio: float | None
    crowd: str
    past_the_edge: str
    no_area: str

    def verdicts(self, dataset: Dataset) -> Iterator[tuple[Annotation, _Verdict]]:
        """Yield each annotation with what becomes of it.

        Raises:
            ValueError: an image with annotations has no width and height.
        """
        images = {image.id: image for image in dataset.images}
        for row in dataset.annotations:
            yield row, self._of(row, images[row.image_id])

    def _of(self, row: Annotation, image: Image) -> _Verdict:
        places = Places.of(row)
        size = _size(image)
        clips = self.past_the_edge == "clip"
        if clips and (other := clipping.mask_of_other_size(row, *size)):
            hint = "correct the size that is wrong, or take the annotation out"
            return _stopping(row, image, f"has {other}, and can't be clipped; {hint}")
        outside = places.reaches_out(*size, slack_px=0 if clips else clipping.SLACK_PX)
        whole = places
        lost = 0
        if clips and (outside or places.a_part_reaches_out(*size)):
            row = clipping.clipped(row, places, *size)
            places = Places.of(row)
            lost = whole.labelled() - places.labelled()
        seen = {"bbox": row.bbox} if places.box is not None else {}
        if places.has_no_area() or (places.box is None and whole.rings and not places.rings):
            if self.no_area == "error":
                return _stopping(row, image, f"has no area: {_told(row)}; choose no_area: drop")
            what = "box" if places.box is not None else "polygon"
            return _Verdict(row, f"{what} has no area", None, seen, lost)
        if outside and self.past_the_edge == "error":
            hint = "choose past_the_edge: clip or drop"
            return _stopping(row, image, f"reaches out of its image: {_told(row)}; {hint}")
        if outside and self.past_the_edge == "drop":
            return _Verdict(row, "reaches out of its image", None, seen)
        if places.box is not None and (reason := self._too(places.box[2], places.box[3])):
            return _Verdict(row, reason, None, seen, lost)
        if self.crowd == "drop" and row.iscrowd is not UNSET and row.iscrowd:
            return _Verdict(row, "is a crowd", None, {}, lost)
        return _Verdict(row, lost_keypoints=lost)

    def _too(self, w: float, h: float) -> str:
        """Say which rule of size a box of so many pixels breaks; empty where none."""
        if self.min_area_px is not None and w * h < self.min_area_px:
            return f"box area is below {self.min_area_px} px"
        if self.max_area_px is not None and w * h > self.max_area_px:
            return f"box area is above {self.max_area_px} px"
        if self.min_side_px is not None and min(w, h) < self.min_side_px:
            return f"box side is below {self.min_side_px} px"
        if self.max_aspect_ratio is not None and max(w, h) > self.max_aspect_ratio * min(w, h):
            return f"aspect ratio is above {self.max_aspect_ratio}"
        return ""


def _stopping(row: Annotation, image: Image, reason: str) -> _Verdict:
    name = f"annotation {row.id} on image {image.id} ({image.file_name!r})"
    return _Verdict(row, stops=Row(name, reason, image.file_name))


def _stops_at_rows(params: Params, dataset: Dataset) -> Iterator[Row]:
    given: dict[str, Any] = {name: params.get(name) for name in PARAMS["properties"]}
    rules = _Rules(**given)
    try:
        yield from (found.stops for _, found in rules.verdicts(dataset) if found.stops)
    except ValueError:  # images without a size, where the step says so
        return


def _size(image: Image) -> tuple[int, int]:
    if image.width is UNSET or image.height is UNSET:
        raise ValueError(
            f"image {image.id} ({image.file_name}) has no width and height, which boxes are "
            "checked against"
        )
    return int(image.width), int(image.height)


def _told(row: Annotation) -> str:
    return (
        str(list(row.bbox))
        if isinstance(row.bbox, tuple)
        else "it has no box, see its segmentation and keypoints"
    )


STEP = Step(
    name="filter_annotations",
    run=filter_annotations,
    inputs={"dataset": Port(Dataset)},
    outputs={"dataset": Dataset},
    params=PARAMS,
    forecast=plans.filter_annotations,
    tell=plans.tell_filter_annotations,
    apart=("coco_recipe_data.plans",),
    foresee=lambda params, facts: {"dataset": facts["dataset"]},
    refuses=("sizes_not_of_pictures",),
    stops_at_rows=_stops_at_rows,
    doubts=(
        "boxes_of_no_area",
        "boxes_outside",
        "boxes_past_the_edge",
        "masks_of_another_size",
        "segmentations_of_no_area",
        "segmentations_of_unknown_form",
    ),
)
