"""Step ``evaluate``: COCO metrics of checkpoints on a data set, overall and per class."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coco_recipe_jobs import process, scores

from coco_recipe import (
    Checkpoint,
    Dataset,
    Facts,
    FactsByPort,
    Metrics,
    Params,
    Port,
    Predictions,
    Step,
    StepContext,
    link_or_copy,
)
from coco_recipe_mmdet import configs, datasets, params, plans, with_checkpoints
from coco_recipe_mmdet.jobs import PROGRAM, EvaluateJob


def evaluate(
    ctx: StepContext,
    *,
    checkpoints: tuple[Checkpoint, ...],
    dataset: Dataset,
    best_by: str,
    **with_: Any,
) -> Mapping[str, Checkpoint | Metrics | tuple[Predictions, ...]]:
    """Measure checkpoints on a data set.

    The step's folder has ``metrics.json`` (COCO's figures by checkpoint, overall and per class, and
    the best), ``metrics.txt`` (the same as a table), and in ``results/`` what each checkpoint
    found, as COCO results JSON. The figures are pycocotools' of these files: IoU .50:.95, at most
    100 boxes an image. A checkpoint is labelled with its step and its own label, as
    ``fit/epoch_11``. ``best`` is the checkpoint with the highest ``best_by``, the first of equals;
    of it, ``confusion.png``, ``precision_recall.png``, ``f1.png`` and ``predictions.png`` (the
    worst and the best pictures, beside the truth) are drawn, and the best threshold of scores is
    told.

    Args:
        ctx: the step's context.
        checkpoints: detectors' weights.
        dataset: the pictures and the annotations to measure against.
        best_by: the metric that picks the best.
        with_: the other parameters, by name.

    Returns:
        ``best``: the checkpoint, with its file in the step's own folder, too. ``metrics``: the
        figures by checkpoint. ``predictions``: what each checkpoint found, in their order.

    Raises:
        ValueError: the data set has no boxes; a checkpoint has other classes, or doesn't fit the
            config.
    """
    used = with_checkpoints.usage(dataset, "predict works without")
    job = with_checkpoints.job(
        EvaluateJob,
        ctx,
        {**with_, "best_by": best_by},
        checkpoints=checkpoints,
        dataset=dataset,
        labels=with_checkpoints.unique_labels(checkpoints, ctx.sources.get("checkpoints", ())),
        without_masks=datasets.without_masks(used, "dataset"),
    )
    rows = process.run(ctx, PROGRAM, job, list[scores.Score], log="evaluate.log")
    best = scores.best_of(rows, best_by)
    scores.write(ctx.workdir, rows, best_by, best.label)
    _note(ctx, rows, best_by, best)
    process.tidy(ctx)
    number = [source.label for source in job.checkpoints].index(best.label)
    return {
        "best": _kept(ctx.workdir, checkpoints[number], job.classes),
        "metrics": scores.as_metrics(rows),
        "predictions": tuple(_found(ctx.workdir, row) for row in rows),
    }


def _found(folder: Path, score: scores.Score) -> Predictions:
    files = {kind: folder / name for kind, name in (score.results or {}).items()}
    return Predictions(files, folder / "data/images.json", score.label)


def _note(ctx: StepContext, rows: list[scores.Score], best_by: str, best: scores.Score) -> None:
    ctx.note("metrics", {row.label: scores.as_json(row.figures()) for row in rows})
    ctx.note("best", {"label": best.label, best_by: best.metric(best_by)})
    all_ = ", ".join(f"{row.label} {row.metric(best_by):.3f}" for row in rows)
    ctx.note("summary", f"best is {best.label} ({best_by} {best.metric(best_by):.3f}) of {all_}")


def _kept(folder: Path, checkpoint: Checkpoint, classes: tuple[str, ...]) -> Checkpoint:
    """Return the checkpoint with its file in the step's own folder, too."""
    path = folder / f"best{checkpoint.path.suffix}"
    link_or_copy(checkpoint.path, path)
    return Checkpoint(path, classes, checkpoint.fingerprint, checkpoint.label)


def foresee(with_: Params, facts: FactsByPort) -> Mapping[str, Facts]:
    """Refuse checkpoints with other classes than the data set's."""
    known = with_checkpoints.foresee_classes(facts)
    return {"best": known, "predictions": known}


STEP = Step(
    name="evaluate",
    run=evaluate,
    outputs={
        "best": Checkpoint,
        "metrics": Metrics,
        "predictions": Port(Predictions, many=True),
    },
    params=params.schema(
        (),
        config=with_checkpoints.CONFIG,
        best_by=with_checkpoints.METRIC,
        batch_size=with_checkpoints.BATCH,
        tta=with_checkpoints.TTA,
        **params.RUNS,
    ),
    check=configs.problems,
    foresee=foresee,
    inputs={
        "checkpoints": Port(Checkpoint, many=True),
        "dataset": Port(Dataset, reads_only=True, role="val"),
    },
    examine=with_checkpoints.examine,
    preflight=with_checkpoints.preflight,
    needs=params.needs,
    also=("coco_recipe_mmdet.inside.job", "coco_recipe_mmdet.inside.job_evaluate"),
    apart=(
        "coco_recipe_mmdet.preflights",
        "coco_recipe_mmdet.plans",
        "coco_recipe_mmdet.inside.drawings",
    ),
    files=configs.built_on,
    forecast=plans.evaluate,
    tell=plans.tell_evaluate,
    writes=True,
    reads_pixels=True,
)
