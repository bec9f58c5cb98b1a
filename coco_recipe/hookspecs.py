"""The hooks that a plugin implements, and the markers for them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from coco_recipe.crops import DrawCrop
    from coco_recipe.dataset import Dataset
    from coco_recipe.events import Observer
    from coco_recipe.findings import Check, Kind
    from coco_recipe.linting.rule import Rule
    from coco_recipe.observing.reporters import Reporter
    from coco_recipe.observing.trackers import Tracker
    from coco_recipe.steps import Backend, Step
    from coco_recipe.values.kind import ValueKind

PROJECT = "coco_recipe"
GROUP = "coco_recipe"  # of the entry points of plugins
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def coco_recipe_steps() -> "Iterator[Step]":  # type: ignore[empty-body]
    """Yield the plugin's steps."""


@hookspec
def coco_recipe_values() -> "Iterator[ValueKind[Any]]":  # type: ignore[empty-body]
    """Yield the kinds of values that the plugin's steps, or those of others, read and write."""


@hookspec
def coco_recipe_findings() -> "Iterator[Kind]":  # type: ignore[empty-body]
    """Yield the kinds of findings that the plugin's steps make."""


@hookspec
def coco_recipe_checks() -> "Iterator[Check]":  # type: ignore[empty-body]
    """Yield checks of pictures and masks; their kinds are offered with them."""


@hookspec
def coco_recipe_rules() -> "Iterator[Rule]":  # type: ignore[empty-body]
    """Yield rules of ``coco-recipe lint``; their kinds are offered with them."""


@hookspec
def coco_recipe_backends() -> "Iterator[Backend]":  # type: ignore[empty-body]
    """Yield what steps of other plugins can work with, as a library of transforms for augment."""


@hookspec
def coco_recipe_commands() -> "Iterator[click.Command]":  # type: ignore[empty-body]
    """Yield commands that the plugin adds to the command line."""


@hookspec
def coco_recipe_observers() -> "Iterator[Observer]":  # type: ignore[empty-body]
    """Yield callables that are given each event of a run (`coco_recipe.events`).

    They are asked for anew for each recipe that is run.
    """


@hookspec
def coco_recipe_sheets() -> "Iterator[Callable[[Dataset, int], bytes]]":  # type: ignore[empty-body]
    """Yield what draws so many images of a data set as a JPEG, for a notebook."""


@hookspec
def coco_recipe_crops() -> "Iterator[DrawCrop]":  # type: ignore[empty-body]
    """Yield what draws an image of a data set, or what is around an annotation, as a PNG."""


@hookspec
def coco_recipe_reporters() -> "Iterator[Callable[[Path], Reporter]]":  # type: ignore[empty-body]
    """Yield what makes a reporter, given the run directory; each run has reporters of its own."""


@hookspec
def coco_recipe_trackers() -> "Iterator[Tracker]":  # type: ignore[empty-body]
    """Yield observers that are used only where a run asks for them by name (``--observe``)."""
