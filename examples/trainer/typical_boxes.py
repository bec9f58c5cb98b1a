"""Step ``train_typical_boxes``: a "detector" that learns the median box of each class."""

import json
from collections.abc import Iterator, Mapping
from statistics import median

from coco_recipe import Checkpoint, Dataset, Port, Schema, Step, StepContext, hookimpl, sha256


def train_typical_boxes(
    ctx: StepContext, *, dataset: Dataset, epochs: int
) -> Mapping[str, Checkpoint]:
    """Learn the median box of each class; what takes long is better done by ``coco_recipe_jobs``.

    Args:
        ctx: the step's context.
        dataset: the data that is learnt; its rows don't go on.
        epochs: how often all boxes are looked at.

    Returns:
        ``last``: a JSON file with x, y, width and height in pixels by class name.
    """
    names = dataset.category_names()
    boxes = [(names[int(row.category_id)], row.bbox) for row in dataset.annotations]
    learnt = {
        name: [median(box[n] for label, box in boxes if label == name) for n in range(4)]
        for name in dict.fromkeys(label for label, _ in boxes)
    }
    for epoch in range(1, epochs + 1):
        ctx.progress(epoch, epochs, f"epoch {epoch}", figures={"loss": 1 - epoch / epochs})
    path = ctx.workdir / "typical_boxes.json"
    path.write_text(json.dumps(learnt, ensure_ascii=False, sort_keys=True), "utf-8")
    return {"last": Checkpoint(path, tuple(learnt), sha256(path), f"epoch_{epochs}")}


EPOCHS: Schema = {"type": "integer", "minimum": 1, "default": 3, "examples": [12]}
EPOCHS["description"] = "How often all boxes are looked at."
STEP = Step(
    name="train_typical_boxes",
    run=train_typical_boxes,
    inputs={"dataset": Port(Dataset, reads_only=True)},
    outputs={"last": Checkpoint},
    params={"type": "object", "additionalProperties": False, "properties": {"epochs": EPOCHS}},
    writes=True,
)


@hookimpl
def coco_recipe_steps() -> Iterator[Step]:
    """Offer the step."""
    yield STEP
