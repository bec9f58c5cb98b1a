"""What a run tells its observers: one frozen record for each thing that happens.

The order of a run: `RunStarted`, findings of its inputs, then for each step either `StepReused` or
`StepStarted`, any number of `Progress`, and `StepDone` or `StepFailed`; at last `RunEnded`.
`Found`, `Noted`, `ObserverFailed` and `ReporterFailed` may come anywhere between; `Reported` comes
when all steps are done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from coco_recipe.findings import Finding, Row
from coco_recipe.manifest import StepRecord
from coco_recipe.read_only import ReadOnlyDict, read_only


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run has begun to read its inputs.

    Attributes:
        recipe: the recipe's name.
        folder: the run directory.
        steps: ids of all steps, in the recipe's order.
    """

    recipe: str
    folder: Path
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step is made.

    Attributes:
        step: its id.
        reason: why it is made.
    """

    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A step says how far it is.

    Attributes:
        step: its id.
        done: how much is done, from 0 to ``total``.
        total: how much there is; 0 where that isn't known.
        figures: numbers by name, as ``{"loss": 0.31}``; the most telling ones first.
        text: a line for people, beside the figures.
    """

    step: str
    done: int
    total: int
    figures: Mapping[str, float] = field(default_factory=ReadOnlyDict)
    text: str = ""

    def status(self, most: int | None = None) -> str:
        """Return the text and the figures, or the first few of them, in a line."""
        shown = list(self.figures.items())[:most]
        return "  ".join(filter(None, (self.text, *(f"{name} {n:.4g}" for name, n in shown))))


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step was made and is committed.

    Attributes:
        step: its id.
        record: what it did, as in its manifest.
    """

    step: str
    record: StepRecord


@dataclass(frozen=True, slots=True)
class StepReused:
    """A step is unchanged, and what an earlier run made of it stands.

    Attributes:
        step: its id.
        record: what it did then, as in its manifest.
    """

    step: str
    record: StepRecord


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step failed, which ends the run.

    Attributes:
        step: its id.
        problem: what went wrong, in words.
        traceback: the traceback with those of workers; empty where findings stopped the step.
        log: the file that says more of it; None where there is none.
    """

    step: str
    problem: str
    traceback: str = ""
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Something is wrong, or worth knowing, with rows of an input or of a step.

    Attributes:
        finding: the finding, with the severity that the recipe chose.
        stops: whether the run ends because of it.
    """

    finding: Finding
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to know about the files of the run, or what a step shows while it runs.

    Attributes:
        text: what, in words.
    """

    text: str


@dataclass(frozen=True, slots=True)
class ObserverFailed:
    """An observer failed, and is told nothing more of this run.

    Attributes:
        observer: its name.
        problem: what it raised, in words.
        traceback: the traceback.
    """

    observer: str
    problem: str
    traceback: str

    def __str__(self) -> str:
        return f"observer {self.observer} failed, and is told nothing more: {self.problem}"


@dataclass(frozen=True, slots=True)
class Reported:
    """A reporter wrote a file about the run.

    Attributes:
        path: the file.
    """

    path: Path


@dataclass(frozen=True, slots=True)
class ReporterFailed:
    """A reporter failed; the run goes on without what it would have written.

    Attributes:
        reporter: its name.
        problem: what it raised, in words.
        traceback: the traceback.
    """

    reporter: str
    problem: str
    traceback: str

    def __str__(self) -> str:
        return f"reporter {self.reporter} failed, and the run has no page of it: {self.problem}"


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run is over, however it ended.

    Attributes:
        outcome: done, failed, or interrupted (Ctrl-C).
        ran: ids of the steps that were made.
        reused: ids of the steps that were unchanged.
        problem: what went wrong, in words; empty where nothing did.
    """

    outcome: Literal["done", "failed", "interrupted"]
    ran: tuple[str, ...] = ()
    reused: tuple[str, ...] = ()
    problem: str = ""


Event = (
    RunStarted
    | StepStarted
    | Progress
    | StepDone
    | StepReused
    | StepFailed
    | Found
    | Noted
    | ObserverFailed
    | Reported
    | ReporterFailed
    | RunEnded
)
Observer = Callable[[Event], None]


def found(finding: Finding, *, stops: bool) -> Found:
    """Return the event of a finding: its values can't be changed; its pictures are left out."""
    rows = tuple(Row(row.name, read_only(row.value), row.file_name) for row in finding.first)
    return Found(replace(finding, first=rows, pictures=ReadOnlyDict()), stops)


def done(record: StepRecord) -> StepDone:
    """Return the event of a step that was made, with a record that can't be changed."""
    return StepDone(record.step, read_only(record))


def reused(record: StepRecord) -> StepReused:
    """Return the event of a step that was unchanged, with a record that can't be changed."""
    return StepReused(record.step, read_only(record))
