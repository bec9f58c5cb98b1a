"""execute: run one planned step, close its books, and commit what it made."""

import hashlib
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from coco_recipe import emptiness, failure, files, stored_values
from coco_recipe.dataset import Annotation, Category, Image
from coco_recipe.engines.engine import Engine, local
from coco_recipe.errors import StepError
from coco_recipe.findings import Finding, Kind, Row
from coco_recipe.manifest import (
    Balance,
    Clock,
    Counts,
    Dropped,
    FileSet,
    How,
    KeyParts,
    Made,
    Manifest,
    Placed,
    StepRecord,
    data_sets,
)
from coco_recipe.plan import PlannedStep
from coco_recipe.store import DROPPED, PLACED, Store
from coco_recipe.values import each

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class Context:
    """The StepContext that a running step gets."""

    step_id: str
    seed: int
    workdir: Path
    engine: Engine = field(default_factory=lambda: local(1))
    preload: tuple[str, ...] = ()
    on_progress: Callable[[int, int, str], None] = lambda done, total, text: None
    key: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    earlier: Path | None = None
    known_hashes: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    this_run: dict[str, Any] = field(default_factory=dict)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    hashes: dict[str, str] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)

    @property
    def images(self) -> Path:
        return self.workdir / stored_values.IMAGES

    def rng(self) -> random.Random:
        return random.Random(self.seed)

    def note(self, key: str, value: Any, *, this_run: bool = False) -> None:
        (self.this_run if this_run else self.notes)[key] = value

    def drop(self, row: Image | Annotation | Category, reason: str, **figures: Any) -> None:
        line: dict[str, Any] = {"id": row.id, "reason": reason, **figures}
        if isinstance(row, Annotation):
            line |= {"kind": "annotation", "image_id": row.image_id, "category_id": row.category_id}
        elif isinstance(row, Image):
            line |= {"kind": "image", "file_name": row.file_name}
        else:
            line |= {"kind": "category", "name": row.name}
        self.dropped.append(line)

    def make(self, *, images: int = 0, annotations: int = 0) -> None:
        self.made.update(image=images, annotation=annotations)

    def find(
        self, kind: Kind, rows: Iterable[Row] = (), *, count: int | None = None, remedy: str = ""
    ) -> None:
        found = Finding.of(kind, self.step_id, rows, count=count, remedy=remedy)
        if found.count:
            self.findings.append(found)

    def wrote(self, path: Path, sha256: str) -> None:
        self.hashes[path.relative_to(self.workdir).as_posix()] = sha256

    def place(self, name: str, folder: str, file: str, *, sha256: str, how: str) -> None:
        checked = msgspec.convert(how, How)
        self.placed.append(Placed(name, folder, file, sha256, checked))

    def sha256(self, path: Path) -> str:
        if (found := self.known_hashes.get(str(path))) is None:
            found = self.known_hashes[str(path)] = files.sha256(path)
        return found

    def progress(self, done: int, total: int, text: str = "") -> None:
        self.on_progress(done, total, text)

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        lost: Callable[[Item, str], Result] | None = None,
    ) -> Iterator[Result]:
        return self.engine.map(function, items, lost, self.preload)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step gave: its values by port, and its manifest."""

    values: Mapping[str, Any]
    manifest: Manifest


def step_seed(recipe_seed: int, step_id: str) -> int:
    """Derive a step's seed, so that a step added or removed elsewhere doesn't change it."""
    return int.from_bytes(hashlib.sha256(f"{recipe_seed}/{step_id}".encode()).digest()[:8], "big")


def execute(
    step: PlannedStep,
    values: Mapping[str, Any],
    *,
    store: Store,
    seed: int,
    key: str,
    parts: KeyParts,
    keep: set[str],
    engine: Engine,
    afresh: bool = False,
    accepted: Mapping[str, str] = MappingProxyType({}),
    on_progress: Callable[[int, int, str], None],
    judge: Callable[[Iterable[Finding]], None] = lambda found: None,
    known_hashes: dict[str, str] | None = None,
) -> StepResult:
    """Run a step and commit its folder.

    Args:
        step: the step.
        values: its input values by port.
        store: where it is committed.
        seed: the recipe's seed.
        key: digest of all that the result depends on; ``parts`` is the same, readable.
        keep: output ports whose data sets must be written even though the step works in memory.
        engine: where its work runs.
        afresh: take nothing from an earlier or interrupted run.
        accepted: versions here that are others than the key has, for the record.
        on_progress: told how far the step is.
        judge: given the step's findings before the commit; raises where they stop the run.
        known_hashes: SHA-256 of input files, by path (as text: a Path takes three times its memory); what is missing is
            computed and added.

    Raises:
        StepError: the step failed, or its books don't close; names the step.
    """
    began, label = time.time(), f"step '{step.id}' ({step.offer.step.name})"
    workdir = store.begin(step.id, resume=step.offer.step.resumes and not afresh)
    context = Context(
        step.id,
        step_seed(seed, step.id),
        workdir,
        engine,
        step.offer.step.preload,
        on_progress,
        key,
        {**parts.environment, "code": files.digest(parts.code)},
        None if afresh else store.earlier(step.id),
        {} if known_hashes is None else known_hashes,
    )
    try:
        outputs = step.offer.step.run(context, **keywords(step, values))
    except (Exception, SystemExit) as error:
        text = failure.told(error, failure.home_of(step.offer.step.run))
        raise StepError(f"{label}: {text}") from error
    _check_outputs(step, outputs, label)
    folders = _own_folders(step, values, outputs, workdir, label)
    counts = _balance(step, values, outputs, context, label)
    context.findings += emptiness.of_counts(step, counts)
    judge(context.findings)
    forms, hashes = {}, dict(context.hashes)
    for port, value in outputs.items():
        if step.offer.step.writes or port in keep:
            try:
                forms[port], written = stored_values.write(step.kinds, workdir, port, value)
            except ValueError as error:
                raise StepError(f"{label}: {error}") from error
            hashes |= written
    for name, rows in ((DROPPED, context.dropped), (PLACED, context.placed)):
        if rows:
            lines = b"".join(msgspec.json.encode(row, order="sorted") + b"\n" for row in rows)
            files.write_bytes(context.workdir / name, lines)
    for path in files.files_below(context.workdir):
        name = path.relative_to(context.workdir).as_posix()
        hashes[name] = hashes.get(name) or files.sha256(path)
    reasons = Counter((line["kind"], line["reason"]) for line in context.dropped)
    record = StepRecord(
        step=step.id,
        use=step.offer.step.name,
        plugin=step.offer.plugin,
        plugin_version=step.offer.version,
        parameters=dict(step.params),
        seed=context.seed,
        key=key,
        inputs=parts.inputs,
        environment=parts.environment,
        accepted=dict(accepted),
        counts=counts,
        dropped=tuple(Dropped(*line, n) for line, n in sorted(reasons.items())),
        findings=tuple(finding.record() for finding in context.findings),
        notes=context.notes,
        outputs={port: f"{key}:{port}" for port in outputs},
        files=FileSet(len(hashes), files.digest(hashes)),
        clock=Clock(
            started=began,
            seconds=round(time.time() - began, 3),
            this_run=context.this_run,
            peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        ),
    )
    manifest = Manifest(
        key=key,
        parts=parts,
        outputs=forms,
        folders=folders,
        files=dict(sorted(hashes.items())),
        record=record,
    )
    store.commit(step.id, manifest)
    return StepResult(outputs, manifest)


def rehearse(
    step: PlannedStep,
    values: Mapping[str, Any],
    *,
    seed: int,
    key: str = "",
    parts: KeyParts | None = None,
) -> StepResult:
    """Run a step that lives in memory for its values and its record, and commit nothing.

    Args:
        step: the step.
        values: its input values by port.
        seed: the recipe's seed.
        key: as of `execute`, for the record.
        parts: as of `execute`, for the record.

    Raises:
        StepError: as of `execute`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return execute(
            step,
            values,
            store=Store(Path(scratch)),
            seed=seed,
            key=key,
            parts=parts or KeyParts(),
            keep=set(),
            engine=local(1),
            on_progress=lambda done, total, text: None,
        )


