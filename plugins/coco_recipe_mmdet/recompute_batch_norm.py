"""Step ``recompute_batch_norm``: a checkpoint's batch-norm statistics, taken anew from pictures."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coco_recipe_jobs import process

from coco_recipe import Checkpoint, Dataset, Facts, Port, Step, StepContext
from coco_recipe_mmdet import configs, evaluate, params

PARAMS = params.schema(
    (),
    config=evaluate.CONFIG,
    batch_size=evaluate.BATCH,
    images={
        "type": "integer",
        "minimum": 1,
        "examples": [1000],
        "description": "Take only the first N images. Default: all.",
    },
    **params.RUNS,
)


def recompute_batch_norm(
    ctx: StepContext, *, checkpoint: Checkpoint, dataset: Dataset, images: int | None, **with_: Any
) -> Mapping[str, Checkpoint]:
    """Replace the running means and variances of every batch norm by the averages over the pictures of ``dataset``.

    Averaged weights have the statistics of none of their parts. The pictures go through the config's test pipeline, in
    batches; nothing else of the checkpoint changes.

    Source: Izmailov et al. 2018, Averaging weights leads to wider optima, arXiv:1803.05407, section 3.

    Raises:
        ValueError: the model has no batch norm; the data set has no images; the checkpoint doesn't fit.
    """
    chosen = dataset.images[:images]
    if not chosen:
        raise ValueError("the data set has no images")
    ids = {image.id for image in chosen}
    part = dataset.replace(
        images=chosen, annotations=tuple(row for row in dataset.annotations if row.image_id in ids)
    )
    classes = evaluate.class_order([checkpoint], dataset)
    found = process.run(
        ctx,
        evaluate.job(
            "recompute_batch_norm",
            ctx,
            [checkpoint],
            evaluate.unique_labels([checkpoint]),
            part,
            classes,
            with_,
        ),
        log="recompute_batch_norm.log",
    )
    ctx.note("changed", found["changed"])
    process.tidy(ctx)
    label = f"{checkpoint.label or checkpoint.path.stem}_bn"
    return {
        "checkpoint": Checkpoint(
            ctx.workdir / "checkpoint.pth", classes, found["fingerprint"], label
        )
    }


def foresee(with_: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Facts]:
    """Refuse a checkpoint with other classes than the data set's."""
    before = facts["checkpoint"].labels
    labels = tuple(f"{label}_bn" for label in before) if before else None
    return {"checkpoint": replace(evaluate.foresee(with_, facts)["best"], labels=labels)}


STEP = Step(
    name="recompute_batch_norm",
    run=recompute_batch_norm,
    outputs={"checkpoint": Checkpoint},
    params=PARAMS,
    inputs={"checkpoint": Port(Checkpoint), "dataset": Port(Dataset, reads_only=True)},
    check=evaluate.check,
    foresee=foresee,
    preflight=evaluate.preflight,
    needs=params.needs,
    files=configs.built_on,
    writes=True,
    reads_pixels=True,
)
