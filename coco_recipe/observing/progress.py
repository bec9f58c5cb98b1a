"""Show a run on stderr while it goes on: the observer of the command line and of notebooks."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coco_recipe import events
from coco_recipe.errors import counted
from coco_recipe.manifest import StepRecord
from coco_recipe.observing import summary
from coco_recipe.terminal import raw, safe

if TYPE_CHECKING:
    import rich.progress

PAGE = "report.html"
FIGURES = 5  # so many of a step's figures are shown


@dataclass(frozen=True, slots=True)
class Pace:
    """How much of a step was done at a time in seconds, from which what is left is told."""

    done: int
    at: float

    def left(self, done: int, total: int) -> float:
        """Return the seconds that are left; 0 where nothing tells."""
        gone = done - self.done
        return (time.monotonic() - self.at) / gone * (total - done) if gone > 0 else 0.0


class Display:
    """Shows a run on stderr: a live bar on a terminal, plain lines elsewhere.

    Args:
        quiet: show only what is wrong with an observer or a reporter.
        tenths: where there is no bar, show a line for each ten percent of a step.
        quick_seconds: what is done sooner shows no tenths.
    """

    def __init__(
        self, *, quiet: bool = False, tenths: bool = False, quick_seconds: float = 0.0
    ) -> None:
        self.quiet = quiet
        self.tenths = tenths
        self.quick_seconds = quick_seconds
        self.pace: Pace | None = None
        self.shown_tenths = 0
        self.ids: tuple[str, ...] = ()
        self.began = time.monotonic()
        self.records: dict[str, StepRecord] = {}
        self.ran = self.warnings = 0
        self.told_of_page = False
        self.bar: rich.progress.Progress | None = None

    def __enter__(self) -> "Display":
        if sys.stderr.isatty() and not self.quiet:
            self.bar = _bar()
            self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar:
            self.bar.stop()

    def __call__(self, event: events.Event) -> None:
        """Show an event."""
        if isinstance(event, events.RunStarted):
            self.ids = event.steps
        if isinstance(event, events.StepDone | events.StepReused):
            self.records[event.record.step] = event.record
            self.ran += isinstance(event, events.StepDone)
        self.told_of_page |= isinstance(event, events.Reported | events.ReporterFailed)
        self.warnings += isinstance(event, events.Found) and not event.stops
        if isinstance(event, events.StepStarted):
            self.shown_tenths, self.pace = 0, None
        if isinstance(event, events.ObserverFailed | events.ReporterFailed):
            self.line(f"warning: {event}")
        elif self.quiet:
            return
        elif isinstance(event, events.Progress):
            self.progress(event)
        else:
            self.line(self.words(event))

    def words(self, event: events.Event) -> str:
        """Return what is shown of an event; nothing for one that something else tells."""
        match event:
            case events.StepStarted():
                return f"{self.number(event.step)}  runs: {event.reason}"
            case events.StepDone():
                return f"{self.number(event.step)}  done: {summary.of_step(event.record)}"
            case events.StepReused():
                return f"{self.number(event.step)}  unchanged, reused"
            case events.Found() if not event.stops:
                return f"warning: {event.finding}"
            case events.Noted():
                return f"note: {event.text}"
            case events.Reported():
                return f"report: {event.path}"
        return ""

    def ended(self, folder: Path) -> str:
        """Return a line for the end of a run: time, steps, rows, warnings, and where its page is.

        Args:
            folder: the run directory.
        """
        seconds = time.monotonic() - self.began
        reused = len(self.records) - self.ran
        told = [f"{counted(self.ran, 'step')} run, {reused} reused"]
        told += summary.of_result(self.records[self.ids[-1]]) if self.ids else []
        told += [counted(self.warnings, "warning")] if self.warnings else []
        page = folder / PAGE
        told += [f"report: {page}"] if page.is_file() and not self.told_of_page else []
        return f"done in {summary.duration(seconds)}: {'; '.join(told)}"

    def number(self, step: str) -> str:
        """Return a step's number among all, and its id."""
        return f"[{self.ids.index(step) + 1}/{len(self.ids)}] {step}"

    def progress(self, event: events.Progress) -> None:
        """Move the bar, or write a line if the next ten percent are done.

        A step that doesn't know how much there is has something to say: it stands in a line.
        """
        text = safe(f"{event.step}  {event.status(FIGURES)}".rstrip())
        if not event.total:
            self.line(text if event.text else "")
        elif self.bar:
            task = self.bar.task_ids[-1] if self.bar.task_ids else self.bar.add_task(event.step)
            self.bar.update(task, description=text, completed=event.done, total=event.total)
        elif self.tenths:
            self.tenth(event, text)

    def tenth(self, event: events.Progress, text: str) -> None:
        """Write a line if the next ten percent of a step are done, with the time that is left."""
        self.pace = self.pace or Pace(event.done, time.monotonic())
        tenths = 10 * event.done // event.total
        if tenths <= self.shown_tenths or time.monotonic() - self.pace.at < self.quick_seconds:
            return
        self.shown_tenths = tenths
        left = self.pace.left(event.done, event.total)
        eta = f"  ETA {_clock(left)}" if left >= 1 else ""
        sys.stderr.write(f"{event.step}  {10 * tenths} %{text[len(event.step) :]}{eta}\n")

    def line(self, line: str) -> None:
        """Write a line above the bar."""
        if not line:
            return
        line = safe(line)
        if self.bar:
            self.bar.console.print(line, markup=False, highlight=False)
        else:
            sys.stderr.write(line + "\n")


def _clock(seconds: float) -> str:
    """Return a time as h:mm:ss, or m:ss below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _bar() -> "rich.progress.Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(file=raw(sys.stderr)),
        transient=True,
    )
