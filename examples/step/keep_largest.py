"""Step ``keep_largest``: keep the largest boxes of each image."""

from collections.abc import Iterator, Mapping

from coco_recipe import Annotation, Dataset, Port, Schema, Step, StepContext, hookimpl


def keep_largest(ctx: StepContext, *, dataset: Dataset, most: int) -> Mapping[str, Dataset]:
    """Keep the largest boxes of each image; the others are in the ledger with their rank.

    Args:
        ctx: the step's context.
        dataset: the rows.
        most: how many annotations an image may have.

    Returns:
        ``dataset``: the same images with no more than ``most`` annotations each, in their order.
    """
    kept = set()
    for rows in dataset.annotations_of().values():
        ranked = sorted(rows, key=_area, reverse=True)
        kept.update(map(id, ranked[:most]))
        for rank, row in enumerate(ranked[most:], most + 1):
            ctx.drop(row, f"not among the {most} largest of its image", rank=rank)
    left = tuple(row for row in dataset.annotations if id(row) in kept)
    return {"dataset": dataset.replace(annotations=left)}


def _area(row: Annotation) -> float:
    return row.bbox[2] * row.bbox[3] if isinstance(row.bbox, tuple) else 0.0


PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["most"],
    "properties": {
        "most": {
            "type": "integer",
            "minimum": 1,
            "description": "How many annotations an image may have.",
            "examples": [3],
        },
    },
}
STEP = Step(
    name="keep_largest",
    run=keep_largest,
    inputs={"dataset": Port(Dataset)},
    outputs={"dataset": Dataset},
    params=PARAMS,
    foresee=lambda params, facts: {"dataset": facts["dataset"]},
)


@hookimpl
def coco_recipe_steps() -> Iterator[Step]:
    """Offer the step."""
    yield STEP
