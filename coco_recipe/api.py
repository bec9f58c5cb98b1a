"""The Python API: run a recipe or its matrix, open a run, read an annotation file."""

import contextlib
import json
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

from coco_recipe import events
from coco_recipe.asking import reading
from coco_recipe.dataset import SHOWN_BY, Dataset
from coco_recipe.events import Observer
from coco_recipe.notebook import frames, html
from coco_recipe.observing import trackers
from coco_recipe.observing.progress import Display
from coco_recipe.planning.plan import Plan
from coco_recipe.plugins import find
from coco_recipe.result import Cell, Result
from coco_recipe.running import cells, recorded, stages
from coco_recipe.running.reopening import reopen
from coco_recipe.running.store import Store

AnyPath = str | os.PathLike[str]


class How(TypedDict, total=False):
    """How a run is done; `run` says what each means."""

    jobs: int | None
    engine: str
    item_timeout: float
    from_step: str
    force: bool
    strict: bool
    republish: bool
    accept_versions: Sequence[str]
    rehash: bool
    wait: bool
    report: bool | None
    keep: int


def run(
    recipe: AnyPath,
    *,
    out: AnyPath | None = None,
    set: Mapping[str, Any] | Sequence[str] = (),
    jobs: int | None = None,
    engine: str = "local",
    item_timeout: float = 120,
    from_step: str = "",
    force: bool = False,
    strict: bool = False,
    republish: bool = False,
    accept_versions: Sequence[str] = (),
    rehash: bool = False,
    wait: bool = False,
    report: bool | None = None,
    keep: int = 3,
    plugins: Sequence[AnyPath] = (),
    progress: bool | None = None,
    observers: Sequence[Observer] = (),
    observe: Sequence[str] = (),
) -> Result:
    """Run a recipe, as ``coco-recipe run`` does: reuse what is unchanged, make the rest.

    Args:
        recipe: the recipe file.
        out: the run directory; None for ``runs/<recipe name>`` below the current folder.
        set: values that override the recipe's: ``{"steps.more.with.copies": 2}``, or
            ``["steps.more.with.copies=2"]``.
        jobs: number of worker processes; None for as many as there are cores. The result is the
            same with any number. 0 works in this process, as a debugger needs it: an item that
            crashes, hangs or takes all memory then takes the process with it.
        engine: where the work runs: "local", "local:spawn", "dask", or "dask://HOST:PORT".
        item_timeout: seconds that a worker may be at work on one item; 0 for any.
        from_step: run this step and all below again.
        force: run every step again.
        strict: stop at warnings too.
        republish: move published files that somebody changed to ``<name>.changed``, and put ours
            back.
        accept_versions: names of steps whose results are kept, with those above them, although
            versions of libraries are others than they were made with.
        rehash: read every file, also those that the system says are untouched since they were read.
        wait: wait for another run that is at work in the run directory.
        report: write the page of the run, ``report.html``, when it is done; None does, unless the
            environment variable ``COCO_RECIPE_REPORT`` is 0.
        keep: how many results of a step stay in the cache beside the run directory; 0 adds none.
        plugins: plugin files to load.
        progress: show on stderr what goes on, findings among it; None does in a notebook. Without
            it nothing is printed, and a finding is a Python warning.
        observers: callables that are given each event of the run (`coco_recipe.events`).
        observe: trackers of plugins to tell, by name: ``["mlflow"]``, ``["tensorboard=logs"]``.

    Returns:
        The run: values by step and port, which steps were made and which reused, the folder, and
        what a notebook shows.

    Raises:
        RecipeError: the recipe is wrong; ``problems`` lists all that was found.
        DatasetError: an input is wrong.
        PluginError: a plugin file is broken.
        StepError: a step failed; ``log`` is the path of its ``error.log``.
        HeldError: another run is at work in the run directory.
        RunError: the run directory can't be used, there is no such engine, or a result that is to
            be kept differs in more than versions.
    """
    folder, overrides = None if out is None else Path(out), _overrides(set)
    planned = stages.prepare(Path(recipe), overrides, [Path(file) for file in plugins], out=folder)
    how: How = {
        "jobs": jobs,
        "engine": engine,
        "item_timeout": item_timeout,
        "from_step": from_step,
        "force": force,
        "strict": strict,
        "republish": republish,
        "accept_versions": accept_versions,
        "rehash": rehash,
        "wait": wait,
        "report": report,
        "keep": keep,
    }
    with _told(planned, progress, observers, observe) as told:
        done = stages.run(planned, out=folder, observers=told, **_options(how))
    return _result(planned, done)


