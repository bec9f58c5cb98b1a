"""Options that several commands have, what is remembered of them, and the plan they ask for."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from coco_recipe.planning.plan import Plan


@dataclass
class Shown:
    """How problems are printed, once click has read the options."""

    form: str = "text"
    traceback: bool = False


def _remember(context: click.Context, option: click.Parameter, value: Any) -> Any:
    setattr(context.find_object(Shown), str(option.name), value)
    return value


FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    is_eager=True,
    callback=_remember,
    help="How problems and results are printed.",
)
# of commands whose problems are told as text alone
TEXT_OR_JSON = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
TRACEBACK = click.option(
    "--traceback",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_remember,
    help="Print the traceback of what fails, too.",
)
SET = click.option(
    "--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Override a value of the recipe."
)
PLUGIN = click.option(
    "--plugin",
    "plugin_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Load a plugin file, too.",
)
MOVED = click.option(
    "--recipe",
    "moved_to",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Where the recipe is now, if it has moved without the run directory.",
)
MATRIX = click.option(
    "--matrix", is_flag=True, help="Take every cell of the recipe's matrix (docs/matrix.md)."
)
OUT = click.option(
    "--out", type=click.Path(path_type=Path), help="Run directory (default: runs/<recipe name>)."
)


def plan_of(
    recipe: Path,
    overrides: Sequence[str],
    plugin_files: Sequence[Path],
    out: Path | None = None,
) -> "Plan":
    """Return the plan of a recipe, in a process that is as its steps need it.

    Args:
        recipe: its file.
        overrides: values of --set.
        plugin_files: plugin files to load.
        out: the run directory; None for ``runs/<recipe name>``.

    Raises:
        RecipeError: with every problem.
        PluginError: a plugin file is broken.
    """
    from coco_recipe.running import stages

    planned = stages.prepare(recipe, overrides, plugin_files, out=out)
    set_environment(planned)
    return planned


def set_environment(planned: "Plan") -> None:
    """Set the variables that steps need before they are imported, where the user hasn't."""
    for name, value in planned.environment().items():
        os.environ.setdefault(name, value)
