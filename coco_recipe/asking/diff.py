"""What differs between two runs, two recipes or two data sets."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from coco_recipe import files, yaml_text
from coco_recipe.asking import address, reading, recorded_run, row_changes, source, value_changes
from coco_recipe.asking.recorded_run import RecordedRun
from coco_recipe.asking.row_figures import RowChanges
from coco_recipe.asking.value_changes import Change
from coco_recipe.dataset import Dataset
from coco_recipe.errors import RunError, about
from coco_recipe.manifest import Counts, StepRecord
from coco_recipe.planning.plan import Plan
from coco_recipe.running import run_folder, stages

Kind = Literal["runs", "recipes", "data"]
DROPPED = "dropped"
ONE = {"runs": "a run directory", "recipes": "a recipe", "data": "a data set"}


class CountChange(msgspec.Struct, frozen=True):
    """A number of rows that is another.

    Attributes:
        step: the step that they left.
        port: by which port; ``dropped`` where it dropped them.
        what: images, boxes, a class, or why they were dropped.
        was: in the first run.
        now: in the second.
    """

    step: str
    port: str
    what: str
    was: int
    now: int


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs; each list is empty where nothing does.

    Attributes:
        kind: what was compared.
        a: the first place.
        b: the second place.
        recipe: values of the recipes, defaults filled in, by address.
        versions: versions of coco-recipe and of libraries that results depend on.
        inputs: hashes of input files, as ``raw.annotations``.
        counts: rows that left each step that both have, and what it dropped.
        metrics: figures of steps that gave metrics, by step.
        rows: rows of the data sets; null where there are none to look at.
        notes: what is to be known of it, in words.
        differs: whether anything differs.
    """

    kind: Kind
    a: str
    b: str
    recipe: tuple[Change, ...] = ()
    versions: tuple[Change, ...] = ()
    inputs: tuple[Change, ...] = ()
    counts: tuple[CountChange, ...] = ()
    metrics: tuple[Change, ...] = ()
    rows: RowChanges | None = None
    notes: tuple[str, ...] = ()
    differs: bool = False


def diff(a: str, b: str, plugin_files: Sequence[Path] = (), most: int = 5) -> Diff:
    """Return what differs between two places.

    Args:
        a: ``FILE.json``, ``RECIPE.yaml[:NAME[.PORT]]`` or ``RUN[:NAME[.PORT]]``.
        b: one of the same kind; with a name it is a data set, as a file is.
        plugin_files: plugin files to load.
        most: how many rows of each kind of change to name.

    Raises:
        RunError: they are of unlike kinds, or there is no such place.
        RecipeError: a recipe is wrong.
        DatasetError: a data set can't be read.
    """
    kinds = [_kind_of(place) for place in (a, b)]
    if kinds[0] != kinds[1]:
        raise RunError(_unlike(a, b, kinds))
    found = {"runs": _runs, "recipes": _recipes, "data": _data}[kinds[0]](a, b, plugin_files, most)
    parts = (found.recipe, found.versions, found.inputs, found.counts, found.metrics)
    differs = any(parts) or (found.rows is not None and found.rows.differ)
    return msgspec.structs.replace(found, differs=differs)


def _kind_of(place: str) -> Kind:
    path, name = address.divided(place)
    if name:
        return "data"
    if path.is_dir():
        return "runs"
    return "recipes" if path.suffix.lower() in address.RECIPES else "data"


def _unlike(a: str, b: str, kinds: Sequence[Kind]) -> str:
    told = f"{a} is {ONE[kinds[0]]}, {b} is {ONE[kinds[1]]}"
    by_kind = dict(zip(kinds, (a, b), strict=True))
    if "data" not in by_kind:
        return f"{told}; {by_kind['runs']}/{run_folder.WRITTEN} is the recipe of that run"
    other = by_kind.get("runs") or by_kind.get("recipes")
    return f"{told}; name a data set of the other, as {other}:NAME (an input or a step)"


def _data(a: str, b: str, plugin_files: Sequence[Path], most: int) -> Diff:
    before, after = (source.find(place, plugin_files=plugin_files).parts for place in (a, b))
    return Diff(kind="data", a=a, b=b, rows=row_changes.changes(before, after, most))


