"""Step ``train``: train a detector with mmdet, in a process of its own."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from coco_recipe_jobs import process
from coco_recipe_jobs.job import make
from coco_recipe_jobs.training_record import Record, clear, key_of
from msgspec.structs import replace

from coco_recipe import (
    Checkpoint,
    Dataset,
    Facts,
    FactsByPort,
    Package,
    Params,
    Port,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
    counted,
    missing_pictures,
)
from coco_recipe_mmdet import configs, datasets, params, plans, preflights
from coco_recipe_mmdet.jobs import PROGRAM, Looked, TrainJob
from coco_recipe_mmdet.train_params import PARAMS
from coco_recipe_mmdet.with_checkpoints import ADAPT

LISTED = 5


def train(
    ctx: StepContext,
    *,
    train: Dataset,
    val: Dataset | None,
    checkpoint: Checkpoint | None,
    **with_: Any,
) -> Mapping[str, Checkpoint | tuple[Checkpoint, ...]]:
    """Train a detector.

    Class names, their order and every ``num_classes`` of the model come from the data set
    ``train``, and so do files and filters of the config; what was changed is in the record. The
    step's folder has ``config.py`` (the resolved config, which mmdet's own test tool takes),
    ``train.log``, ``scalars.jsonl`` (one line an iteration and a validation), ``results.csv`` and
    ``curves.png`` (the same by epoch, with times and memory in the table), ``first_batch.png`` (as
    the pipeline made it), ``command.txt`` with its ``job.json``, and in ``data/`` what mmdet was
    given. With ``val``, what the best epoch found is drawn: ``predictions.png`` (the worst and the
    best pictures, beside the truth), ``confusion.png``, ``precision_recall.png`` and ``f1.png``.
    ``checkpoints`` are weights without optimizer, labelled
    ``epoch_N``; ``checkpoint`` is the last of them, ``best`` the one with the highest ``best_by``
    on ``val``, and without ``val`` the last.

    Interrupted, the same command goes on from the newest checkpoint that is whole. With
    ``workers: 0`` on a CPU the result is that of an uninterrupted training.

    Args:
        ctx: the step's context.
        train: the pictures to learn from.
        val: those to measure on after epochs.
        checkpoint: the weights to start from; None for the config's own start.
        with_: the parameters, by name.

    Returns:
        ``checkpoint``, ``checkpoints`` and ``best``.

    Raises:
        ValueError: mmdet would use no box; the classes of val differ; the config doesn't fit; the
            training failed.
    """
    classes = datasets.class_names(train)
    used, without_masks = check_data(
        ctx, train, val, empty_images=with_["empty_images"], best_by=with_["best_by"]
    )
    state = _resumed(ctx, with_["best_by"])
    datasets.write_for_mmdet(train, ctx.workdir / "data/train.json", classes)
    if val:
        datasets.write_for_mmdet(val, ctx.workdir / "data/val.json", classes)
    job = make(
        TrainJob,
        with_,
        key=ctx.key,
        classes=classes,
        val=val is not None,
        without_masks=without_masks,
        images=used.images,
        checkpoint=str(checkpoint.path.absolute()) if checkpoint else None,
        resume=str(state.relative_to(ctx.workdir)) if state else None,
        config=configs.absolute(with_["config"]),
        seed=ctx.seed % 2**31 if with_["seed"] is None else with_["seed"],
    )
    process.run(ctx, PROGRAM, job, type(None))
    process.describe(ctx, PROGRAM, replace(job, resume=None))
    for name in ("results.csv", "trackers"):
        ctx.clock(ctx.workdir / name)
    skipped = datasets.told(used)
    images = counted(used.images, "image")
    boxes = counted(used.boxes, "box")
    told = f"trained on {images} and {boxes} of {counted(len(classes), 'class')}"
    told += f", not on {skipped}" * bool(skipped)
    record = Record(ctx.workdir, ctx.key, with_["best_by"])
    return _outputs(ctx, record, classes, is_measured=val is not None, told=told)


def _resumed(ctx: StepContext, best_by: str) -> Path | None:
    """Return the state of an interrupted training to go on from; else empty the folder."""
    if key_of(ctx.workdir) != ctx.key:
        clear(ctx.workdir)
    found = Record(ctx.workdir, ctx.key, best_by).resume_from()
    if found is None:
        return None
    epoch, state = found
    ctx.note("resumed after epoch", epoch, this_run=True)
    return state


def check_data(
    ctx: StepContext,
    train: Dataset,
    val: Dataset | None,
    *,
    empty_images: bool,
    best_by: str = "",
) -> tuple[datasets.Usage, str]:
    """Put on record what mmdet will use of the data, and what it would skip and why.

    Args:
        ctx: the step's context.
        train: the pictures to learn from.
        val: those to measure on.
        empty_images: whether pictures without boxes are used.
        best_by: the metric that picks the best.

    Returns:
        What of ``train`` is used, and which boxes of both have no segmentation, in words.

    Raises:
        ValueError: there is nothing to train on or to measure on; the classes of val differ; a
            picture is missing.
    """
    used = datasets.usage(train, training=True, empty_images=empty_images)
    without_masks = [datasets.without_masks(used, "train")]
    problems = []
    ctx.note("train_uses", used.record())
    if not used.boxes:
        problems.append(datasets.nothing_learnt(train, used))
    if val:
        names = datasets.class_names(val)
        problems += datasets.same_classes(datasets.class_names(train), names, "val", "train")
        found = datasets.usage(val, training=False)
        ctx.note("val_uses", found.record())
        without_masks.append(datasets.without_masks(found, "val"))
        if not found.boxes:
            problems.append(datasets.nothing_measured(val, "val"))
        elif what := datasets.nothing_of_size(val, best_by, "val"):
            problems.append(what)
    for name, dataset in (("train", train), ("val", val)):
        if dataset and (missing := missing_pictures({name: dataset})):
            problems.append(missing)
    if problems:
        raise ValueError("; ".join(problems))
    return used, ", ".join(filter(None, without_masks))


def _outputs(
    ctx: StepContext, record: Record, classes: tuple[str, ...], *, is_measured: bool, told: str
) -> dict[str, Checkpoint | tuple[Checkpoint, ...]]:
    """Return the checkpoints, and leave only the outputs in the folder."""
    best = record.best() if is_measured else None
    found = {}
    for epoch, name in record.epochs.items():
        path = record.checkpoints / name
        ctx.wrote(path, record.data.checkpoints[epoch])
        fingerprint = record.data.fingerprints[epoch]
        found[epoch] = Checkpoint(path, classes, fingerprint, f"epoch_{epoch}")
    last = max(found)
    figure = ""
    if best:
        value = record.best_value(best)
        ctx.note("best", {"epoch": best, record.data.best_by: value})
        figure = f", best epoch_{best} ({record.data.best_by} {value:.3f})"
    else:
        ctx.note("best", {"epoch": last, "why": "the last: there is no val"})
    ctx.note("metrics", {f"epoch_{epoch}": values for epoch, values in record.metrics.items()})
    ctx.note("summary", f"{counted(len(found), 'checkpoint')}{figure}; {told}")
    process.tidy(ctx)
    return {
        "checkpoint": found[last],
        "checkpoints": tuple(found.values()),
        "best": found[best or last],
    }


def foresee(with_: Params, facts: FactsByPort) -> Mapping[str, Facts]:
    """Return which classes and labels the checkpoints will have.

    Raises:
        StepProblems: val or the starting checkpoint has other classes; there is no val to stop by.
    """
    if with_.get("early_stopping") and "val" not in facts:
        what = "a training that ends early needs an input 'val' to measure on"
        raise StepProblems([StepProblem(("early_stopping",), what, "in: {val: ..., train: ...}")])
    if with_.get("val_interval") and "val" not in facts:
        what = "without an input 'val' there are no validations"
        raise StepProblems([StepProblem(("val_interval",), what, "in: {val: ..., train: ...}")])
    if with_.get("more_epochs") and "checkpoint" not in facts:
        what = "there is no checkpoint to go on with"
        hint = "in: {checkpoint: <the step that has trained it>.checkpoint, ...}"
        raise StepProblems([StepProblem(("more_epochs",), what, hint)])
    classes = facts["train"].classes
    if classes is not None:
        StepProblems.if_any(_other_classes(classes, facts, strict=with_["strict"]))
    labels = _labels(with_)
    size = plans.bytes_of(facts)
    return {
        "checkpoint": Facts(classes, labels=labels[-1:] if labels else None, bytes=size),
        "best": Facts(classes, bytes=size),
        "checkpoints": Facts(classes, labels=labels, bytes=size),
    }


def examine(
    with_: Params, facts: FactsByPort, values: Callable[[], Mapping[str, Any] | None]
) -> None:
    """Look for a box to learn and one to measure against, where the rows are known before the run.

    Raises:
        StepProblems: there is none.
    """
    if rows := values():
        StepProblems.if_any(_without_box(rows.get("train"), rows.get("val"), with_))


def _without_box(
    train: Dataset | None, val: Dataset | None, with_: Params
) -> Iterator[StepProblem]:
    if train and not datasets.has_box(train, training=True):
        used = datasets.usage(train, training=True, empty_images=with_["empty_images"])
        what = datasets.nothing_learnt(train, used)
        yield StepProblem(("train",), what, datasets.NO_BOX, below="in")
    if val and not datasets.has_box(val, training=False):
        what = datasets.nothing_measured(val, "val")
        hint = f"{datasets.NO_BOX}; or leave val out"
        yield StepProblem(("val",), what, hint, below="in")
    elif val and (what := datasets.nothing_of_size(val, with_["best_by"], "val")):
        yield StepProblem(("best_by",), what, "leave it out, or name a metric of all sizes")


def preflight(ctx: StepContext, with_: Params, facts: FactsByPort) -> None:
    """See whether config and parameters go together.

    Raises:
        StepProblems: they don't.
    """
    look(ctx, tried(with_, facts))


def tried(with_: Params, facts: FactsByPort) -> TrainJob:
    """Return the job of a training that isn't due yet, as it is tried."""
    return make(
        TrainJob,
        with_,
        key="",
        classes=facts["train"].classes or preflights.UNKNOWN_CLASSES,
        val="val" in facts,
        images=facts["train"].images or 0,
        checkpoint="the step's input" if "checkpoint" in facts else None,
        config=configs.absolute(with_["config"]),
        seed=0,
    )


