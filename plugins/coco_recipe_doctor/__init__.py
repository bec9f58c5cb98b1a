"""The command ``coco-recipe doctor``: what a machine has, and what it lacks for every step."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def coco_recipe_commands() -> "Iterator[click.Command]":
    """Yield ``coco-recipe doctor``."""
    from coco_recipe_doctor import doctor

    yield doctor.command
