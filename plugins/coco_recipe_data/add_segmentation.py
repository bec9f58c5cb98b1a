"""Step ``add_segmentation``: give boxes a rectangle as segmentation.

The mask pipelines of mmdetection want one.
"""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, Raw
from msgspec.structs import replace

from coco_recipe import (
    Annotation,
    Dataset,
    Port,
    Schema,
    Step,
    StepContext,
    has_area,
    tidy,
    turned_box,
)
from coco_recipe_data import plans


def add_segmentation(
    ctx: StepContext, *, dataset: Dataset, replace_existing: bool
) -> Mapping[str, Dataset]:
    """Add each box's rectangle as a polygon, where there is no segmentation.

    A segmentation that is null, empty or of no area counts as none.

    The vertices go clockwise on the screen from the top-left corner: ``[x,y, x+w,y, x+w,y+h,
    x,y+h]``. A box that CVAT has turned (``attributes.rotation``) gives the turned rectangle.
    Annotations without a box stay as they are.

    Args:
        ctx: the step's context.
        dataset: rows whose boxes are in pixels.
        replace_existing: whether rectangles replace the segmentations that are there.

    Returns:
        ``dataset``: the same images and annotations, with segmentations.
    """
    rows = tuple(
        _with_rectangle(row) if replace_existing or not _has_one(row) else row
        for row in dataset.annotations
    )
    ctx.note(
        "segmentations_added",
        sum(new is not old for new, old in zip(rows, dataset.annotations, strict=True)),
    )
    return {"dataset": dataset.replace(annotations=rows)}


PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "replace_existing": {
            "type": "boolean",
            "default": False,
            "examples": [True],
            "description": "Replace segmentations that are there, too.",
        }
    },
}


def _has_one(row: Annotation) -> bool:
    """Say whether there is a segmentation that covers anything.

    Polygons of no area are as good as absent.
    """
    if row.segmentation is UNSET or bytes(row.segmentation).strip() in (b"[]", b"null", b"{}"):
        return False
    found = msgspec.json.decode(row.segmentation)
    is_list = isinstance(found, list) and all(isinstance(polygon, list) for polygon in found)
    return not is_list or has_area(found)


def _with_rectangle(row: Annotation) -> Annotation:
    if not isinstance(row.bbox, tuple):
        return row
    if turned := turned_box(row):
        polygon = [tidy(side) for corner in turned.corners() for side in corner]
        return replace(row, segmentation=Raw(msgspec.json.encode([polygon])))
    x, y, w, h = row.bbox
    right, bottom = tidy(x + w), tidy(y + h)
    return replace(
        row, segmentation=Raw(msgspec.json.encode([[x, y, right, y, right, bottom, x, bottom]]))
    )


STEP = Step(
    name="add_segmentation",
    run=add_segmentation,
    inputs={"dataset": Port(Dataset)},
    outputs={"dataset": Dataset},
    params=PARAMS,
    forecast=plans.same_rows,
    tell=plans.tell_add_segmentation,
    apart=("coco_recipe_data.plans",),
    foresee=lambda params, facts: {"dataset": facts["dataset"]},
)