def run_matrix(
    recipe: AnyPath,
    *,
    out: AnyPath | None = None,
    set: Mapping[str, Any] | Sequence[str] = (),
    plugins: Sequence[AnyPath] = (),
    progress: bool | None = None,
    observers: Sequence[Observer] = (),
    observe: Sequence[str] = (),
    **how: Unpack[How],
) -> tuple[Cell, ...]:
    """Run every cell of a recipe's matrix, as ``coco-recipe run --matrix`` does.

    Steps that several cells have in common are made once. A cell that fails stops no other.

    Args:
        recipe: the recipe file, which has a matrix.
        out: what the run directories begin with; None for ``runs/<recipe name>``.
        set: values that override the recipe's, but not those that the matrix varies.
        plugins: plugin files to load.
        progress: as of `run`.
        observers: callables that are given each event of each run.
        observe: trackers of plugins to tell, by name.
        how: the other parameters of `run`, which every cell has.

    Returns:
        The cells, in the order of the matrix.

    Raises:
        RecipeError: the recipe or a cell is wrong; nothing has run then.
        PluginError: a plugin file is broken.
    """
    files = [Path(file) for file in plugins]
    start = None if out is None else Path(out)
    found = cells.planned(Path(recipe), _overrides(set), files, out=start)
    with _told(found[0].plan, progress, observers, observe) as told:
        ended = list(cells.run(found, lambda _: None, observers=told, **_options(how)))
    return tuple(
        Cell(
            one.cell.name,
            one.cell.folder.resolve(),
            _result(one.cell.plan, one.result) if one.result else None,
            one.error,
        )
        for one in ended
    )


def _overrides(set: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """Return values that override a recipe's in the form of ``--set``."""
    if not isinstance(set, Mapping):
        return list(set)
    return [
        f"{name}={json.dumps(value, ensure_ascii=False, default=os.fspath)}"
        for name, value in set.items()
    ]


def _options(how: How) -> dict[str, Any]:
    """Return the options of `stages.run`, with what stands for None."""
    jobs, report = how.get("jobs"), how.get("report")
    return {
        "item_timeout": 120,
        **how,
        "jobs": len(os.sched_getaffinity(0)) if jobs is None else jobs,
        "report": os.environ.get("COCO_RECIPE_REPORT") != "0" if report is None else report,
    }


@contextlib.contextmanager
def _told(
    planned: Plan,
    progress: bool | None,
    observers: Sequence[Observer],
    observe: Sequence[str],
) -> Iterator[list[Observer]]:
    """Yield who is told of a run; at its end raise a warning that was to be an error."""
    shown = "ipykernel" in sys.modules if progress is None else progress
    warner = _Warner()
    with Display(quiet=not shown, tenths=True) as display:
        yield [
            display if shown else warner,
            *observers,
            *trackers.asked_for(observe, planned.trackers),
        ]
    if warner.refused:
        raise warner.refused


def _result(planned: Plan, done: stages.RunResult) -> Result:
    return Result(
        planned, done.folder.resolve(), done.ran, done.reused, done.keys, done.moved, done.put_back
    )


def load(annotations: AnyPath, images: AnyPath | None = None) -> Dataset:
    """Read an annotation file, whatever is wrong with its rows, to look at it.

    Args:
        annotations: the file.
        images: the folder of its pictures; without it no picture is shown.

    Returns:
        The data set, in which rows may be wrong; a notebook shows its classes and pictures.

    Raises:
        DatasetError: the file can't be read, or isn't COCO.
    """
    return reading.read(Path(annotations), None if images is None else Path(images))


def open_run(folder: AnyPath, plugins: Sequence[AnyPath] = ()) -> Result:
    """Open the directory of a finished run, as `run` returns it.

    Args:
        folder: the run directory.
        plugins: the plugin files that the run used; no other code is loaded.

    Returns:
        The run: values by step and port, frames of them, and what a notebook shows.

    Raises:
        RunError: the folder is no run directory, or a step isn't done.
        RecipeError: the recipe's inputs have gone.
    """
    path = Path(folder)
    planned = reopen(path, [Path(file) for file in plugins])
    facts = recorded.facts_of(planned, Store(path))
    ids = tuple(record.step for record in facts.steps)
    return Result(planned, path.resolve(), (), ids, {one.step: one.key for one in facts.steps})


def html_of(dataset: Dataset) -> str:
    """Return what a notebook shows of a data set."""
    return html.of_dataset(dataset, find().sheets)


SHOWN_BY.update(html=html_of, pandas=frames.of_dataset)


@dataclass
class _Warner:
    """Makes a Python warning of each finding, and of an observer or a reporter that fails.

    Attributes:
        refused: the first warning that Python was asked to make an error of; the run goes on.
    """

    refused: Warning | None = None

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.Found) and not event.stops:
            self._warn(str(event.finding))
        elif isinstance(event, events.ObserverFailed | events.ReporterFailed):
            self._warn(str(event))

    def _warn(self, text: str) -> None:
        try:
            warnings.warn(text, stacklevel=2)
        except Warning as error:
            self.refused = self.refused or error
