"""Step ``train``: train a detector with mmdet, in a process of its own."""

from collections.abc import Iterator, Mapping
from typing import Any

from coco_recipe_jobs import process
from coco_recipe_jobs.training_record import Record, clear, key_of

from coco_recipe import (
    Checkpoint,
    Complaint,
    Dataset,
    Facts,
    Misfit,
    Port,
    Step,
    StepContext,
    missing_pictures,
)
from coco_recipe_mmdet import configs, datasets, evaluate, params, preflights

PARAMS = params.schema(
    ("config",),
    config=params.CONFIG,
    set=params.RUNS["set"],
    epochs={
        "type": "integer",
        "minimum": 1,
        "examples": [12],
        "description": "Epochs; schedules by epoch are stretched. Default: the config's.",
    },
    batch_size={
        "type": "integer",
        "minimum": 1,
        "examples": [5],
        "description": "Pictures an iteration and process. Default: the config's.",
    },
    learning_rate={
        "type": "number",
        "exclusiveMinimum": 0,
        "examples": [0.05],
        "description": "Default: the config's.",
    },
    scale_lr={
        "anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1}],
        "examples": [16],
        "description": "Scale the learning rate linearly from the batch size that it is for (the config's, or this "
        "number) to batch_size times processes. Default: as the config says.",
    },
    amp={
        "type": "boolean",
        "examples": [True],
        "description": "Half precision, on a GPU. Default: the config's.",
    },
    val_interval={
        "type": "integer",
        "minimum": 1,
        "examples": [2],
        "description": "Validate every N epochs. Default: the config's, or 1.",
    },
    best_by={
        "type": "string",
        "pattern": "^(bbox|segm)_mAP(_50|_75|_s|_m|_l)?$",
        "default": "bbox_mAP",
        "examples": ["bbox_mAP_50", "segm_mAP"],
        "description": "The metric of val that picks 'best'; the higher the better.",
    },
    checkpoint_interval={
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "examples": [2],
        "description": "Keep a checkpoint every N epochs; the last epoch's always.",
    },
    keep={
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "examples": [3],
        "description": "Keep only the newest N checkpoints, and the best; 0 keeps all.",
    },
    empty_images={
        "type": "boolean",
        "default": True,
        "examples": [False],
        "description": "Train on images without boxes, too (mmdet by itself leaves them out).",
    },
    strict={
        "type": "boolean",
        "default": True,
        "examples": [False],
        "description": "The starting checkpoint must have exactly the model's weights; false takes what fits.",
    },
    seed={
        "type": "integer",
        "minimum": 0,
        "examples": [0],
        "description": "Default: derived from the recipe's seed.",
    },
    deterministic={
        "type": "boolean",
        "default": False,
        "examples": [True],
        "description": "Take only deterministic GPU algorithms.",
    },
    launcher={
        "enum": ["none", "pytorch", "slurm"],
        "default": "none",
        "examples": ["pytorch"],
        "description": "pytorch: several processes through torchrun; slurm: through srun.",
    },
    gpus={
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "examples": [8],
        "description": "Processes on each machine.",
    },
    nnodes={
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "examples": [2],
        "description": "Machines.",
    },
    node_rank={
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "examples": [1],
        "description": "Which of the machines this is (launcher pytorch); the others run the line in command.txt with "
        "theirs, in the same folder.",
    },
    master_addr={
        "type": "string",
        "examples": ["10.1.1.1"],
        "description": "The first machine (launcher pytorch).",
    },
    master_port={
        "type": "integer",
        "default": 29500,
        "examples": [29500],
        "description": "Its port.",
    },
    partition={"type": "string", "examples": ["gpu"], "description": "Slurm's partition."},
    **{name: rule for name, rule in params.RUNS.items() if name != "set"},
)


