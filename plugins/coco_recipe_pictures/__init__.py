"""Steps that open pictures, checks of pictures and masks, and the demo data set."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import Check, Kind, Step, hookimpl
from coco_recipe_pictures.augment import refusals, step

if TYPE_CHECKING:
    import click


@hookimpl
def coco_recipe_steps() -> Iterator[Step]:
    """Yield the steps that open images."""
    yield step.STEP


@hookimpl
def coco_recipe_findings() -> Iterator[Kind]:
    """Yield the kinds of findings that augment makes."""
    yield from (refusals.DIRECTION, refusals.TURNED)


@hookimpl
def coco_recipe_checks() -> Iterator[Check]:
    """Yield the checks of pictures and masks; what they need is imported when they run."""
    from coco_recipe_pictures.checks import offered_checks

    yield from offered_checks.CHECKS


@hookimpl
def coco_recipe_commands() -> "Iterator[click.Command]":
    """Yield ``coco-recipe demo``."""
    from coco_recipe_pictures import commands

    yield commands.demo
