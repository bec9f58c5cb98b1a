"""The command ``coco-recipe report``."""

from importlib.util import find_spec
from pathlib import Path

import click

from coco_recipe import RunError, moved_option, plugin_option
from coco_recipe_report import NEEDED


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    required=True,
    metavar="RUN...",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option(
    "-o",
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write (default: report.html in the run directory).",
)
@moved_option
@plugin_option
def report(
    runs: tuple[Path, ...],
    target: Path | None,
    moved_to: Path | None,
    plugin_files: tuple[Path, ...],
) -> None:
    """Write a page of a finished run: what came in, what became of it, what it left."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise RunError(f"a page needs {', '.join(missing)}: pip install 'coco-recipe[augment]'")
    from coco_recipe import run_facts
    from coco_recipe_report import page, reporter

    if target and len(runs) > 1:
        raise click.UsageError("--to names one file; give one run")
    for run in runs:
        facts = run_facts(run, plugin_files, moved_to)
        file = target or run / page.NAME
        if not reporter.is_current(file, facts):
            page.write(reporter.with_hashes(facts), reporter.collected(facts), file)
        click.echo(str(file))