def train(
    ctx: StepContext,
    *,
    train: Dataset,
    val: Dataset | None,
    checkpoint: Checkpoint | None,
    **with_: Any,
) -> Mapping[str, Checkpoint | tuple[Checkpoint, ...]]:
    """Train a detector.

    Class names, their order and every ``num_classes`` of the model come from the data set ``train``, and so do files and
    filters of the config; what was changed is in the record. The step's folder has ``config.py`` (the resolved flat
    config), ``train.log``, ``scalars.jsonl`` (one line an iteration and a validation), ``command.txt`` with its
    ``job.json``, and in ``data/`` what mmdet was given. ``checkpoints`` are weights without optimizer, labelled
    ``epoch_N``; ``checkpoint`` is the last of them, ``best`` the one with the highest ``best_by`` on ``val``, and without
    ``val`` the last.

    Interrupted, the same command goes on from the newest checkpoint that is whole. With ``workers: 0`` on a CPU the
    result is that of an uninterrupted training.

    Raises:
        ValueError: mmdet would use no box; the classes of val differ; the config doesn't fit; the training failed.
    """
    classes = datasets.class_names(train)
    used, without_mask = check(ctx, train, val, classes, empty_images=with_["empty_images"])
    if key_of(ctx.workdir) != ctx.key:
        clear(ctx.workdir)
    record = Record(ctx.workdir, ctx.key)
    record.data["best_by"] = with_["best_by"]
    resumed = record.resume_from()
    if resumed:
        ctx.note("resumed after epoch", resumed[0], this_run=True)
    datasets.write_for_mmdet(train, ctx.workdir / "data/train.json", classes)
    if val:
        datasets.write_for_mmdet(val, ctx.workdir / "data/val.json", classes)
    job = {
        "do": "train",
        "key": ctx.key,
        "classes": classes,
        "val": val is not None,
        "without_mask": without_mask,
        "checkpoint": str(checkpoint.path.absolute()) if checkpoint else None,
        "resume": str(resumed[1].relative_to(ctx.workdir)) if resumed else None,
        **with_,
        "config": configs.absolute(with_["config"]),
        "seed": ctx.seed % 2**31 if with_["seed"] is None else with_["seed"],
    }
    process.run(ctx, job)
    skipped = datasets.told(used)
    told = f"trained on {used.images} images and {used.boxes} boxes of {len(classes)} classes"
    told += f", not on {skipped}" * bool(skipped)
    return outputs(
        ctx,
        Record(ctx.workdir, ctx.key),
        classes,
        with_["best_by"],
        validated=val is not None,
        told=told,
    )


def check(
    ctx: StepContext,
    train: Dataset,
    val: Dataset | None,
    classes: tuple[str, ...],
    *,
    empty_images: bool,
) -> tuple[datasets.Usage, int]:
    """Refuse data that can't be trained on; put on record what mmdet will use, and what it would skip and why.

    Returns:
        What of ``train`` is used, and how many boxes of both have no segmentation.
    """
    used = datasets.usage(train, training=True, empty_images=empty_images)
    faults, without_mask = [], used.without_mask
    ctx.note("train_uses", used.record())
    if not used.boxes:
        skipped = datasets.told(used)
        faults.append(
            f"mmdet would train on none of the {len(train.annotations)} boxes of {len(train.images)} images"
            + f": {skipped}" * bool(skipped)
        )
    if val:
        faults += datasets.same_classes(classes, datasets.class_names(val), "val", "train")
        found = datasets.usage(val, training=False)
        ctx.note("val_uses", found.record())
        without_mask += found.without_mask
        if not found.boxes:
            faults.append(f"val has no usable box on its {len(val.images)} images")
    for name, dataset in (("train", train), ("val", val)):
        if dataset and (missing := missing_pictures({name: dataset})):
            faults.append(missing)
    if faults:
        raise ValueError("; ".join(faults))
    return used, without_mask


