"""The command ``coco-recipe report``."""

from pathlib import Path

import click

from coco_recipe import plugin_option


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    required=True,
    metavar="RUN...",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write (default: report.html in the run directory).",
)
@plugin_option
def report(runs: tuple[Path, ...], target: Path | None, plugin_files: tuple[Path, ...]) -> None:
    """Write a page of a finished run: what came in, what became of it, what it left."""
    from coco_recipe_report import page

    if target and len(runs) > 1:
        raise click.UsageError("--to names one file; give one run")
    for run in runs:
        click.echo(str(page.write(run, target or run / page.NAME, plugin_files)))
