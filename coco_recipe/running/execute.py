"""execute: run one planned step, close its books, and commit what it made."""

import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from coco_recipe import failure, files, guard, intact, system_errors
from coco_recipe.engines.engine import Engine, local
from coco_recipe.errors import StepError
from coco_recipe.events import Progress
from coco_recipe.findings import Finding
from coco_recipe.manifest import (
    Balance,
    Clock,
    Digests,
    Dropped,
    FileSet,
    Manifest,
    StepRecord,
    Stored,
)
from coco_recipe.planning.plan import PlannedStep
from coco_recipe.running import books, emptiness
from coco_recipe.running import outputs as outputs_of_steps
from coco_recipe.running.context import Context
from coco_recipe.running.ledger_words import in_words
from coco_recipe.running.store import DROPPED, PLACED, Store
from coco_recipe.running.surroundings import Look, Surroundings
from coco_recipe.running.task import Task
from coco_recipe.values import stored as stored_values

Outputs = dict[str, Stored | list[Stored]]
_NAMED = 5  # files that an error names


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where steps are made.

    Attributes:
        store: where they are committed.
        engine: where the items of ``ctx.map`` are worked on.
        on_progress: is given how far a step is.
        on_said: is given what a step shows while it runs.
        judge: is given a step's findings before the commit; raises where they stop the run.
        known_hashes: SHA-256 of input files, by path (as text: a Path takes three times its
            memory); what is missing is computed and added.
        changed_inputs: gives the files of inputs that have changed since they were hashed, of those
            that count for a step.
        around: what a plugin's step must leave alone; None looks at nothing.
        lineage_of: tells what a task's result is made of (`task.lineage`).
    """

    store: Store
    engine: Engine = field(default_factory=lambda: local(0))
    on_progress: Callable[[Progress], None] = lambda progress: None
    on_said: Callable[[str], None] = lambda text: None
    judge: Callable[[Iterable[Finding]], None] = lambda found: None
    known_hashes: dict[str, str] = field(default_factory=dict)
    changed_inputs: Callable[[PlannedStep], list[str]] = lambda step: []
    around: Surroundings | None = None
    lineage_of: Callable[[Task], str] = lambda task: ""


@dataclass(frozen=True, slots=True)
class Worked:
    """What a step's function gave; of it only the files that it wrote itself are on disk.

    Attributes:
        outputs: its output values by port.
        context: what it was given, with all that it said.
        balance: its books, which close.
        folders: its own folders of pictures.
        seconds: how long it took.
    """

    outputs: Mapping[str, Any]
    context: Context
    balance: Balance
    folders: dict[str, str]
    seconds: float

    def brought(self, context: Context) -> Context:
        """Return another context with all that was said in this one, and its files moved there."""
        for path in self.context.workdir.iterdir():
            shutil.move(path, context.workdir)
        said = ("notes", "this_run", "dropped", "findings", "made", "hashes", "placed")
        return replace(context, **{name: getattr(self.context, name) for name in said})


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step gave: its values by port, and its manifest."""

    values: Mapping[str, Any]
    manifest: Manifest


def execute(
    task: Task,
    values: Mapping[str, Any],
    workshop: Workshop,
    sources: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    worked: Worked | None = None,
) -> StepResult:
    """Run a step and commit its folder.

    Args:
        task: the step, with what its result depends on.
        values: its input values by port.
        workshop: where it is made.
        sources: the name of the input or step that each value is of, by port, in order.
        worked: what it gave for the same values, where that is known.

    Raises:
        StepError: the step failed, or its books don't close; names the step.
        FindingsError: what it found stops the run.
    """
    result = _made(task, values, workshop, sources, worked)
    return replace(result, manifest=workshop.store.commit(task.step.id, result.manifest))