def keywords(step: PlannedStep, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a step's functions are called with: its input values by port, and its parameters."""
    return step.offer.step.given(values) | {
        name: step.bound.get(name) for name in step.offer.step.params.get("properties", {})
    }


def _check_outputs(step: PlannedStep, outputs: Any, label: str) -> None:
    if not isinstance(outputs, Mapping) or outputs.keys() != step.outputs.keys():
        found = list(outputs) if isinstance(outputs, Mapping) else type(outputs).__name__
        raise StepError(f"{label}: gave the outputs {found}, declared are {list(step.outputs)}")
    for port, value in outputs.items():
        declared = step.outputs[port]
        for item in each(value):
            if not isinstance(item, declared.kind):
                raise StepError(
                    f"{label}: output '{port}' is a {type(item).__name__}, "
                    f"declared is {declared.kind.__name__}"
                )
        if isinstance(value, tuple) is not declared.many:
            wanted = "a tuple" if declared.many else "one value"
            raise StepError(f"{label}: output '{port}' must be {wanted}")


def _own_folders(
    step: PlannedStep,
    values: Mapping[str, Any],
    outputs: Mapping[str, Any],
    workdir: Path,
    label: str,
) -> dict[str, str]:
    """Return the step's own folders of pictures; refuse outputs whose files lie outside its folder."""
    entered = [value for value in values.values() if value is not None]
    try:
        return stored_values.own_folders(
            step.kinds, step.id, workdir, outputs, entered, writes=step.offer.step.writes
        )
    except ValueError as error:
        raise StepError(f"{label}: {error}") from error


def _balance(
    step: PlannedStep,
    values: Mapping[str, Any],
    outputs: Mapping[str, Any],
    context: Context,
    label: str,
) -> Balance:
    """Check that rows in + rows made = rows out + rows dropped, for images and for annotations."""
    entered = {port: step.kinds.counts(value) for port, value in values.items()}
    out = {port: step.kinds.counts(value) for port, value in outputs.items()}
    flowing = {port: n for port, n in entered.items() if not step.offer.step.input(port).reads_only}
    rows_in, rows_out = _rows(flowing), _rows(out)
    dropped = Counter(line["kind"] for line in context.dropped)
    if any(step.kinds[port.kind].in_books for port in step.outputs.values()):
        for kind in ("image", "annotation"):
            came, made = rows_in[kind], context.made[kind]
            left, lost = rows_out[kind], dropped[kind]
            if came + made != left + lost:
                raise StepError(
                    f"{label}: the books don't close: {came} {kind}s in + {made} made is not "
                    f"{left} out + {lost} dropped; the step must account for each row (ctx.drop, ctx.make)"
                )
    return Balance(
        entered=entered, out=out, made=Made(context.made["image"], context.made["annotation"])
    )


def _rows(counts: Mapping[str, Counts | list[Counts]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for _, one in data_sets(counts):
        total.update(image=one.images or 0, annotation=one.annotations or 0)
    return total