def look(ctx: StepContext, job: TrainJob) -> Looked:
    """Look at a training that isn't due yet.

    Raises:
        StepProblems: config and parameters don't go together.
    """
    return preflights.run(ctx, job)


def _other_classes(
    classes: tuple[str, ...], facts: Mapping[str, Facts], *, strict: bool
) -> Iterator[StepProblem]:
    for port, hint in (("val", ""), ("checkpoint", ADAPT)):
        other = facts.get(port, Facts()).classes
        if other and (strict or port == "val"):
            differ = list(datasets.same_classes(classes, other, f"'{port}'", "the training set"))
            if not differ and port == "checkpoint" and other != classes:
                names = ", ".join(other[:LISTED])
                differ = [
                    f"'checkpoint' has the training set's classes in another order ({names}, ...)"
                ]
            yield from (StepProblem((port,), what, hint, below="in") for what in differ[:1])


def _labels(with_: Params) -> tuple[str, ...] | None:
    """Return the labels of the kept epochs; None where the config or the metric decides."""
    last = with_.get("more_epochs") or with_.get("epochs")
    if last is None or with_["keep"] or with_.get("early_stopping"):
        return None
    interval = with_["checkpoint_interval"]
    return tuple(f"epoch_{n}" for n in range(1, last + 1) if n % interval == 0 or n == last)


