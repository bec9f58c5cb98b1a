"""Step ``greedy_soup``: the average of those checkpoints that make it better on a data set."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coco_recipe_jobs import process

from coco_recipe import Checkpoint, Dataset, Facts, Metrics, Port, Step, StepContext
from coco_recipe_mmdet import configs, datasets, evaluate, params

LABEL = "soup"
PARAMS = params.schema(
    (), config=evaluate.CONFIG, best_by=evaluate.METRIC, batch_size=evaluate.BATCH, **params.RUNS
)


def greedy_soup(
    ctx: StepContext,
    *,
    checkpoints: tuple[Checkpoint, ...],
    dataset: Dataset,
    best_by: str,
    **with_: Any,
) -> Mapping[str, Checkpoint | Metrics]:
    """Average checkpoints, taking one in only if the metric on ``dataset`` doesn't fall.

    The checkpoints are measured one by one; from the best on down, each is added to the (uniform) average, and stays in it
    if the average is then no worse. The step's folder has ``metrics.json`` with every measurement, and so has the
    output ``metrics``. The figures are those of the data that has chosen: measure the result on other data.

    Source: Wortsman et al. 2022, Model soups, arXiv:2203.05482, recipe 1.

    Raises:
        ValueError: the data set has no boxes; the checkpoints have other classes, configs, keys or shapes.
    """
    used = datasets.usage(dataset, training=False)
    if not used.boxes:
        raise ValueError(
            f"the data set has no usable box on its {len(dataset.images)} images: there is nothing to compare with"
        )
    classes = evaluate.class_order(checkpoints, dataset)
    labels = evaluate.unique_labels(checkpoints)
    job = evaluate.job("greedy_soup", ctx, checkpoints, labels, dataset, classes, with_)
    found = process.run(
        ctx, {**job, "best_by": best_by, "without_mask": used.without_mask}, log="greedy_soup.log"
    )
    evaluate.write_metrics(ctx.workdir, found["rows"], best_by, found["rows"][-1]["label"])
    ctx.note("taken", found["taken"])
    ctx.note("summary", f"{' + '.join(found['taken'])}: {best_by} {found['score']:.3f}")
    ctx.note("metric", {"soup": found["score"], **found["scores"]})
    process.tidy(ctx)
    return {
        "checkpoint": Checkpoint(ctx.workdir / "soup.pth", classes, found["fingerprint"], LABEL),
        "metrics": evaluate.metrics_of(found["rows"]),
    }


def foresee(with_: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Facts]:
    """Refuse checkpoints with other classes than the data set's."""
    return {"checkpoint": replace(evaluate.foresee(with_, facts)["best"], labels=(LABEL,))}


STEP = Step(
    name="greedy_soup",
    run=greedy_soup,
    outputs={"checkpoint": Checkpoint, "metrics": Metrics},
    params=PARAMS,
    check=evaluate.check,
    inputs={"checkpoints": Port(Checkpoint, many=True), "dataset": Port(Dataset, reads_only=True)},
    foresee=foresee,
    preflight=evaluate.preflight,
    needs=params.needs,
    files=configs.built_on,
    writes=True,
    reads_pixels=True,
)
