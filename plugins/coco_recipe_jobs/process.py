"""Run a job in a process of its own: its crash, its memory and its threads stay there.

The job is a JSON file. The process runs in the step's folder, maybe under torchrun or srun, and
reports events (see `coco_recipe_jobs.events`) as lines of a file. It ends when its standard input
ends, so it never outlives the step, however that ends.

What the recipe took from the environment stands in no file: the job, its command line and its log
have ``${env:NAME}``, and the process reads its own environment.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from coco_recipe import StepContext, StepProblem, with_names
from coco_recipe_jobs import events
from coco_recipe_jobs.job import EVENTS, SCRATCH, WATCH, Job, Program, command

JOB = "job.json"
LOG = "train.log"
COMMAND = "command.txt"
POLL_SECONDS = 0.1
GRACE_SECONDS = 5.0
LAST_LINES = 8
_FAILED = re.compile(rb"\n +rank +: (\d+) .*\n +exitcode +: -(\d+) ")  # in torchrun's summary
PATH = "path"  # in the scratch folder: links to the code that the process imports
AGAIN = """\
# Does the job once more, in a new folder that it names at the end. Run it in this folder.
made=$(mktemp -d) && mkdir "$made/{path}" && ln -s {code} "$made/{path}" &&
for part in job.json data; do test ! -e "$part" || cp -r "$part" "$made"; done &&
(cd "$made" && PYTHONPATH="$made/{path}" {variables} \\
{line}) &&
echo "$made\""""
R = TypeVar("R")
_NAME = re.compile(r"\$\{env:(\w+)\}")


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
    begin = (folder / log).stat().st_size if (folder / log).is_file() else 0
    job = msgspec.structs.replace(job, lineage=ctx.lineage)
    describe(ctx, program, job)
    ctx.clock(folder / log)
    ctx.progress(0, 0, f"the log is {_shown(folder / log)}")
    heard = _Heard(ctx, folder / EVENTS)
    with (
        (folder / log).open("ab") as output,
        _started(command(program, job, JOB), folder, output, program, job) as process,
    ):
        while process.poll() is None:
            heard.listen()
            time.sleep(POLL_SECONDS)
        heard.listen()
    is_shared = process.returncode != 0 and job.launcher == "pytorch"
    if is_shared and (lost := _lost(folder / log, begin, told=heard.failed is not None)):
        rank, how = lost
        raise JobError(f"process {rank} of {job.gpus * job.nnodes} {how}", folder / log)
    if heard.failed:
        raise JobError(heard.failed.text, folder / log, problems=heard.failed.problems)
    if process.returncode != 0 or heard.done is None:
        raise JobError(_end_of(process.returncode), folder / log, lines=_last(folder / log))
    return msgspec.json.decode(heard.done.result, type=result)


def describe(ctx: StepContext, program: Program, job: Job) -> None:
    """Write ``job.json``, and ``command.txt``, a shell script that does the job.

    The script works in a new folder, so that what a step has committed stays as it is. Where
    several machines take part, it is the line that each runs in this folder while the step is at
    work, with its own ``--node_rank``.

    Args:
        ctx: the step's context.
        program: the code that does the job.
        job: what to do.
    """
    folder = ctx.workdir
    written = msgspec.json.encode(with_names(msgspec.to_builtins(job)))
    (folder / JOB).write_bytes(msgspec.json.format(written, indent=1))
    line = " ".join(map(_word, command(program, job, JOB)))
    variables = " ".join(f"{key}={_word(value)}" for key, value in _variables(program, job).items())
    if job.launcher == "pytorch" and job.nnodes > 1:
        path = _word(str((folder / SCRATCH / PATH).absolute()))
        script = f"PYTHONPATH={path} {variables} {line}"
    else:
        code = " ".join(_word(str(place)) for place in program.all_code())
        script = AGAIN.format(path=PATH, code=code, variables=variables, line=line)
    (folder / COMMAND).write_text(script + "\n", "utf-8")


