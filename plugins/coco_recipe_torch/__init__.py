"""Steps on weights: average_weights, adapt_head; and the one place where checkpoints are read."""

from collections.abc import Iterator

from coco_recipe import Step, hookimpl
from coco_recipe_torch import adapt_head, average_weights


@hookimpl
def coco_recipe_steps() -> Iterator[Step]:
    """Yield the steps."""
    yield adapt_head.STEP
    yield average_weights.STEP
