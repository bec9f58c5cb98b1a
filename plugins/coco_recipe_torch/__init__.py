"""Steps that need torch: what happens to checkpoints without a model or pictures."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import hookimpl

if TYPE_CHECKING:
    from coco_recipe import Step


@hookimpl
def coco_recipe_steps() -> "Iterator[Step]":
    """Yield the steps."""
    from coco_recipe_torch import average_weights

    yield average_weights.STEP
