"""Steps that need torch: what happens to checkpoints without a model or pictures."""

from collections.abc import Iterator

from coco_recipe import Step, hookimpl
from coco_recipe_torch import average_weights


@hookimpl
def coco_recipe_steps() -> Iterator[Step]:
    """Yield the steps."""
    yield average_weights.STEP