def _made(
    task: Task,
    values: Mapping[str, Any],
    workshop: Workshop,
    sources: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    worked: Worked | None = None,
) -> StepResult:
    """Run a step and close its books; its folder has all but the manifest."""
    began, step = time.time(), task.step
    context = _context(task, workshop, sources)
    if worked is None:
        worked = work(step, values, context, workshop)
    else:
        context = worked.brought(context)
        began -= worked.seconds
    workshop.judge(context.findings)
    stored, hashes, clocks = _write(task, worked.outputs, context)
    _expect_unchanged(step, workshop)
    manifest = Manifest(
        key=task.key,
        parts=task.parts,
        outputs=stored,
        folders=worked.folders,
        files=hashes,
        published=step.published_as_written(),
        record=_record(task, context, worked.balance, hashes, began, clocks),
    )
    return StepResult(worked.outputs, manifest)


def work(
    step: PlannedStep, values: Mapping[str, Any], context: Context, workshop: Workshop
) -> Worked:
    """Call a step's function, look at what it gave, and close its books.

    Args:
        step: the step.
        values: its input values by port.
        context: what it is given.
        workshop: where it is made.

    Raises:
        StepError: as of `execute`.
    """
    began = time.time()
    is_ours = step.offer.plugin == outputs_of_steps.OURS
    around = None if is_ours else workshop.around
    own = (context.workdir, *workshop.store.own(step.id))
    before = around.look(own) if around else {}
    folder = context.workdir
    guard.at(step.label)
    try:
        with intact.kept(step.label, of=None if is_ours else step.step.run.__module__):
            outputs = _called(step, values, context, folder)
    finally:
        guard.at("")
        context.workdir = folder
    books.check_outputs(step, outputs)
    is_run = workshop.around is not None
    outputs_of_steps.check(step, values, outputs, with_rows=is_run)
    outputs_of_steps.check_said(step, {**context.notes, **context.this_run})
    outputs_of_steps.check_said(step, {"ctx.drop": context.dropped})
    context.dropped = in_words(context.dropped, values.values())
    folders = _own_folders(step, values, outputs, context.workdir)
    if around:
        context.findings += _outside(step, around, before, around.look(own))
    balance = books.balance(step, values, outputs, context)
    context.findings += emptiness.of_counts(step, balance)
    return Worked(outputs, context, balance, folders, time.time() - began)