def _check(with_: Params) -> Iterator[StepProblem]:
    yield from configs.problems(with_)
    if isinstance(ema := with_.get("ema"), float) and ema > 0.5:
        what = f"is the share of the newest weights: {ema} keeps less than half of those before"
        yield StepProblem(("ema",), what, f"ema: {1 - ema:.6g}, where {ema} was to be kept")
    if with_["launcher"] == "none" and (with_["gpus"] > 1 or with_["nnodes"] > 1):
        yield StepProblem(("gpus",), "several processes need a launcher", "launcher: pytorch")
    if with_["launcher"] == "pytorch" and with_["nnodes"] > 1 and not with_.get("master_addr"):
        what = "the address of the first machine is missing"
        yield StepProblem(("nnodes",), what, "master_addr: 10.1.1.1")
    for name, launcher in (
        ("partition", "slurm"),
        ("node_rank", "pytorch"),
        ("master_addr", "pytorch"),
    ):
        if with_.get(name) and with_["launcher"] != launcher:
            what = f"launcher: {with_['launcher']} has no use for it"
            yield StepProblem((name,), what, f"launcher: {launcher}")


def _needs(with_: Params) -> tuple[Package, ...]:
    here = params.needs(with_)
    return (*here, *(Package(name) for name in with_["trackers"] if here))


STEP = Step(
    name="train",
    run=train,
    outputs={
        "checkpoint": Checkpoint,
        "checkpoints": Port(Checkpoint, many=True),
        "best": Checkpoint,
    },
    inputs={
        "train": Port(Dataset, reads_only=True, role="train"),
        "val": Port(Dataset, optional=True, reads_only=True, role="val"),
        "checkpoint": Port(Checkpoint, optional=True),
    },
    params=PARAMS,
    check=_check,
    foresee=foresee,
    examine=examine,
    preflight=preflight,
    needs=_needs,
    also=("coco_recipe_mmdet.inside.job", "coco_recipe_mmdet.inside.job_train"),
    # a curve that is drawn otherwise is no reason to train again
    apart=(
        "coco_recipe_mmdet.preflights",
        "coco_recipe_mmdet.plans",
        "coco_recipe_mmdet.inside.drawings",
    ),
    files=configs.built_on,
    forecast=plans.train(_labels),
    room=plans.room_of_training(_labels),
    tell=plans.tell_train,
    writes=True,
    reads_pixels=True,
    resumes=True,
)
