"""``coco-recipe report``: a page of a run, in one file."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def coco_recipe_commands() -> "Iterator[click.Command]":
    """Yield ``coco-recipe report``."""
    from coco_recipe_report import command

    yield command.report