def rehearse(task: Task, values: Mapping[str, Any]) -> StepResult:
    """Run a step that lives in memory for its values and its record, and commit nothing.

    Args:
        task: the step.
        values: its input values by port.

    Raises:
        StepError: as of `execute`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return _made(replace(task, terminal=frozenset()), values, Workshop(Store(Path(scratch))))


def _called(
    step: PlannedStep, values: Mapping[str, Any], context: Context, folder: Path
) -> Mapping[str, Any]:
    """Return what a step's function returns; whatever it raises is told with the step's name."""
    try:
        return step.step.run(context, **step.keywords(values))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit, and what else a step may raise
        raise failed(step, error, folder) from error


def failed(
    step: PlannedStep, error: BaseException, folder: Path | None = None, *, is_ours: bool = False
) -> StepError:
    """Return the StepError that names the step for what a function of it raised.

    Args:
        step: the step.
        error: what was raised.
        is_ours: it was raised while its folder was opened or its result was written, not by it.
        folder: where the step was writing, to be named where the system refuses without a place.
    """
    text = ""
    if is_ours or system_errors.is_refusal(error) or isinstance(error, PermissionError):
        text = system_errors.told(error, folder)
    text = text or failure.told(error, failure.home_of(step.step.run))
    return StepError(f"{step.label}: {text}")


def _context(task: Task, workshop: Workshop, sources: Mapping[str, tuple[str, ...]]) -> Context:
    """Return the context of a step, with an empty folder, or what an interrupted run left."""
    step, store, is_afresh = task.step, workshop.store, task.is_afresh
    return Context(
        step_id=step.id,
        seed=task.parts.seed,
        workdir=store.begin(step.id, resume=step.step.resumes and not is_afresh, key=task.key),
        engine=workshop.engine,
        preload=step.preload,
        on_progress=workshop.on_progress,
        on_said=workshop.on_said,
        key=task.key,
        environment=task.environment(),
        lineage=workshop.lineage_of(task),
        find_earlier=lambda: None if is_afresh else store.vouched(step.id),
        known_hashes=workshop.known_hashes,
        sources=sources,
    )


def _outside(step: PlannedStep, around: Surroundings, before: Look, after: Look) -> list[Finding]:
    """Find what a step wrote outside of its folder.

    Raises:
        StepError: the run relies on it; names the first files.
    """
    if broken := around.broken(before, after):
        raise StepError(
            f"{step.label}: {_listed(broken)} changed while the step was at work, and it may write "
            "below ctx.workdir only; put them back as they were, and run the same command again"
        )
    return around.finding(step.id, before, after)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _expect_unchanged(step: PlannedStep, workshop: Workshop) -> None:
    """Look at the inputs again: what was made of them must be of the bytes that the key says.

    Raises:
        StepError: files have changed; names the first.
    """
    if changed := workshop.changed_inputs(step):
        raise StepError(
            f"{step.label}: {_listed(changed)} changed while the run was at work; "
            "run the same command again"
        )


def _own_folders(
    step: PlannedStep, values: Mapping[str, Any], outputs: Mapping[str, Any], workdir: Path
) -> dict[str, str]:
    """Return the step's own folders of pictures.

    Raises:
        StepError: files of outputs lie outside the step's folder.
    """
    entered = [value for value in values.values() if value is not None]
    try:
        return stored_values.own_folders(
            step.kinds, step.id, workdir, outputs, entered, writes=step.step.writes
        )
    except ValueError as error:
        raise StepError(f"{step.label}: {error}") from error


def _write(
    task: Task, outputs: Mapping[str, Any], context: Context
) -> tuple[Outputs, Digests, Digests]:
    """Write what belongs on disk.

    Returns:
        How outputs are read again, the hash of every file, and of those that stand with the clock.
    """
    step, folder = task.step, context.workdir
    stored: Outputs = {}
    hashes = dict(context.hashes)
    for port, value in outputs.items():
        if step.step.writes or port in task.terminal:
            try:
                stored[port], written = stored_values.write(step.kinds, folder, port, value)
            except ValueError as error:
                raise StepError(f"{step.label}: {error}") from error
            hashes |= written
    for name, rows in ((DROPPED, context.dropped), (PLACED, context.placed)):
        if rows:
            lines = b"".join(msgspec.json.encode(row, order="sorted") + b"\n" for row in rows)
            files.write_bytes(folder / name, lines)
    clocks: Digests = {}
    for path in files.files_below(folder):
        name = path.relative_to(folder).as_posix()
        if any(path.is_relative_to(clock) for clock in context.clocks):
            clocks[name] = files.sha256(path)
        else:
            hashes[name] = hashes.get(name) or files.sha256(path)
    return stored, dict(sorted(hashes.items())), dict(sorted(clocks.items()))


def _record(
    task: Task,
    context: Context,
    balance: Balance,
    hashes: Digests,
    began: float,
    clocks: Digests,
) -> StepRecord:
    """Return the record of what a step did."""
    step, offer = task.step, task.step.offer
    reasons = Counter((line["kind"], line["reason"]) for line in context.dropped)
    return StepRecord(
        step=step.id,
        use=step.step.name,
        plugin=offer.plugin,
        plugin_version=offer.version,
        parameters=step.hidden.written(dict(step.params)),
        seed=context.seed,
        key=task.key,
        inputs=task.parts.inputs,
        environment=task.parts.environment,
        accepted=dict(task.accepted),
        counts=balance,
        dropped=tuple(Dropped(*line, n) for line, n in sorted(reasons.items())),
        findings=tuple(finding.record() for finding in context.findings),
        notes=step.hidden.in_data(context.notes),
        outputs={port: f"{task.key}:{port}" for port in step.outputs},
        files=FileSet(len(hashes), files.digest(hashes)),
        clock=Clock(
            started=began,
            seconds=round(time.time() - began, 3),
            this_run=context.this_run,
            peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            files=clocks,
        ),
    )
