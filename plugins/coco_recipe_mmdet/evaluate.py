"""Step ``evaluate``: COCO metrics of checkpoints on a data set, overall and per class."""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coco_recipe_jobs import process

from coco_recipe import (
    Checkpoint,
    Complaint,
    Dataset,
    Facts,
    Figure,
    Metrics,
    Misfit,
    Port,
    Predictions,
    Step,
    StepContext,
    link_or_copy,
    missing_pictures,
)
from coco_recipe_mmdet import configs, datasets, params, preflights

ADAPT = "adapt_head fits a checkpoint's head to the data set's classes"
ORDERS = "the checkpoints have their classes in different orders"
METRIC = {
    "type": "string",
    "pattern": "^(bbox|segm)_(mAP(_50|_75|_s|_m|_l)?|AR_(1|10|100|s|m|l))$",
    "default": "bbox_mAP",
    "examples": ["bbox_mAP_50", "segm_mAP"],
    "description": "The metric that picks the best; the higher the better.",
}
CONFIG = {
    **params.CONFIG,
    "description": "Detector config, as for train. Default: the one that the checkpoint carries, which is "
    "read as data and not run.",
}
BATCH = {
    "type": "integer",
    "minimum": 1,
    "examples": [8],
    "description": "Pictures at a time. Default: the config's.",
}
PARAMS = params.schema((), config=CONFIG, best_by=METRIC, batch_size=BATCH, **params.RUNS)


def evaluate(
    ctx: StepContext,
    *,
    checkpoints: tuple[Checkpoint, ...],
    dataset: Dataset,
    best_by: str,
    **with_: Any,
) -> Mapping[str, Checkpoint | Metrics | tuple[Predictions, ...]]:
    """Measure checkpoints on a data set.

    The step's folder has ``metrics.json`` (COCO's figures by checkpoint, overall and per class, and the best),
    ``metrics.txt`` (the same as a table), and in ``results/`` what each checkpoint found, as COCO results JSON. The
    figures are pycocotools' of these files: IoU .50:.95, at most 100 boxes an image. ``best`` is the checkpoint with the
    highest ``best_by``, the first of equals; ``metrics`` has the figures by checkpoint, and
    ``predictions`` what each checkpoint found, in their order.

    Raises:
        ValueError: the data set has no boxes; a checkpoint has other classes, or doesn't fit the config.
    """
    used = datasets.usage(dataset, training=False)
    if not used.boxes:
        raise ValueError(
            f"the data set has no usable box on its {len(dataset.images)} images: there is nothing to compare with; "
            "predict works without"
        )
    classes = class_order(checkpoints, dataset)
    labels = unique_labels(checkpoints)
    rows = process.run(
        ctx,
        job(
            "evaluate",
            ctx,
            checkpoints,
            labels,
            dataset,
            classes,
            {**with_, "best_by": best_by, "without_mask": used.without_mask},
        ),
        log="evaluate.log",
    )
    kind, _, name = best_by.partition("_")
    if kind not in rows[0]:
        raise ValueError(f"best_by: {best_by} is of masks, and the model has none")
    scores = {row["label"]: row[kind][name] for row in rows}
    best = max(labels, key=lambda label: scores[label])
    write_metrics(ctx.workdir, rows, best_by, best)
    ctx.note(
        "metrics",
        {row["label"]: {k: v for k, v in row.items() if k in ("bbox", "segm")} for row in rows},
    )
    ctx.note("best", {"label": best, best_by: scores[best]})
    ctx.note(
        "summary",
        f"best is {best} ({best_by} {scores[best]:.3f}) of "
        + ", ".join(f"{label} {score:.3f}" for label, score in scores.items()),
    )
    process.tidy(ctx)
    return {
        "best": kept(ctx.workdir, checkpoints[labels.index(best)], classes, best),
        "metrics": metrics_of(rows),
        "predictions": tuple(
            Predictions(
                {of: ctx.workdir / name for of, name in row["results"].items()},
                ctx.workdir / "data/images.json",
                row["label"],
            )
            for row in rows
        ),
    }


def metrics_of(rows: Iterable[Mapping[str, Any]]) -> Metrics:
    """Return what was measured by checkpoint; None where there was nothing to find (-1 in COCO)."""
    figures: dict[str, Figure] = {}
    for row in rows:
        names = itertools.chain([row["label"]], (f"{row['label']}-{n}" for n in itertools.count(2)))
        label = next(name for name in names if name not in figures)
        figures[label] = {kind: _told(row[kind]) for kind in ("bbox", "segm") if kind in row}
    return Metrics(figures)


def _told(figures: Any) -> Any:
    if isinstance(figures, Mapping):
        return {name: _told(figure) for name, figure in figures.items()}
    return None if figures == -1 else figures


def class_order(checkpoints: Sequence[Checkpoint], dataset: Dataset) -> tuple[str, ...]:
    """Return the class names in the order of the models' answers: the checkpoints', or where unknown the data set's.

    Raises:
        ValueError: they have other classes than the data set, or different orders.
    """
    own, orders = (
        datasets.class_names(dataset),
        {checkpoint.classes for checkpoint in checkpoints if checkpoint.classes},
    )
    for order in orders:
        if faults := list(datasets.same_classes(own, order, "the checkpoint", "the data set")):
            raise ValueError("; ".join(faults))
    if len(orders) > 1:
        raise ValueError(ORDERS)
    return next(iter(orders), own)


