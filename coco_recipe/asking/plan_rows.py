"""The rows of a plan: what each input has, what each step will do, why, and with what result."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coco_recipe.asking.telling import told
from coco_recipe.manifest import Manifest, StepRecord
from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.running.expecting import UNKNOWN, Expectations
from coco_recipe.running.session import Session
from coco_recipe.running.task import Task
from coco_recipe.values.expected import Expected, Span

UNCHANGED = "unchanged"
INPUT = "input"


@dataclass(frozen=True, slots=True)
class Output:
    """A value of an input or a step.

    Attributes:
        port: its name there; empty of an input.
        kind: the kind of the value, as ``dataset``.
        is_rows: it is of images and annotations.
        expected: how much it has.
    """

    port: str
    kind: str
    is_rows: bool
    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """An input, or a step that is due.

    Attributes:
        name: its name in the recipe.
        use: what a step uses; ``input`` for an input.
        what: what the step does, or where the input is.
        runs: it will run; None of an input.
        why: why it will run or not.
        sources: where what comes in comes from, by port: the input or step, and its port.
        only_read: the ports whose rows are only read, and don't flow on.
        entered: what flows in, of all ports together; what is only read isn't in it.
        read: what is only read, likewise; None where there is nothing of the kind.
        outputs: what it gives.
        uses: how much of what comes in it works on.
        files: how many files it will write; None where it doesn't run, or where nobody knows and
            it keeps its rows in memory.
        bytes: about how many bytes it will write; None where that isn't known.
        seconds: how long it took when it was last done; None where it wasn't.
        last_bytes: how many bytes of files it then left; likewise.
        table: what the step says of its result in a table; None where it doesn't.
        silent: why its forecast says nothing, if it failed.
    """

    name: str
    use: str
    what: str = ""
    runs: bool | None = None
    why: str = ""
    sources: Mapping[str, tuple[Reference, ...]]
    only_read: frozenset[str] = frozenset()
    entered: Expected = UNKNOWN
    read: Expected | None = None
    outputs: tuple[Output, ...] = ()
    uses: Mapping[str, Span]
    files: Span | None = None
    bytes: int | None = None
    last_bytes: int | None = None
    seconds: float | None = None
    table: Mapping[str, Any] | None = None
    silent: str = ""

    def classes_gained(self) -> dict[str, Span]:
        """Return the classes that outputs have and nothing that comes in has."""
        before = self._classes_before()
        if before is None or self.runs is None:
            return {}
        return {name: n for name, n in self._classes_after().items() if name not in before}

    def classes_lost(self) -> dict[str, Span]:
        """Return the classes that come in and no output has, or of which no box is left."""
        before, after = self._classes_before(), self._classes_after()
        known = [one for one in self.outputs if one.is_rows and one.expected.classes is not None]
        if before is None or not known or len(known) < len([o for o in self.outputs if o.is_rows]):
            return {}
        none = Span.exact(0)
        return {
            name: n
            for name, n in before.items()
            if name not in after or (after[name] == none and n.most)
        }

    def without(self) -> dict[str, list[str]]:
        """Return the classes that come in and of which one of several outputs has no box."""
        shown = [one for one in self.outputs if one.is_rows and one.expected.classes is not None]
        lost, none = self.classes_lost(), Span.exact(0)
        came = [k for k, n in (self._classes_before() or {}).items() if n.most and k not in lost]
        found = {
            one.port: [k for k in came if (one.expected.classes or {}).get(k, none) == none]
            for one in shown
            if len(shown) > 1
        }
        return {port: names for port, names in found.items() if names}

    def _classes_before(self) -> Mapping[str, Span] | None:
        if self.entered.classes is None or (self.read and self.read.classes is None):
            return None
        return {**(self.read.classes or {} if self.read else {}), **self.entered.classes}

    def _classes_after(self) -> dict[str, Span]:
        total: dict[str, Span] = {}
        for one in self.outputs:
            for name, n in (one.expected.classes or {}).items():
                total[name] = total[name] + n if name in total else n
        return total


def of_inputs(planned: Plan, expected: Expectations) -> list[PlanRow]:
    """Return a row for each input."""
    rows = []
    for item in planned.recipe.inputs:
        kind = planned.kinds.named(item.kind)
        output = Output("", kind.name, kind.in_books, expected.values[item.name, ""])
        place = planned.recipe.source.hidden.in_text(
            item.annotations or item.checkpoint or item.file or ""
        )
        row = PlanRow(name=item.name, use=INPUT, what=place, outputs=(output,), sources={}, uses={})
        rows.append(row)
    return rows


def of_step(
    task: Task,
    session: Session,
    expected: Expectations,
    *,
    why: str,
    runs: bool,
    record: StepRecord | None,
    size: int | None,
) -> PlanRow:
    """Return the row of a step.

    Args:
        task: the step that is due.
        session: the plan with its run directory.
        expected: how much each step will give.
        why: why it will run, or not.
        runs: it will run.
        record: what it would record, where it lives in memory or is on disk.
        size: about how many bytes it will write.
    """
    step = task.step
    manifest = session.store.manifest(step.id)
    forecast = expected.forecasts.get(step.id)
    files: Span | None = forecast.files if forecast else Span()
    if not step.step.writes:
        files = Span.exact(record.files.count + len(task.terminal)) if record else None
    return PlanRow(
        name=step.id,
        use=step.step.name,
        what=told(step),
        runs=runs,
        why=why,
        sources=step.inputs,
        only_read=frozenset(port for port in step.inputs if step.step.input(port).reads_only),
        entered=expected.entered(step, flowing=True),
        read=_read(step, expected),
        outputs=tuple(
            Output(port, kind.name, kind.in_books, expected.values[step.id, port])
            for port, rule in step.outputs.items()
            for kind in [step.kinds[rule.kind]]
        ),
        uses=forecast.uses if forecast else {},
        files=files if runs else None,
        bytes=size,
        seconds=manifest.record.clock.seconds if manifest else None,
        last_bytes=_left(session, step.id, manifest) if manifest else None,
        table=record.notes.get("table") if record else None,
        silent=expected.silent.get(step.id, ""),
    )


def _left(session: Session, step: str, manifest: Manifest) -> int:
    """Return how many bytes the files of a committed step have; a lost one counts nothing."""
    folder = session.store.final(step)
    return sum(
        path.stat().st_size for path in map(folder.joinpath, manifest.files) if path.is_file()
    )


def _read(step: PlannedStep, expected: Expectations) -> Expected | None:
    """Return what a step reads that doesn't flow on."""
    if not any(step.step.input(port).reads_only for port in step.inputs):
        return None
    return expected.entered(step)


def as_json(row: PlanRow, **more: Any) -> dict[str, Any]:
    """Return the row of a step for programs.

    Args:
        row: the row.
        more: what else is known of the step, before the rest.
    """
    return {
        "step": row.name,
        "use": row.use,
        "runs": row.runs,
        "why": row.why,
        **more,
        "bytes": row.bytes,
        "what": row.what,
        "in": {
            port: [f"{name}.{out}" if out else name for name, out in refs]
            for port, refs in row.sources.items()
        },
        "expected": {one.port: one.expected for one in row.outputs if one.is_rows},
        "makes": {one.port: one.expected.others for one in row.outputs if one.expected.others},
        "uses": row.uses,
        "classes_gained": row.classes_gained(),
        "classes_lost": row.classes_lost(),
        "files": row.files,
        "seconds": row.seconds,
        "bytes_last_time": row.last_bytes,
    }
