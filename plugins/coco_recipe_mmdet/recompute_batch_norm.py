"""Step ``recompute_batch_norm``: a checkpoint's batch-norm statistics, taken anew from pictures."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coco_recipe_jobs import process

from coco_recipe import Checkpoint, Dataset, Facts, FactsByPort, Params, Port, Step, StepContext
from coco_recipe_mmdet import configs, params, plans, with_checkpoints
from coco_recipe_mmdet.jobs import PROGRAM, BatchNormJob, Renormed


def recompute_batch_norm(
    ctx: StepContext, *, checkpoint: Checkpoint, dataset: Dataset, images: int | None, **with_: Any
) -> Mapping[str, Checkpoint]:
    """Replace the means and variances of every batch norm by the averages over the pictures.

    Averaged weights have the statistics of none of their parts. The pictures go through the
    config's test pipeline, in batches; nothing else of the checkpoint changes.

    Source: Izmailov et al. 2018, Averaging weights leads to wider optima, arXiv:1803.05407,
    section 3.

    Args:
        ctx: the step's context.
        checkpoint: the weights.
        dataset: the pictures.
        images: how many of them, from the first; None for all.
        with_: the other parameters, by name.

    Returns:
        ``checkpoint``: the weights with the new statistics.

    Raises:
        ValueError: the model has no batch norm; the data set has no images; the checkpoint doesn't
            fit.
    """
    part = _first(dataset, images)
    job = with_checkpoints.job(BatchNormJob, ctx, with_, checkpoints=[checkpoint], dataset=part)
    found = process.run(ctx, PROGRAM, job, Renormed, log="recompute_batch_norm.log")
    ctx.note("changed", found.changed)
    process.tidy(ctx)
    label = f"{checkpoint.label or checkpoint.path.stem}_bn"
    made = Checkpoint(ctx.workdir / "checkpoint.pth", job.classes, found.fingerprint, label)
    return {"checkpoint": made}


def _first(dataset: Dataset, images: int | None) -> Dataset:
    """Return the first images with their annotations; None for all.

    Raises:
        ValueError: there are none.
    """
    chosen = dataset.images[:images]
    if not chosen:
        raise ValueError("the data set has no images")
    ids = {image.id for image in chosen}
    rows = tuple(row for row in dataset.annotations if row.image_id in ids)
    return dataset.replace(images=chosen, annotations=rows)


def foresee(with_: Params, facts: FactsByPort) -> Mapping[str, Facts]:
    """Refuse a checkpoint with other classes than the data set's."""
    before = facts["checkpoint"].labels
    labels = tuple(f"{label}_bn" for label in before) if before else None
    return {"checkpoint": replace(with_checkpoints.foresee_classes(facts), labels=labels)}


STEP = Step(
    name="recompute_batch_norm",
    run=recompute_batch_norm,
    outputs={"checkpoint": Checkpoint},
    params=params.schema(
        (),
        config=with_checkpoints.CONFIG,
        batch_size=with_checkpoints.BATCH,
        images={
            "type": "integer",
            "minimum": 1,
            "examples": [1000],
            "description": "Take only the first N images. Default: all.",
        },
        **params.RUNS,
    ),
    inputs={
        "checkpoint": Port(Checkpoint),
        "dataset": Port(Dataset, reads_only=True, role="train"),
    },
    check=configs.problems,
    foresee=foresee,
    preflight=with_checkpoints.preflight,
    needs=params.needs,
    also=("coco_recipe_mmdet.inside.job", "coco_recipe_mmdet.inside.job_batch_norm"),
    apart=(
        "coco_recipe_mmdet.preflights",
        "coco_recipe_mmdet.plans",
    ),
    files=configs.built_on,
    forecast=plans.recompute_batch_norm,
    room=plans.room,
    tell=plans.tell_recompute_batch_norm,
    writes=True,
    reads_pixels=True,
)