def unique_labels(checkpoints: Sequence[Checkpoint]) -> list[str]:
    """Return a name for each checkpoint that is good for a file name: its label or file name, numbered where it repeats."""
    labels: list[str] = []
    for checkpoint in checkpoints:
        name = "".join(
            c if c.isalnum() or c in "._-" else "_"
            for c in checkpoint.label or checkpoint.path.stem
        )
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        labels.append(
            name if name not in labels else next(label for label in numbered if label not in labels)
        )
    return labels


def job(
    do: str,
    ctx: StepContext,
    checkpoints: Sequence[Checkpoint],
    labels: Sequence[str],
    dataset: Dataset,
    classes: Sequence[str],
    with_: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the data set into the step's folder, and return the job."""
    if missing := missing_pictures({"dataset": dataset}):
        raise ValueError(missing)
    datasets.write_for_mmdet(dataset, ctx.workdir / "data/images.json", classes)
    return {
        **with_,
        "do": do,
        "classes": list(classes),
        "images": len(dataset.images),
        "seed": ctx.seed % 2**31,
        "config": configs.absolute(with_.get("config")),
        "checkpoints": [
            {"label": label, "path": str(checkpoint.path.absolute())}
            for label, checkpoint in zip(labels, checkpoints, strict=True)
        ],
    }


def kept(folder: Path, checkpoint: Checkpoint, classes: tuple[str, ...], label: str) -> Checkpoint:
    """Return the checkpoint with its file in the step's own folder, too."""
    path = folder / f"best{checkpoint.path.suffix}"
    link_or_copy(checkpoint.path, path)
    return Checkpoint(path, classes, checkpoint.fingerprint, label)


def write_metrics(folder: Path, rows: Iterable[Mapping[str, Any]], best_by: str, best: str) -> None:
    """Write metrics.json and metrics.txt."""
    rows = list(rows)
    record = {"best": best, "best_by": best_by, "checkpoints": rows}
    (folder / "metrics.json").write_text(
        json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    (folder / "metrics.txt").write_text("\n".join(table(rows, best)) + "\n", "utf-8")


def table(rows: Sequence[Mapping[str, Any]], best: str) -> Iterator[str]:
    """Yield the lines of a table: a line for each checkpoint, then one for each class of the best."""
    width = max(len(str(row["label"])) for row in rows)
    for kind in (kind for kind in ("bbox", "segm") if kind in rows[0]):
        yield f"{kind:{width}}     mAP   mAP50   mAP75  AR@100"
        for row in rows:
            figures = "  ".join(
                f"{row[kind][name]:6.3f}" for name in ("mAP", "mAP_50", "mAP_75", "AR_100")
            )
            yield f"{row['label']:{width}}  {figures}" + "  best" * (row["label"] == best)
        classes = next(row for row in rows if row["label"] == best)[kind]["classes"]
        yield f"classes of {best}: mAP, mAP50, boxes"
        yield from (
            f"  {value['mAP']:6.3f}  {value['mAP_50']:6.3f}  {value['boxes']:5}  {name}"
            for name, value in classes.items()
        )


def foresee(with_: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Facts]:
    """Refuse checkpoints with other classes than the data set's."""
    own: Facts = facts.get("dataset", Facts())
    given = (
        {("checkpoints", n): known for n, known in enumerate(facts["checkpoints"])}
        if "checkpoints" in facts
        else ({("checkpoint",): facts["checkpoint"]})
    )
    Misfit.if_any(
        Complaint(path, fault, ADAPT, below="in")
        for path, known in given.items()
        if known.classes and own.classes
        for fault in datasets.same_classes(
            own.classes, known.classes, "the checkpoint", "the data set"
        )
    )
    if len({known.classes for known in given.values() if known.classes}) > 1:
        raise Misfit(
            [
                Complaint(
                    ("checkpoints",), ORDERS, "evaluate those with one order together", below="in"
                )
            ]
        )
    classes = next((known.classes for known in given.values() if known.classes), own.classes)
    return {"best": Facts(classes), "predictions": Facts(classes)}


def preflight(ctx: StepContext, with_: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """See whether a config that is named goes together with the parameters; see ``preflights.run``."""
    preflights.run(ctx, "evaluate", with_, facts["dataset"].classes if "dataset" in facts else None)


def check(with_: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find what the schema can't say."""
    yield from configs.complaints(with_)


STEP = Step(
    name="evaluate",
    run=evaluate,
    outputs={
        "best": Checkpoint,
        "metrics": Metrics,
        "predictions": Port(Predictions, many=True),
    },
    params=PARAMS,
    check=check,
    foresee=foresee,
    inputs={"checkpoints": Port(Checkpoint, many=True), "dataset": Port(Dataset, reads_only=True)},
    preflight=preflight,
    needs=params.needs,
    files=configs.built_on,
    writes=True,
    reads_pixels=True,
)
