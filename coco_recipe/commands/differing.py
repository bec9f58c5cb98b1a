"""diff: what differs between two runs, recipes or data sets."""

from pathlib import Path

import click
import msgspec

from coco_recipe.commands import options


@click.command()
@click.argument("a")
@click.argument("b")
@options.TEXT_OR_JSON
@click.option("--exit-code", is_flag=True, help="Exit with 1 where anything differs.")
@click.option(
    "-n",
    "most",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="How many rows of each kind of change to name.",
)
@options.PLUGIN
def diff(
    a: str, b: str, form: str, exit_code: bool, most: int, plugin_files: tuple[Path, ...]
) -> None:
    """Tell what differs between two runs, two recipes or two data sets.

    A and B are two of FILE.json, RECIPE.yaml or RUN, or data sets of these: RECIPE.yaml:NAME[.PORT]
    and RUN:NAME[.PORT]. Pictures are known by their names and boxes by their places, whatever
    their ids.
    """
    from coco_recipe.asking import diff as asking
    from coco_recipe.asking import diff_text
    from coco_recipe.asking.quick_rows import collector_off

    with collector_off():
        found = asking.diff(a, b, plugin_files, most)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        click.echo(diff_text.text(found))
    if exit_code and found.differs:
        raise click.exceptions.Exit(1)
