"""Options that several commands have, and what is remembered of them for a command that fails."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click


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
OUT = click.option(
    "--out", type=click.Path(path_type=Path), help="Run directory (default: runs/<recipe name>)."
)
