"""The process of a job: read ``job.json``, do it, report what happens. Only a program calls it."""

import dataclasses
import importlib
import os
import platform
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Union

import msgspec

from coco_recipe import StepProblems, told, with_names, with_values
from coco_recipe_jobs import events
from coco_recipe_jobs.job import EVENTS, WATCH, Job

STOPPED = 143  # exit code of a process that was asked to end
Function = Callable[[Any, "Reporter"], object]
Work = Mapping[type[Job], Function | str]  # a name, "MODULE:FUNCTION", is imported when needed


class Reporter:
    """Writes events for the step that started the process.

    Attributes:
        first: whether this is the first of several processes; only that one reports progress,
            notes and the result.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(exist_ok=True)  # a person may have started this
        self.first = int(os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or 0) == 0

    def progress(
        self, done: int, total: int, text: str = "", figures: Mapping[str, float] | None = None
    ) -> None:
        """Report how far the job is; see `events.Progress`."""
        if self.first:
            self._write(events.Progress(done, total, text, dict(figures or {})))

    def note(self, key: str, value: object) -> None:
        """Put a JSON-like value into the record of the step."""
        if self.first:
            self._write(events.Note(key, events.raw(with_names(value))))

    def say(self, text: str) -> None:
        """Show something at once; it stands in the process's log, too."""
        if self.first:
            print(text, flush=True)
            self._write(events.Said(with_names(text)))

    def done(self, result: object) -> None:
        """Report the result."""
        if self.first:
            self._write(events.Done(events.raw(result)))

    def failed(self, error: BaseException, home: str) -> None:
        """Report what stopped the job; every process may.

        Args:
            error: what was raised.
            home: the package of the program, whose own errors need no type and place.
        """
        problems = tuple(
            dataclasses.replace(one, what=with_names(one.what), hint=with_names(one.hint))
            for one in (error.problems if isinstance(error, StepProblems) else ())
        )
        self._write(events.Failed(with_names(told(error, home)), problems))

    def _write(self, event: events.Event) -> None:
        with self.path.open("ab") as file:
            file.write(events.written(event))


def main(work: Work, *, libraries: Sequence[str] = ()) -> None:
    """Do the job that the first argument names, and end the process.

    Args:
        work: the function of every class of jobs. It gets the job and a `Reporter`, and returns the
            result, of plain values and Structs.
        libraries: import names; their versions are noted where another interpreter was asked for.
    """
    if os.environ.get(WATCH):  # unset where a person starts it, as on a second machine
        threading.Thread(target=_end_with_parent, daemon=True).start()
    code = do(Path(sys.argv[1]), work, libraries)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads and data loaders of libraries would keep the process


def do(path: Path, work: Work, libraries: Sequence[str] = ()) -> int:
    """Do the job in a file, in the current folder; return the exit code."""
    report = Reporter(Path(EVENTS))
    first = next(iter(work.values()))
    home = (first if isinstance(first, str) else first.__module__).partition(".")[0]
    try:
        job = read(path, tuple(work))
        if job.python:
            report.note("versions of python", _versions(libraries))
        report.done(_function(work[type(job)])(job, report))
    except BaseException as error:
        traceback.print_exc()
        report.failed(error, home)
        return 1
    return 0


def _function(work: Function | str) -> Function:
    if not isinstance(work, str):
        return work
    module, _, name = work.partition(":")
    found: Function = getattr(importlib.import_module(module), name)
    return found


def read(path: Path, kinds: Sequence[type[Job]]) -> Job:
    """Read a job; its key ``do`` says which of the classes it is of.

    Raises:
        ValueError: a key is unknown, missing or has a value of another type; names the file. A
            variable of the environment that it asks for isn't set.
    """
    try:
        data = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        # the lineage is told as it is written, with the names
        data = {key: part if key == "lineage" else with_values(part) for key, part in data.items()}
        job: Job = msgspec.convert(data, type=Union[tuple(kinds)])  # noqa: UP007
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path} is no job of this program: {error}") from error
    return job


def _versions(libraries: Sequence[str]) -> dict[str, str]:
    found = {
        name: str(getattr(importlib.import_module(name), "__version__", "")) for name in libraries
    }
    return {"executable": sys.executable, "python": platform.python_version(), **found}


def _end_with_parent() -> None:
    """End when standard input ends: the process that started this one has ended or asks for it."""
    try:
        while os.read(0, 4096):
            pass
    finally:
        os._exit(STOPPED)
