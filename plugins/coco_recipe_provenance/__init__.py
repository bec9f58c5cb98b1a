"""``coco-recipe provenance``: a run's record as RO-Crate, PROV-JSON or Croissant."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def coco_recipe_commands() -> "Iterator[click.Command]":
    """Yield ``coco-recipe provenance``."""
    from coco_recipe_provenance import command

    yield command.provenance
