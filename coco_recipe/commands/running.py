"""run and plan: make a recipe, or show what would be made."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from coco_recipe import system_errors
from coco_recipe.commands import completing, matrices, options, reports
from coco_recipe.commands.surroundings import plugins_print_apart
from coco_recipe.errors import FindingsError
from coco_recipe.terminal import safe

if TYPE_CHECKING:
    from coco_recipe.findings import Finding

UNGUARDED = (
    "note: --jobs 0 works in this process, which can't be guarded from an item that crashes, hangs "
    "(--item-timeout) or takes all memory"
)
EXPLAINED = 80  # cells of a line
QUICK_SECONDS = 2.0  # a step that is done sooner shows no lines of progress


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@options.OUT
@options.SET
@options.MATRIX
@click.option(
    "--jobs",
    type=click.IntRange(0),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="all cores",
    help="Worker processes; the result is the same with any number. 0 works in this process, "
    "for debuggers.",
)
@click.option(
    "--engine",
    default="local",
    metavar="NAME",
    show_default=True,
    help="Where the work runs: local, local:spawn, dask (a cluster on this machine), or dask://HOST:PORT.",
)
@click.option(
    "--item-timeout",
    type=click.FloatRange(0),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="How long a worker may be at work on one item, as a picture, before it is replaced; "
    "0 for any time.",
)
@click.option(
    "--from",
    "from_step",
    default="",
    metavar="STEP",
    shell_complete=completing.of_recipe,
    help="Run this step and all below again.",
)
@click.option("--force", is_flag=True, help="Run every step again.")
@click.option(
    "--republish",
    is_flag=True,
    help="Move published files that somebody changed to <name>.changed, and put ours back.",
)
@click.option(
    "--accept-versions",
    "accept_versions",
    multiple=True,
    shell_complete=completing.of_recipe,
    metavar="STEP",
    help="Keep this step's result, and those above it, if only versions of libraries are others.",
)
@click.option("--strict", is_flag=True, help="Stop at warnings, too.")
@click.option(
    "--rehash", is_flag=True, help="Read every file, also those that the system says are untouched."
)
@click.option(
    "--wait", is_flag=True, help="Wait for another run that is at work in the run directory."
)
@click.option(
    "--report/--no-report",
    default=True,
    show_default=True,
    envvar="COCO_RECIPE_REPORT",
    show_envvar=True,
    help="Write the page of the run, report.html, when it is done.",
)
@click.option(
    "--keep",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    metavar="N",
    help="How many results of a step stay in the cache (docs/cache.md); 0 adds none.",
)
@click.option(
    "--observe",
    multiple=True,
    metavar="NAME[=WHERE]",
    help="Tell a tracker of the run, too: mlflow (WHERE is its tracking URI), tensorboard (its "
    "folder), or what a plugin offers.",
)
@options.PLUGIN
@options.FORMAT
@options.TRACEBACK
@click.option("-q", "--quiet", is_flag=True, help="Print problems only.")
def run(
    recipe: Path,
    out: Path | None,
    overrides: tuple[str, ...],
    matrix: bool,
    jobs: int,
    engine: str,
    item_timeout: float,
    from_step: str,
    force: bool,
    accept_versions: tuple[str, ...],
    strict: bool,
    republish: bool,
    rehash: bool,
    wait: bool,
    report: bool,
    keep: int,
    observe: tuple[str, ...],
    plugin_files: tuple[Path, ...],
    form: str,
    quiet: bool,
) -> None:
    """Run a recipe: reuse what is unchanged, make the rest."""
    from coco_recipe.observing import trackers
    from coco_recipe.observing.progress import Display
    from coco_recipe.running import stages

    how: dict[str, Any] = {
        "jobs": jobs,
        "engine": engine,
        "item_timeout": item_timeout,
        "force": force,
        "from_step": from_step,
        "strict": strict,
        "republish": republish,
        "accept_versions": accept_versions,
        "rehash": rehash,
        "wait": wait,
        "report": report,
        "keep": keep,
    }
    if jobs == 0 and engine.startswith("local"):
        reports.say(UNGUARDED, quiet=quiet)
    if matrix:
        cells = matrices.planned(recipe, overrides, plugin_files, out)
        matrices.run(cells, form, quiet=quiet, observe=observe, **how)
        return
    with plugins_print_apart():
        planned = options.plan_of(recipe, overrides, plugin_files, out)
    if planned.recipe.source.matrix:
        reports.say("note: the recipe has a matrix, which --matrix runs", quiet=quiet)
    tracked = trackers.asked_for(observe, planned.trackers)
    display = Display(quiet=quiet, tenths=True, quick_seconds=QUICK_SECONDS)
    with plugins_print_apart(), display:
        result = stages.run(planned, out=out, observers=[display, *tracked], **how)
    reports.say(display.ended(result.folder), quiet=quiet)
    if form == "json":
        told = {"folder": str(result.folder), "ran": result.ran, "reused": result.reused}
        click.echo(msgspec.json.encode(told).decode())
    elif not result.ran:
        several = len(result.reused) > 1
        steps = f"all {len(result.reused)} steps are" if several else "the step is"
        reports.say(f"nothing to do: {steps} unchanged", quiet=quiet)
    if form != "json":
        click.echo(str(result.folder))


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@options.OUT
@options.SET
@options.MATRIX
@click.option("--classes", is_flag=True, help="Show the boxes of each class, too.")
@click.option(
    "--graph",
    type=click.Choice(["mermaid", "svg"]),
    help="Print a picture of the steps instead, as Mermaid's text or as SVG.",
)
@options.PLUGIN
@options.FORMAT
@options.TRACEBACK
def plan(
    recipe: Path,
    out: Path | None,
    overrides: tuple[str, ...],
    matrix: bool,
    classes: bool,
    graph: str | None,
    plugin_files: tuple[Path, ...],
    form: str,
) -> None:
    """Show what each step would do, why, and with what result, before anything runs.

    For each input and step: images, boxes and negatives (images without a box) with what changes,
    classes gained and lost, files and bytes to write, and the time that it took last. What can't be
    counted before the run is told in bounds (5..12, ≤12), or as ?.
    """
    from coco_recipe.asking import plan_graph, plan_rows, plan_text, planned_rows
    from coco_recipe.running import refusal, run_folder
    from coco_recipe.running.session import Session

    if matrix:
        matrices.plan(matrices.planned(recipe, overrides, plugin_files, out), form, classes=classes)
        return
    with plugins_print_apart():
        planned = options.plan_of(recipe, overrides, plugin_files, out)
        refusal.check(planned, out or run_folder.default(planned))
        session = Session.open(planned, out)
    _show_findings(session.inputs.findings)
    with plugins_print_apart():
        found = planned_rows.planned(session)
    _show_findings(found.findings)
    rows = [*found.inputs, *found.steps]
    if graph:
        click.echo(plan_graph.mermaid(rows) if graph == "mermaid" else plan_graph.svg(rows))
        return
    if form == "json":
        told = [plan_rows.as_json(row, **found.recorded(row.name)) for row in found.steps]
        click.echo(msgspec.json.encode(told).decode())
        return
    click.echo(plan_text.text(rows, classes=classes))
    if found.needs and (free := system_errors.free(session.folder)) is not None:
        total = system_errors.size(sum(found.needs.values()))
        is_open = any(row.runs and row.files and row.bytes is None for row in found.steps)
        about = "at least about" if is_open else "about"
        click.echo(f"to write: {about} {total}; free: {system_errors.size(free)}")


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@options.SET
@options.PLUGIN
@options.FORMAT
@options.TRACEBACK
def explain(
    recipe: Path, overrides: tuple[str, ...], plugin_files: tuple[Path, ...], form: str
) -> None:
    """Say in sentences what a recipe does; no input is read."""
    from coco_recipe.asking import explaining
    from coco_recipe.observing import table

    with plugins_print_apart():
        planned = options.plan_of(recipe, overrides, plugin_files)
        told = list(explaining.sentences(planned))
    if form == "json":
        click.echo(msgspec.json.encode(told).decode())
        return
    for sentence in told:
        later = " " * (len(sentence) - len(sentence.lstrip("0123456789. ")))
        click.echo("\n".join(table.wrapped(safe(sentence), EXPLAINED, later=later)))


def _show_findings(findings: Sequence["Finding"]) -> None:
    """Print findings.

    Raises:
        FindingsError: some are errors; with these.
    """
    for finding in findings:
        click.echo(f"{finding.severity}: {finding}", err=True)
    if errors := [finding for finding in findings if finding.severity == "error"]:
        raise FindingsError(errors)
