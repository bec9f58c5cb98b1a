"""Albumentations: its pipelines, what its transforms do to places, and commands for its files."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import hookimpl

if TYPE_CHECKING:
    import click

    from coco_recipe import Backend


@hookimpl
def coco_recipe_backends() -> "Iterator[Backend]":
    """Yield the library, for augment."""
    from coco_recipe_albumentations.backend import Albumentations

    yield Albumentations()


@hookimpl
def coco_recipe_commands() -> "Iterator[click.Command]":
    """Yield ``coco-recipe pipeline``."""
    from coco_recipe_albumentations.pipeline import commands

    yield commands.pipeline
