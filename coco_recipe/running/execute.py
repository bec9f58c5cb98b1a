"""execute: run one planned step, close its books, and commit what it made."""

import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from coco_recipe import failure, files
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
from coco_recipe.running.context import Context
from coco_recipe.running.store import DROPPED, PLACED, Store
from coco_recipe.running.task import Task
from coco_recipe.values import stored as stored_values

Outputs = dict[str, Stored | list[Stored]]


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where steps are made.

    Attributes:
        store: where they are committed.
        engine: where the items of ``ctx.map`` are worked on.
        on_progress: is given how far a step is.
        judge: is given a step's findings before the commit; raises where they stop the run.
        known_hashes: SHA-256 of input files, by path (as text: a Path takes three times its
            memory); what is missing is computed and added.
    """

    store: Store
    engine: Engine = field(default_factory=lambda: local(1))
    on_progress: Callable[[Progress], None] = lambda progress: None
    judge: Callable[[Iterable[Finding]], None] = lambda found: None
    known_hashes: dict[str, str] = field(default_factory=dict)


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
) -> StepResult:
    """Run a step and commit its folder.

    Args:
        task: the step, with what its result depends on.
        values: its input values by port.
        workshop: where it is made.
        sources: the name of the input or step that each value is of, by port, in order.

    Raises:
        StepError: the step failed, or its books don't close; names the step.
        FindingsError: what it found stops the run.
    """
    began, step = time.time(), task.step
    context = _context(task, workshop, sources)
    try:
        outputs = step.step.run(context, **step.keywords(values))
    except (Exception, SystemExit) as error:
        raise failed(step, error) from error
    books.check_outputs(step, outputs)
    folders = _own_folders(step, values, outputs, context.workdir)
    balance = books.balance(step, values, outputs, context)
    context.findings += emptiness.of_counts(step, balance)
    workshop.judge(context.findings)
    stored, hashes, clocks = _write(task, outputs, context)
    manifest = Manifest(
        key=task.key,
        parts=task.parts,
        outputs=stored,
        folders=folders,
        files=hashes,
        record=_record(task, context, balance, hashes, began, clocks),
    )
    workshop.store.commit(step.id, manifest)
    return StepResult(outputs, manifest)


def rehearse(task: Task, values: Mapping[str, Any]) -> StepResult:
    """Run a step that lives in memory for its values and its record, and commit nothing.

    Args:
        task: the step.
        values: its input values by port.

    Raises:
        StepError: as of `execute`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return execute(replace(task, terminal=frozenset()), values, Workshop(Store(Path(scratch))))


def failed(step: PlannedStep, error: BaseException) -> StepError:
    """Return the StepError that names the step for what a function of it raised."""
    text = failure.told(error, failure.home_of(step.step.run))
    return StepError(f"{step.label}: {text}")


def _context(task: Task, workshop: Workshop, sources: Mapping[str, tuple[str, ...]]) -> Context:
    """Return the context of a step, with an empty folder, or what an interrupted run left."""
    step, store, is_afresh = task.step, workshop.store, task.is_afresh
    return Context(
        step_id=step.id,
        seed=task.parts.seed,
        workdir=store.begin(step.id, resume=step.step.resumes and not is_afresh),
        engine=workshop.engine,
        preload=step.preload,
        on_progress=workshop.on_progress,
        key=task.key,
        environment=task.environment(),
        earlier=None if is_afresh else store.earlier(step.id),
        known_hashes=workshop.known_hashes,
        sources=sources,
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
) -> tuple[Outputs, Digests, tuple[str, ...]]:
    """Write what belongs on disk.

    Returns:
        How outputs are read again, the hash of every file, and the files that stand with the clock.
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
    clocks = []
    for path in files.files_below(folder):
        name = path.relative_to(folder).as_posix()
        if any(path.is_relative_to(clock) for clock in context.clocks):
            clocks.append(name)
        else:
            hashes[name] = hashes.get(name) or files.sha256(path)
    return stored, dict(sorted(hashes.items())), tuple(sorted(clocks))


def _record(
    task: Task,
    context: Context,
    balance: Balance,
    hashes: Digests,
    began: float,
    clocks: tuple[str, ...],
) -> StepRecord:
    """Return the record of what a step did."""
    step, offer = task.step, task.step.offer
    reasons = Counter((line["kind"], line["reason"]) for line in context.dropped)
    return StepRecord(
        step=step.id,
        use=step.step.name,
        plugin=offer.plugin,
        plugin_version=offer.version,
        parameters=dict(step.params),
        seed=context.seed,
        key=task.key,
        inputs=task.parts.inputs,
        environment=task.parts.environment,
        accepted=dict(task.accepted),
        counts=balance,
        dropped=tuple(Dropped(*line, n) for line, n in sorted(reasons.items())),
        findings=tuple(finding.record() for finding in context.findings),
        notes=context.notes,
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