def _recipes(a: str, b: str, plugin_files: Sequence[Path], most: int) -> Diff:
    plans = [stages.prepare(address.divided(place)[0], (), plugin_files) for place in (a, b)]
    was, now = (
        yaml_text.parse(Path(place), run_folder.resolved(planned).decode(), "recipe").data
        for place, planned in zip((a, b), plans, strict=True)
    )
    hashes = [_hashes(planned) for planned in plans]
    changed = [
        name for name in hashes[1] if name in hashes[0] and hashes[0][name] != hashes[1][name]
    ]
    rows = None
    if changed:
        before, after = ({name: _input(planned, name) for name in changed} for planned in plans)
        rows = row_changes.changes(before, after, most)
    return Diff(
        kind="recipes",
        a=a,
        b=b,
        recipe=tuple(_recipe(was, now)),
        inputs=tuple(value_changes.between(hashes[0], hashes[1])),
        rows=rows,
    )


def _hashes(planned: Plan) -> dict[str, str]:
    """Return the SHA-256 of the annotation files of a recipe, by input."""
    folder = planned.recipe.folder
    return {
        item.name: files.sha256(folder / item.annotations)
        for item in planned.recipe.inputs
        if item.annotations
    }


def _input(planned: Plan, name: str) -> Dataset:
    item = next(item for item in planned.recipe.inputs if item.name == name)
    return reading.read(planned.recipe.folder / item.annotations)


def _recipe(was: Any, now: Any) -> Iterator[Change]:
    """Yield what differs between two resolved recipes."""
    yield from value_changes.between(was, now)
    ids = [[str(step.get("id")) for step in tree.get("steps", [])] for tree in (was, now)]
    yield from value_changes.order_of(ids[0], ids[1], "steps")


def _runs(a: str, b: str, plugin_files: Sequence[Path], most: int) -> Diff:
    del plugin_files  # records need none
    runs = [recorded_run.read(address.divided(place)[0]) for place in (a, b)]
    before, after = runs
    notes = list(dict.fromkeys(note for run in runs for note in (*run.notes, *_undone(run))))
    rows = None
    sides = [run.data() for run in runs]
    if all(sides):
        rows = row_changes.changes(sides[0], sides[1], most)
    else:
        notes += [
            f"{run.folder}: has no data set on disk, so rows aren't compared"
            for run, side in zip(runs, sides, strict=True)
            if not side
        ]
    return Diff(
        kind="runs",
        a=a,
        b=b,
        recipe=tuple(_recipe(before.recipe(), after.recipe())),
        versions=tuple(value_changes.between(before.versions(), after.versions())),
        inputs=tuple(value_changes.between(before.run.inputs, after.run.inputs)),
        counts=tuple(_counts(before, after)),
        metrics=tuple(value_changes.between(before.metrics(), after.metrics())),
        rows=rows,
        notes=tuple(notes),
    )


def _undone(run: RecordedRun) -> Iterator[str]:
    """Yield that steps of the recipe have no record: the run was stopped, or is at work."""
    done = {record.step for record in run.steps}
    ids = (str(step.get("id")) for step in run.recipe().get("steps", []))
    if left := [f"'{id_}'" for id_ in ids if id_ not in done]:
        yield f"{run.folder}: {about(len(left), 'steps are not done')}: {', '.join(left[:5])}"


def _counts(before: RecordedRun, after: RecordedRun) -> Iterator[CountChange]:
    """Yield what differs between the counts of steps that both runs have."""
    old = {record.step: record for record in before.steps}
    for record in after.steps:
        if record.step not in old:
            continue
        was, now = dict(_told(old[record.step])), dict(_told(record))
        for port, what in dict.fromkeys([*now, *was]):
            numbers = was.get((port, what), 0), now.get((port, what), 0)
            if numbers[0] != numbers[1]:
                yield CountChange(record.step, port, what, *numbers)


def _told(record: StepRecord) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield the counts of a step, each with its port and what was counted.

    A step that gives nothing on, as one that publishes, stands for what came to it.
    """
    ports = record.counts.out or record.counts.entered
    for port, counts in ports.items():
        many = counts if isinstance(counts, list) else [counts]
        for n, one in enumerate(many):
            name = f"{port}[{n}]" if len(many) > 1 else port
            yield from (((name, what), number) for what, number in _of_port(one).items())
    for row in record.dropped:
        yield (DROPPED, f"{row.kind} ({row.reason})"), row.count


def _of_port(counts: Counts) -> dict[str, int]:
    known = {"images": counts.images, "boxes": counts.annotations}
    there = {name: number for name, number in known.items() if number is not None}
    return there | (counts.rows or {}) | (counts.categories or {})
