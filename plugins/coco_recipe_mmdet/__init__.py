"""Steps that need mmdet, which runs in a process of its own; ``adapt_head`` only where it must."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import hookimpl

if TYPE_CHECKING:
    from coco_recipe import Kind, Rule, Step


@hookimpl
def coco_recipe_steps() -> "Iterator[Step]":
    """Yield the steps."""
    from coco_recipe_mmdet import (
        adapt_head,
        evaluate,
        export_model,
        greedy_soup,
        init_weights,
        predict,
        recompute_batch_norm,
        train,
    )

    for module in (
        train,
        evaluate,
        predict,
        greedy_soup,
        recompute_batch_norm,
        init_weights,
        adapt_head,
        export_model,
    ):
        yield module.STEP


@hookimpl
def coco_recipe_findings() -> "Iterator[Kind]":
    """Yield the kinds of findings that steps with a detector make."""
    from coco_recipe_mmdet import kinds

    yield kinds.ROWS_MISSED


@hookimpl
def coco_recipe_rules() -> "Iterator[Rule]":
    """Yield the rules of lint about trainings."""
    from coco_recipe_mmdet import rules

    yield from rules.RULES
