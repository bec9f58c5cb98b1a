"""The page of a run: made by every run, and by ``coco-recipe report``."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coco_recipe import hookimpl

if TYPE_CHECKING:
    import click

NEEDED = ("jinja2", "numpy", "cv2")  # they come with coco-recipe[augment]


@hookimpl
def coco_recipe_commands() -> "Iterator[click.Command]":
    """Yield ``coco-recipe report``."""
    from coco_recipe_report import command

    yield command.report


@hookimpl
def coco_recipe_reporters() -> Iterator[Callable[[Path], Any]]:
    """Yield what writes ``report.html`` at the end of a run, where its libraries are installed."""
    from coco_recipe import is_installed

    if all(map(is_installed, NEEDED)):
        yield page_of_run


def page_of_run(folder: Path) -> Any:
    """Return the reporter of a run; what it needs is imported then."""
    from coco_recipe_report.reporter import PageOfRun

    return PageOfRun(folder)
