"""A trainer that learns nothing, as a plugin of one file: its step, its job and its process."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from coco_recipe_jobs import child, process
from coco_recipe_jobs.job import Job, Program, make
from coco_recipe_jobs.training_record import Record, clear, file_of, key_of

from coco_recipe import (
    Checkpoint,
    Dataset,
    Port,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
    hookimpl,
)

PROGRAM = Program("stub_trainer", (Path(__file__).absolute(),))
MOST_EPOCHS = 9


class StubJob(Job, frozen=True, kw_only=True, tag="train_stub"):
    """Count through some epochs; ``dies_at`` is the epoch in which the process dies."""

    key: str
    classes: tuple[str, ...]
    images: int
    epochs: int
    done: int = 0
    dies_at: int = 0
    login: str = ""


class Learnt(msgspec.Struct, frozen=True):
    """The loss of the last epoch."""

    loss: float


def learn(job: StubJob, report: child.Reporter) -> Learnt:
    """Write a file for each epoch that isn't there."""
    if job.epochs > MOST_EPOCHS:
        raise StepProblems(
            [StepProblem(("epochs",), f"are {job.epochs}", f"epochs: {MOST_EPOCHS}")]
        )
    record = Record(Path("."), job.key, "score")
    for epoch in range(job.done + 1, job.epochs + 1):
        if epoch == job.dies_at:
            raise SystemExit(f"died in epoch {epoch}, logged in as {job.login}")
        figures = {"loss": 1 / epoch}
        text = f"epoch {epoch}/{job.epochs}"
        report.progress(epoch * job.images, job.epochs * job.images, text, figures)
        weights = json.dumps({"epoch": epoch, "classes": job.classes}).encode()
        (record.checkpoints / file_of(epoch)).write_bytes(weights)
        (record.states / file_of(epoch)).write_bytes(weights)
        digest = hashlib.sha256(weights).hexdigest()
        record.saved(epoch, digest, digest)
        record.measured(epoch, {"score": epoch / 10})
    report.note("trained by", job.login or "nobody")
    report.say(f"nothing\nwas learnt{job.login and f' by {job.login}'}")
    return Learnt(1 / job.epochs)


def train_stub(
    ctx: StepContext, *, dataset: Dataset, epochs: int, dies_at: int, device: str, login: str
) -> Mapping[str, Checkpoint]:
    """Train nothing on a data set, and go on where an interrupted run of it has stopped."""
    if key_of(ctx.workdir) != ctx.key:
        clear(ctx.workdir)
    resumed = Record(ctx.workdir, ctx.key, "score").resume_from()
    job = make(
        StubJob,
        {"epochs": epochs, "device": device, "login": login},
        key=ctx.key,
        classes=tuple(category.name for category in dataset.categories),
        images=len(dataset.images),
        done=resumed[0] if resumed else 0,
        dies_at=0 if resumed else dies_at,
    )
    learnt = process.run(ctx, PROGRAM, job, Learnt)
    record = Record(ctx.workdir, ctx.key, "score")
    best = record.best() or epochs
    ctx.note("loss", learnt.loss)
    ctx.note("went on after epoch", job.done, this_run=True)
    process.tidy(ctx)
    path = record.checkpoints / record.epochs[best]
    made = Checkpoint(path, job.classes, record.data.fingerprints[best], f"epoch_{best}")
    return {"best": made}


PARAMS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["epochs"],
    "properties": {
        "epochs": {"type": "integer", "minimum": 1, "description": "How many.", "examples": [3]},
        "dies_at": {
            "type": "integer",
            "default": 0,
            "description": "The epoch in which the first try dies; 0 for none.",
            "examples": [2],
        },
        "login": {
            "type": "string",
            "default": "",
            "description": "Who trains.",
            "examples": ["${env:LOGIN}"],
        },
        "device": {
            "enum": ["auto", "cpu"],
            "default": "cpu",
            "description": "Where nothing runs.",
            "examples": ["cpu"],
        },
    },
}
STEP = Step(
    name="train_stub",
    run=train_stub,
    inputs={"dataset": Port(Dataset, reads_only=True)},
    outputs={"best": Checkpoint},
    params=PARAMS,
    writes=True,
    resumes=True,
)


@hookimpl
def coco_recipe_steps() -> Iterator[Step]:
    """Yield the step."""
    yield STEP


if __name__ == "__main__":
    child.main({StubJob: learn})
