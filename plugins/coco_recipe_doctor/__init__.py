"""The command ``coco-recipe doctor``: what a machine has, and what it lacks for every step."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from coco_recipe import hookimpl

if TYPE_CHECKING:
    import click

Goal = Literal["augment", "train", "gpu"]
GOALS: tuple[Goal, ...] = ("augment", "train", "gpu")


@hookimpl
def coco_recipe_commands() -> "Iterator[click.Command]":
    """Yield ``coco-recipe doctor``."""
    from coco_recipe_doctor import doctor

    yield doctor.command
