"""What a step hands to a process: the base of every job, and the program that does it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

J = TypeVar("J", bound="Job")
SCRATCH = ".job"  # a folder in the step's folder, removed at the end
EVENTS = f"{SCRATCH}/events.jsonl"
WATCH = "COCO_RECIPE_ENDS_WITH_STDIN"  # a variable: set where the process has a parent to watch
OURS = ("coco_recipe", "coco_recipe_jobs")  # what every such process imports


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """The part of a job that says where it runs; a trainer's jobs add what is to be done.

    A job is written to ``job.json`` and read by the process with the same class. A key that is
    unknown or missing, or has a value of another type, is an error there.

    Attributes:
        python: the interpreter, as an absolute path; None for the one that runs the recipe.
        device: where the model runs.
        deterministic: only deterministic algorithms of the GPU are used.
        launcher: what starts several processes: ``pytorch`` is torchrun, ``slurm`` is srun.
        gpus: processes on each machine.
        nnodes: machines.
        node_rank: the number of this machine, from 0 (launcher ``pytorch``).
        master_addr: the address of the first machine (launcher ``pytorch``).
        master_port: a free port of the first machine.
        partition: the partition of Slurm.
        lineage: what the result is made of, as JSON text, for the ``meta`` of checkpoints.
    """

    python: str | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    deterministic: bool = False
    launcher: Literal["none", "pytorch", "slurm"] = "none"
    gpus: int = 1
    nnodes: int = 1
    node_rank: int = 0
    master_addr: str | None = None
    master_port: int = 29500
    partition: str | None = None
    lineage: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """The code that does jobs, run as ``python -m MODULE job.json``.

    Attributes:
        module: its dotted name; it calls ``coco_recipe_jobs.child.main``.
        code: files and folders that the process imports beside the core and this package. They are
            all that it sees of this environment, if the job names another interpreter.
        environment: variables that the process must have before it imports its libraries.
    """

    module: str
    code: tuple[Path, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def all_code(self) -> tuple[Path, ...]:
        """Return everything that the process imports from here."""
        return (*map(folder_of, OURS), *self.code)


def folder_of(package: str) -> Path:
    """Return the folder of a package, which is imported for it."""
    return Path(str(import_module(package).__file__)).absolute().parent


def make(kind: type[J], params: Mapping[str, object], **more: object) -> J:
    """Make a job of a step's parameters.

    Args:
        kind: the job's class.
        params: the parameters by name; those that the class does not know are left out.
        more: further fields, all of which the class must know.

    Raises:
        msgspec.ValidationError: a field is missing, unknown or of another type.
    """
    fields = set(kind.__struct_fields__)
    known = {name: value for name, value in params.items() if name in fields}
    return msgspec.convert({**known, **more}, kind)


def command(program: Program, job: Job, job_file: str) -> list[str]:
    """Return the command line of a job: of one process, of torchrun or of srun.

    Args:
        program: the code that does it.
        job: says with which interpreter, launcher and machines.
        job_file: the path of the job's JSON.
    """
    python = job.python or sys.executable
    module = ["-m", program.module, job_file]
    if job.launcher == "pytorch":
        count = f"--nproc_per_node={job.gpus}"
        return [python, "-m", "torch.distributed.run", *_machines(job), count, *module]
    if job.launcher == "slurm":
        return ["srun", *_slurm_options(job), python, "-u", *module]
    return [python, *module]


def _machines(job: Job) -> list[str]:
    """Return the options of torchrun that say which machines take part."""
    if job.nnodes == 1:
        return ["--standalone"]
    return [
        f"--nnodes={job.nnodes}",
        f"--node_rank={job.node_rank}",
        f"--master_addr={job.master_addr}",
        f"--master_port={job.master_port}",
    ]


def _slurm_options(job: Job) -> list[str]:
    on_gpu = [f"--gres=gpu:{job.gpus}"] if job.device != "cpu" else []
    partition = [f"--partition={job.partition}"] if job.partition else []
    return [
        f"--nodes={job.nnodes}",
        f"--ntasks={job.nnodes * job.gpus}",
        f"--ntasks-per-node={job.gpus}",
        *on_gpu,
        *partition,
        "--kill-on-bad-exit=1",
        "--input=all",
    ]
