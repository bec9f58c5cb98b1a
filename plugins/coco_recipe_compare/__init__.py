"""``coco-recipe compare``: metrics of several runs, with intervals for what differs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def coco_recipe_commands() -> "Iterator[click.Command]":
    """Yield ``coco-recipe compare``."""
    from coco_recipe_compare import command

    yield command.compare
