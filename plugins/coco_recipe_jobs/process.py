"""Run a job in a process of its own: its crash, its memory and its threads stay there.

The job is a JSON file. The process runs in the step's folder, maybe under torchrun or srun, and
reports events (see `coco_recipe_jobs.events`) as lines of a file. It ends when its standard input
ends, so it never outlives the step, however that ends.
"""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from coco_recipe import StepContext, StepProblem
from coco_recipe_jobs import events
from coco_recipe_jobs.job import EVENTS, SCRATCH, WATCH, Job, Program, command

JOB = "job.json"
LOG = "train.log"
COMMAND = "command.txt"
POLL_SECONDS = 0.1
GRACE_SECONDS = 5.0
LAST_LINES = 8
R = TypeVar("R")


class JobError(ValueError):
    """A job that failed.

    Attributes:
        what: what went wrong, without the place of the log.
        problems: the same by key path, where parameters of the step are at fault.
        log: the file with what the process printed.
    """

    def __init__(
        self, what: str, log: Path, *, problems: Sequence[StepProblem] = (), lines: str = ""
    ) -> None:
        self.what = f"{what}; its last lines:\n{lines}" if lines else what
        self.problems = tuple(problems)
        self.log = log
        end = f"; the log is {log}, its last lines:\n{lines}" if lines else f" (the log is {log})"
        super().__init__(what + end)


def run(ctx: StepContext, program: Program, job: Job, result: type[R], *, log: str = LOG) -> R:
    """Run a job in ``ctx.workdir`` and return its result; progress and notes go to ``ctx``.

    Args:
        ctx: the step's context.
        program: the code that does the job.
        job: what to do.
        result: the type of the result, which is read from JSON.
        log: name of the file that takes what the process prints; it is appended to.

    Raises:
        JobError: the job failed; with its last words and the place of the log.
    """
    folder = ctx.workdir
    (folder / SCRATCH).mkdir(parents=True, exist_ok=True)
    (folder / EVENTS).unlink(missing_ok=True)
    (folder / JOB).write_bytes(msgspec.json.format(msgspec.json.encode(job), indent=1))
    arguments = command(program, job, JOB)
    (folder / COMMAND).write_text(shlex.join(arguments) + "\n", "utf-8")
    heard = _Heard(ctx, folder / EVENTS)
    with (
        (folder / log).open("ab") as output,
        _started(arguments, folder, output, program, job) as process,
    ):
        while process.poll() is None:
            heard.listen()
            time.sleep(POLL_SECONDS)
        heard.listen()
    if heard.failed:
        raise JobError(heard.failed.text, folder / log, problems=heard.failed.problems)
    if process.returncode != 0 or heard.done is None:
        raise JobError(_end_of(process.returncode), folder / log, lines=_last(folder / log))
    return msgspec.json.decode(heard.done.result, type=result)


def tidy(ctx: StepContext) -> None:
    """Remove what only the process needed."""
    shutil.rmtree(ctx.workdir / SCRATCH)


class _Heard:
    """The events of a job so far: progress and notes are passed on, the end is kept."""

    def __init__(self, ctx: StepContext, path: Path) -> None:
        self.ctx = ctx
        self.path = path
        self.bytes_read = 0
        self.failed: events.Failed | None = None
        self.done: events.Done | None = None

    def listen(self) -> None:
        """Take in the whole lines that are new."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            file.seek(self.bytes_read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self.bytes_read += len(whole)
        for line in whole.splitlines():
            self._take(events.read(line))

    def _take(self, event: events.Event) -> None:
        match event:
            case events.Progress(done, total, text, figures):
                self.ctx.progress(done, total, text, figures=figures)
            case events.Note(key, value):
                self.ctx.note(key, msgspec.json.decode(value))
            case events.Said(text):
                self.ctx.say(text)
            case events.Failed():
                self.failed = self.failed or event
            case events.Done():
                self.done = self.done or event


@contextlib.contextmanager
def _started(
    arguments: Sequence[str], folder: Path, output: IO[bytes], program: Program, job: Job
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start the process in a session of its own; it and its children are ended on the way out.

    Raises:
        ValueError: it can't be started.
    """
    try:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(folder, program, job),
            start_new_session=True,
        )
    except OSError as error:
        raise ValueError(f"can't start {arguments[0]}: {error.strerror}") from error
    try:
        yield process
    finally:
        _end(process)


def _environment(folder: Path, program: Program, job: Job) -> dict[str, str]:
    """Return the variables of the process; another interpreter keeps its own libraries."""
    ours = str(_import_folder(folder / SCRATCH, program))
    theirs = "" if job.python else os.environ.get("PYTHONPATH", "")
    environment = dict(os.environ) | {
        "PYTHONPATH": os.pathsep.join(filter(None, [ours, theirs])),
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",
        WATCH: "1",
        **program.environment,
    }
    if job.device == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = ""
    if job.deterministic:
        environment["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    return environment


def _import_folder(scratch: Path, program: Program) -> Path:
    """Make a folder that has the program's code and nothing else."""
    folder = (scratch / "path").absolute()
    folder.mkdir(exist_ok=True)
    for code in program.all_code():
        link = folder / code.name
        link.unlink(missing_ok=True)
        link.symlink_to(code)
    return folder


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin:
        process.stdin.close()  # the signal for every process of the job
    with contextlib.suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what it may have left behind


def _end_of(code: int) -> str:
    """Say how a process ended that reported neither a result nor what went wrong."""
    if code == -signal.SIGKILL:
        return "the process was ended by SIGKILL (out of memory?)"
    if code < 0:
        return f"the process was ended by {signal.Signals(-code).name}"
    return f"the process ended with exit code {code}"


def _last(log: Path) -> str:
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return "\n".join(lines[-LAST_LINES:])