def _word(text: str) -> str:
    """Return a text as one word of a shell, with the environment's names for its values."""
    parts = _NAME.split(with_names(text))  # every second is a name
    return "".join(
        f'"${part}"' if n % 2 else shlex.quote(part) if part or len(parts) == 1 else ""
        for n, part in enumerate(parts)
    )


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
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(folder, program, job),
            start_new_session=True,
        )
    except OSError as error:
        raise ValueError(f"can't start {arguments[0]}: {error.strerror}") from error
    log = _Log(process, output)
    log.start()
    try:
        yield process
    finally:
        _end(process)
        log.join(GRACE_SECONDS)
    if log.error:
        raise log.error


class _Log(threading.Thread):
    """Writes what a process prints into its log, without values of the environment."""

    def __init__(self, process: "subprocess.Popen[bytes]", output: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.process, self.output = process, output
        self.error: OSError | None = None

    def run(self) -> None:
        """Write line by line until the process has ended; it is never kept waiting."""
        assert self.process.stdout, "it is a pipe"
        for line in self.process.stdout:
            text = with_names(line.decode("utf-8", "surrogateescape"))
            try:
                self.output.write(text.encode("utf-8", "surrogateescape"))
                self.output.flush()
            except OSError as error:
                self.error = self.error or error


def _environment(folder: Path, program: Program, job: Job) -> dict[str, str]:
    """Return the variables of the process; another interpreter keeps its own libraries."""
    ours = str(_import_folder(folder / SCRATCH, program))
    theirs = "" if job.python else os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join(filter(None, [ours, theirs]))
    return dict(os.environ) | {"PYTHONPATH": path, WATCH: "1"} | _variables(program, job)


def _variables(program: Program, job: Job) -> dict[str, str]:
    """Return what a job sets for itself, wherever it is started."""
    variables = {
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",
        **program.environment,
    }
    if job.device == "cpu":
        variables["CUDA_VISIBLE_DEVICES"] = ""
    if job.deterministic:
        variables["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    return variables


def _import_folder(scratch: Path, program: Program) -> Path:
    """Make a folder that has the program's code and nothing else."""
    folder = (scratch / PATH).absolute()
    folder.mkdir(exist_ok=True)
    for code in program.all_code():
        link = folder / code.name
        link.unlink(missing_ok=True)
        link.symlink_to(code)
    return folder


def _shown(path: Path) -> str:
    """Return a path as a person in the current folder writes it."""
    path = path.absolute()
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _end(process: "subprocess.Popen[bytes]") -> None:
    below = [*_below(process.pid)] if process.poll() is None else []
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
    for handle in below:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)


def _below(pid: int) -> Iterator[int]:
    """Yield handles of the processes below one, on Linux.

    torchrun gives each of its processes a session of its own, which signals to its group don't
    reach, and one that is stopped (SIGSTOP) doesn't see the end of its input.
    """
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, thread.read_text().split()):
                yield from _below(child)
                yield os.pidfd_open(child)


def _end_of(code: int) -> str:
    """Say how a process ended that reported neither a result nor what went wrong."""
    how = _by_signal(-code) if code < 0 else f"ended with exit code {code}"
    return f"the process {how}"


def _by_signal(number: int) -> str:
    guess = " (out of memory?)" * (number == signal.SIGKILL)
    return f"was ended by {signal.Signals(number).name}{guess}"


def _lost(log: Path, begin: int, *, told: bool) -> tuple[int, str] | None:
    """Return which of torchrun's processes a signal has ended, and how; None where none was.

    The others then fail at their next exchange, and tell nothing but that.

    Args:
        log: what torchrun printed, with its summary of the processes that failed.
        begin: where in the log this job begins.
        told: whether a process has told what went wrong; the others may abort for that.
    """
    with log.open("rb") as file:
        file.seek(begin)
        found = [(int(rank), int(number)) for rank, number in _FAILED.findall(file.read())]
    lost = [(rank, n) for rank, n in found if not (told and n == signal.SIGABRT)]
    return (lost[-1][0], _by_signal(lost[-1][1])) if lost else None  # the last is the first seen


def _last(log: Path) -> str:
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return "\n".join(lines[-LAST_LINES:])
