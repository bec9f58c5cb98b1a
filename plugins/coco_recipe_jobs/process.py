"""Run a job in a process of its own: its crash, its memory and its threads are not ours.

The job is a JSON file; the process is ``python -m coco_recipe_mmdet.inside.job JOB.json`` in the step's folder, maybe under
torchrun or srun. It tells events (progress, notes, its result, what is wrong) as JSON lines in a file. It ends when its
standard input ends: so it never outlives us, however we end.
"""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coco_recipe import StepContext

SCRATCH, JOB, EVENTS, LOG, COMMAND = (
    ".job",
    "job.json",
    ".job/events.jsonl",
    "train.log",
    "command.txt",
)
WATCH = "COCO_RECIPE_ENDS_WITH_STDIN"
GRACE_SECONDS = 5.0
_PACKAGES = ("coco_recipe", "coco_recipe_jobs", "coco_recipe_torch", "coco_recipe_mmdet")


def run(ctx: StepContext, job: Mapping[str, Any], *, log: str = LOG) -> Any:
    """Run a job in ``ctx.workdir`` and return its result; progress and notes go to ``ctx``.

    Args:
        ctx: the step's context.
        job: what to do; ``job["do"]`` names it, ``python``, ``launcher``, ``gpus``, ... say with what.
        log: name of the file that takes what the process prints; it is appended to.

    Raises:
        ValueError: the job failed; with its last words, and the place of the log.
    """
    folder = ctx.workdir
    (folder / SCRATCH).mkdir(parents=True, exist_ok=True)
    events = folder / EVENTS
    events.unlink(missing_ok=True)
    (folder / JOB).write_text(json.dumps(job, ensure_ascii=False, indent=1), "utf-8")
    arguments = command(job, JOB)
    (folder / COMMAND).write_text(shlex.join(arguments) + "\n", "utf-8")
    result: dict[str, Any] = {}
    with (folder / log).open("ab") as output, _started(arguments, folder, output, job) as process:
        seen = 0
        while True:
            ended = process.poll() is not None
            seen = _tell(ctx, events, seen, result)
            if ended:
                break
            time.sleep(0.1)
    if process.returncode != 0 or "error" in result or "result" not in result:
        raise ValueError(_last_words(process.returncode, result, folder / log))
    return result["result"]


def tidy(ctx: StepContext) -> None:
    """Remove what only the process needed."""
    shutil.rmtree(ctx.workdir / SCRATCH)


def command(job: Mapping[str, Any], job_file: str) -> list[str]:
    """Return the command line of a job, as for one process, torchrun or srun."""
    python = job.get("python") or sys.executable
    launcher, gpus, nodes = (
        job.get("launcher", "none"),
        int(job.get("gpus", 1)),
        int(job.get("nnodes", 1)),
    )
    module = ["-m", "coco_recipe_mmdet.inside.job", job_file]
    if launcher == "pytorch":
        place = (
            ["--standalone"]
            if nodes == 1
            else [
                f"--nnodes={nodes}",
                f"--node_rank={job.get('node_rank', 0)}",
                f"--master_addr={job['master_addr']}",
                f"--master_port={job.get('master_port', 29500)}",
            ]
        )
        return [python, "-m", "torch.distributed.run", *place, f"--nproc_per_node={gpus}", *module]
    if launcher == "slurm":
        on_gpu = [f"--gres=gpu:{gpus}"] if job.get("device") != "cpu" else []
        return [
            "srun",
            f"--nodes={nodes}",
            f"--ntasks={nodes * gpus}",
            f"--ntasks-per-node={gpus}",
            *on_gpu,
            *([f"--partition={job['partition']}"] if job.get("partition") else []),
            "--kill-on-bad-exit=1",
            "--input=all",
            python,
            "-u",
            *module,
        ]
    return [python, *module]


@contextlib.contextmanager
def _started(
    arguments: Sequence[str], folder: Path, output: Any, job: Mapping[str, Any]
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process in a session of its own; when we leave, however, it and its children are ended."""
    ours, theirs = str(_import_folder(folder / SCRATCH)), os.environ.get("PYTHONPATH", "")
    paths = os.pathsep.join([ours, *([theirs] if theirs and not job.get("python") else [])])
    environment = dict(os.environ) | {
        "PYTHONPATH": paths,
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",
        WATCH: "1",
        "NO_ALBUMENTATIONS_UPDATE": "1",
    }
    if job.get("device") == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = ""
    if job.get("deterministic"):
        environment["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    try:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise ValueError(f"can't start {arguments[0]}: {error.strerror}") from error
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
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


def _import_folder(scratch: Path) -> Path:
    """Make a folder that has our packages and nothing else, so that another environment keeps its own libraries."""
    folder = (scratch / "path").absolute()
    folder.mkdir(exist_ok=True)
    for name in _PACKAGES:
        link = folder / name
        link.unlink(missing_ok=True)
        __import__(name)
        link.symlink_to(Path(str(sys.modules[name].__file__)).absolute().parent)
    return folder


def _tell(ctx: StepContext, events: Path, seen: int, result: dict[str, Any]) -> int:
    """Pass on the events that are new; return how many bytes of the file are known."""
    if not events.is_file():
        return seen
    with events.open("rb") as file:
        file.seek(seen)
        lines = file.read()
    whole = lines[: lines.rfind(b"\n") + 1]
    for line in whole.splitlines():
        event = json.loads(line)
        if event["event"] == "progress":
            ctx.progress(event["done"], event["total"], event["text"])
        elif event["event"] == "note":
            ctx.note(event["key"], event["value"])
        else:
            result.setdefault(event["event"], event["value"])
    return seen + len(whole)


def _last_words(code: int, result: Mapping[str, Any], log: Path) -> str:
    if "error" in result:
        return f"{result['error']} (the log is {log})"
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()][-8:]
    how = f"ended with exit code {code}"
    if code < 0:
        how = f"was ended by {signal.Signals(-code).name}" + " (out of memory?)" * (
            code == -signal.SIGKILL
        )
    return f"the process {how}; the log is {log}, its last lines:\n" + "\n".join(lines)