def outputs(
    ctx: StepContext,
    record: Record,
    classes: tuple[str, ...],
    best_by: str,
    *,
    validated: bool,
    told: str,
) -> dict[str, Checkpoint | tuple[Checkpoint, ...]]:
    """Return the checkpoints, and leave only the outputs in the folder."""
    best = record.best(best_by) if validated else None
    found = {}
    for epoch, name in record.epochs.items():
        path = record.checkpoints / name
        ctx.wrote(path, record.data["checkpoints"][str(epoch)])
        found[epoch] = Checkpoint(
            path, classes, record.data["fingerprints"][str(epoch)], f"epoch_{epoch}"
        )
    last = max(found)
    ctx.note(
        "best",
        {"epoch": best, best_by: record.metrics[best].get(best_by, 0.0)}
        if best
        else {"epoch": last, "why": "the last: there is no val"},
    )
    ctx.note("metrics", {f"epoch_{epoch}": values for epoch, values in record.metrics.items()})
    figure = (
        f", best epoch_{best} ({best_by} {record.metrics[best].get(best_by, 0.0):.3f})"
        if best
        else ""
    )
    ctx.note("summary", f"{len(found)} checkpoints{figure}; {told}")
    process.tidy(ctx)
    return {
        "checkpoint": found[last],
        "checkpoints": tuple(found.values()),
        "best": found[best or last],
    }


def foresee(with_: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Facts]:
    """Say which classes and labels the checkpoints will have; refuse a val or a starting checkpoint with other classes."""
    classes = facts["train"].classes
    Misfit.if_any(
        _other_classes(classes, facts, strict=with_["strict"]) if classes is not None else ()
    )
    labels = _labels(with_)
    return {
        "checkpoint": Facts(classes, labels=labels[-1:] if labels else None),
        "best": Facts(classes),
        "checkpoints": Facts(classes, labels=labels),
    }


def preflight(ctx: StepContext, with_: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """See whether config and parameters go together; see ``preflights.run``."""
    given = dict.fromkeys(PARAMS["properties"]) | dict(with_)
    preflights.run(
        ctx,
        "train",
        {**given, "seed": 0},
        facts["train"].classes,
        val="val" in facts,
        checkpoint="checkpoint" in facts,
        resume=None,
    )


def _other_classes(
    classes: tuple[str, ...], facts: Mapping[str, Any], *, strict: bool
) -> Iterator[Complaint]:
    for port, hint in (("val", ""), ("checkpoint", evaluate.ADAPT)):
        other = facts.get(port, Facts()).classes
        if other and (strict or port == "val"):
            differ = list(datasets.same_classes(classes, other, f"'{port}'", "the training set"))
            if not differ and port == "checkpoint" and other != classes:
                differ = [
                    f"'checkpoint' has the training set's classes in another order ({', '.join(other[:5])}, ...)"
                ]
            yield from (Complaint((port,), what, hint, below="in") for what in differ[:1])


def _labels(with_: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the labels of the epochs that are kept; None where the config alone, or the metric, decides."""
    last, interval = with_.get("epochs"), with_["checkpoint_interval"]
    if last is None or with_["keep"]:
        return None
    return tuple(f"epoch_{n}" for n in range(1, last + 1) if n % interval == 0 or n == last)


def _check(with_: Mapping[str, Any]) -> Iterator[Complaint]:
    yield from configs.complaints(with_)
    if with_["launcher"] == "none" and (with_["gpus"] > 1 or with_["nnodes"] > 1):
        yield Complaint(("gpus",), "several processes need a launcher", "launcher: pytorch")
    if with_["launcher"] == "pytorch" and with_["nnodes"] > 1 and not with_.get("master_addr"):
        yield Complaint(
            ("nnodes",), "the address of the first machine is missing", "master_addr: 10.1.1.1"
        )


STEP = Step(
    name="train",
    run=train,
    outputs={
        "checkpoint": Checkpoint,
        "checkpoints": Port(Checkpoint, many=True),
        "best": Checkpoint,
    },
    inputs={
        "train": Port(Dataset, reads_only=True),
        "val": Port(Dataset, optional=True, reads_only=True),
        "checkpoint": Port(Checkpoint, optional=True),
    },
    params=PARAMS,
    check=_check,
    foresee=foresee,
    preflight=preflight,
    needs=params.needs,
    files=configs.built_on,
    writes=True,
    reads_pixels=True,
    resumes=True,
)
