"""Rules of lint about what a pipeline does to boxes."""

from collections.abc import Iterator

import msgspec
from msgspec import UNSET

from coco_recipe import (
    Annotation,
    Experiment,
    Finding,
    Kind,
    Row,
    Rule,
    StepInExperiment,
    counted,
)
from coco_recipe_pictures import pipelines
from coco_recipe_pictures.backend import Effects

LARGE_DEGREES = 15  # a box four times as long as high grows to twice its area
MOST_BYTES, SAME_PX = 200, 1  # of a rectangle's text; of its corners beside the box's
TILTED = Kind(
    "boxes_turned",
    "warning",
    "transforms are turning pictures by large angles, and boxes have no outline to turn with them",
    "smaller angles, D4 or RandomRotate90; or label outlines (segmentation)",
)
ERODED = Kind(
    "boxes_eroded",
    "warning",
    "transforms are allowed to cut boxes, which they would keep whole",
    "erosion_rate: 0 keeps each box whole; accept: {min_visibility: ...} says how much must stay",
)


def boxes_turned(experiment: Experiment) -> Iterator[Finding]:
    """Find pipelines that turn boxes without an outline by large angles.

    Of a turned box only its corners are known, so the new box is the one around them: at 45° a
    square has twice the area, and a long box more, most of it background. A detector learns loose
    boxes. Looked at are the angles of the transforms, from 15° on, and whether most rows that come
    to them have no segmentation, or one that is but their box (``add_segmentation: box``).

    Triggers: ``Rotate: {limit: 45}`` on rows with boxes alone; ``Rotate: {}``, which turns by up to
    90°.

    Doesn't: ``Rotate: {limit: 10}``, ``RandomRotate90``; rows with outlines.
    """
    for step, effects in _pipelines(experiment):
        tilts = [(name, angle) for name, angle in effects.tilts if angle >= LARGE_DEGREES]
        refs = step.inputs.get("dataset", ()) if tilts else ()
        rows = [
            row
            for ref in refs
            for dataset in experiment.rows_behind(ref) or ()
            for row in dataset.annotations
        ]
        alone = sum(map(_has_no_outline, rows))
        if rows and alone > len(rows) / 2:
            told = f"{alone} of {counted(len(rows), 'box')} have no outline"
            found = [Row(name, f"up to {angle:g} degrees; {told}") for name, angle in tilts]
            yield Finding.of(TILTED, step.id, found)


def _has_no_outline(row: Annotation) -> bool:
    """Report whether a row has a box, and no outline but that."""
    if row.bbox is UNSET:
        return False
    if row.segmentation is UNSET:
        return True
    if len(bytes(row.segmentation)) > MOST_BYTES:
        return False
    outline = msgspec.json.decode(row.segmentation)
    if not outline:
        return True
    if not isinstance(outline, list) or len(outline) != 1 or not isinstance(outline[0], list):
        return False
    x, y, width, height = row.bbox
    places = set(zip(outline[0][::2], outline[0][1::2], strict=False))
    corners = [(x + i * width, y + j * height) for i in (0, 1) for j in (0, 1)]
    return len(places) == 4 and all(
        any(abs(x - px) < SAME_PX and abs(y - py) < SAME_PX for px, py in places)
        for x, y in corners
    )


def boxes_eroded(experiment: Experiment) -> Iterator[Finding]:
    """Find crops that are safe for boxes, and are told not to be.

    ``RandomSizedBBoxSafeCrop`` keeps all boxes whole with ``erosion_rate: 0``. Above 0 it may cut
    off that share of the area around them, so that boxes end at the picture's edge and small ones
    fall out.

    Triggers: ``RandomSizedBBoxSafeCrop: {height: 492, width: 658, erosion_rate: 0.2}``.

    Doesn't: the same without ``erosion_rate``.
    """
    for step, effects in _pipelines(experiment):
        if effects.erodes:
            rows = [Row(name, f"{share:g}") for name, share in effects.erodes]
            yield Finding.of(ERODED, step.id, rows)


def _pipelines(experiment: Experiment) -> Iterator[tuple[StepInExperiment, Effects]]:
    """Yield each step with a pipeline, and what that may do."""
    for step in experiment.steps:
        read = step.bound.get("pipeline")
        if isinstance(read, pipelines.Read) and read.pipeline:
            yield step, read.pipeline.effects


RULES = (Rule(TILTED, boxes_turned), Rule(ERODED, boxes_eroded, "recipe"))
