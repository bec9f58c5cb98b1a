"""run and plan with --matrix: every cell of a recipe's matrix, and what became of each."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from coco_recipe.commands import reports
from coco_recipe.commands.options import Shown
from coco_recipe.commands.surroundings import plugins_print_apart
from coco_recipe.errors import CocoRecipeError, counted

if TYPE_CHECKING:
    from coco_recipe.manifest import Manifest
    from coco_recipe.running.cells import Done, PlannedCell

METRICS = "metrics"  # the kind of values that `compare` compares
BEST_BY = "mAP"


def planned(
    recipe: Path, overrides: Sequence[str], plugin_files: Sequence[Path], out: Path | None
) -> "tuple[PlannedCell, ...]":
    """Return the cells of a recipe, planned in a process that is as their steps need it."""
    from coco_recipe.commands import options
    from coco_recipe.running import cells

    with plugins_print_apart():
        found = cells.planned(recipe, overrides, plugin_files, out=out)
        for cell in found:
            options.set_environment(cell.plan)
    return found


def run(
    found: "Sequence[PlannedCell]",
    form: str,
    *,
    quiet: bool,
    observe: Sequence[str] = (),
    **how: Any,
) -> None:
    """Run cells, tell of each, compare them at the end.

    Args:
        found: the cells.
        form: text, json or github.
        quiet: print problems only.
        observe: trackers that are told of each cell, by name.
        how: options of `stages.run`.

    Raises:
        click.exceptions.Exit: with 1, if a cell failed.
    """
    from coco_recipe.observing import trackers
    from coco_recipe.observing.progress import Display
    from coco_recipe.running import cells

    shown = click.get_current_context().find_object(Shown) or Shown()
    done: list[Done] = []

    def begin(cell: "PlannedCell") -> None:
        reports.say(f"cell {len(done) + 1} of {len(found)}: {cell.name}", quiet=quiet)

    display = Display(quiet=quiet, tenths=True, quick_seconds=2.0)
    tracked = trackers.asked_for(observe, found[0].plan.trackers)
    with plugins_print_apart(), display:
        for one in cells.run(found, begin, observers=[display, *tracked], **how):
            done.append(one)
            if one.error:
                reports.report(one.error, Shown("text", shown.traceback))
    failed = sum(one.error is not None for one in done)
    if form == "json":
        click.echo(msgspec.json.encode({"cells": list(map(_told, done))}).decode())
    else:
        click.echo("\n".join(_table(done)))
        if failed:
            click.echo(f"{counted(failed, 'cell')} of {len(done)} failed", err=True)
        _compare([one for one in done if one.result])
    if failed:
        raise click.exceptions.Exit(1)


def plan(found: "Sequence[PlannedCell]", form: str, *, classes: bool = False) -> None:
    """Show what the steps of each cell would do; one that several need is made by the first.

    Args:
        found: the cells.
        form: text, json or github.
        classes: show the boxes of each class, too.
    """
    from coco_recipe.asking import plan_rows, plan_text, planned_rows
    from coco_recipe.running import refusal
    from coco_recipe.running.session import Session

    made: dict[str, str] = {}
    told: set[str] = set()
    rows: list[dict[str, Any]] = []
    for cell in found:
        with plugins_print_apart():
            refusal.check(cell.plan, cell.folder)
            session = Session.open(cell.plan, cell.folder)
            planned = planned_rows.planned(session, shares=True)
        for finding in (*session.inputs.findings, *planned.findings):
            if (text := f"{finding.severity}: {finding}") not in told:  # most are of all cells
                click.echo(text, err=True)
                told.add(text)
        steps, shown = [], [] if rows else list(planned.inputs)
        for task, row in zip(planned.due, planned.steps, strict=True):
            first = made.setdefault(task.key, cell.name) if task.reason else ""
            runs = bool(task.reason) and first == cell.name
            why = task.reason if runs else f"made by {first}" if first else "unchanged"
            row = replace(row, runs=runs, why=why)
            steps.append(plan_rows.as_json(row, **planned.recorded(row.name) | {"why": why}))
            shown += [row] if runs else []
        rows.append({"cell": cell.name, "folder": str(cell.folder), "steps": steps})
        if form != "json" and shown:
            click.echo(f"{cell.name}, in {cell.folder}")
            click.echo(plan_text.text(shown, classes=classes, total=False) + "\n")
    if form == "json":
        click.echo(msgspec.json.encode(rows).decode())
        return
    table = [["cell", "to make", "there", "shared"]]
    for told_of in rows:
        of = told_of["steps"]
        to_make = sum(step["runs"] for step in of)
        there = sum(step["why"] == "unchanged" for step in of)
        table.append([told_of["cell"], str(to_make), str(there), str(len(of) - to_make - there)])
    click.echo("\n".join(_columns(table)))
    total = sum(step["runs"] for told_of in rows for step in told_of["steps"])
    click.echo(f"{counted(len(rows), 'cell')}, {counted(total, 'step')} to make")


def _told(done: "Done") -> dict[str, Any]:
    """Return what became of a cell, for programs."""
    result, error = done.result, done.error
    return {
        "cell": done.cell.name,
        "folder": str(done.cell.folder),
        "outcome": "failed" if error else "done",
        "ran": result.ran if result else (),
        "reused": result.reused if result else (),
        "error": str(error) if error else "",
    }


def _table(done: "Sequence[Done]") -> Iterable[str]:
    """Return a line for each cell: what became of it, and what its last step left."""
    rows = [["cell", "", "made", "there", "result", "folder"]]
    for one in done:
        result = one.result
        rows.append(
            [
                one.cell.name,
                "done" if result else "failed",
                str(len(result.ran)) if result else "",
                str(len(result.reused)) if result else "",
                _left(one.cell.folder) if result else _short(one.error),
                str(one.cell.folder),
            ]
        )
    return _columns(rows)


def _left(folder: Path) -> str:
    """Say what the last step of a run left that has metrics or rows: the best mAP, or counts."""
    from coco_recipe import manifest as manifests
    from coco_recipe.running.store import MANIFEST, STEPS

    log = manifests.read_log(folder)
    steps = [record for record in log[1] if isinstance(record, manifests.StepRecord)] if log else []
    for record in reversed(steps):
        manifest = manifests.read(folder / STEPS / record.step / MANIFEST)
        if manifest and (figures := _figures(manifest)):
            best = max(figures, key=lambda figure: (figure[0] == BEST_BY, figure[1]))
            return f"{best[0]} {best[1]:.4g}"
        rows = [one for _, one in manifests.data_sets(record.counts.out)]
        if rows:
            images = sum(one.images or 0 for one in rows)
            boxes = sum(one.annotations or 0 for one in rows)
            return f"{counted(images, 'image')}, {counted(boxes, 'box')}"
    return ""


def _figures(manifest: "Manifest") -> list[tuple[str, float]]:
    """Return the metrics of a step by their last name, those that can be told."""
    outputs = manifest.outputs.values()
    stored = (one for many in outputs for one in (many if isinstance(many, list) else [many]))
    rows = (row for one in stored if one.kind == METRICS for row in one.form["figures"])
    return [(str(path[-1]), figure) for path, figure in rows if figure is not None]


def _short(error: CocoRecipeError | None) -> str:
    text = str(error).partition("\n")[0]
    return text if len(text) <= 60 else f"{text[:59]}…"


def _columns(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    from coco_recipe.observing.table import width_of

    widths = [max(width_of(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        padded = (
            cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(padded).rstrip()


def _compare(done: "Sequence[Done]") -> None:
    """Compare the metrics of cells that have some, where a plugin has the command `compare`."""
    from coco_recipe import plugin_commands

    evaluated = [one.cell for one in done if _has_metrics(one.cell)]
    command = plugin_commands.find().get("compare")
    if len(evaluated) < 2 or not command:
        return
    click.echo()
    try:
        runs = tuple(str(cell.folder) for cell in evaluated)
        click.get_current_context().invoke(command, runs=runs)
    except (CocoRecipeError, click.ClickException) as error:
        click.echo(f"the cells can't be compared: {error}", err=True)


def _has_metrics(cell: "PlannedCell") -> bool:
    kinds = cell.plan.kinds
    ports = (port for step in cell.plan.steps for port in step.outputs.values())
    return any(kinds[port.kind].name == METRICS for port in ports)
