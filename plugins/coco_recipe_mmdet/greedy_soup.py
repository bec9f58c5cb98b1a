"""Step ``greedy_soup``: the average of those checkpoints that make it better on a data set."""

from collections.abc import Mapping
from dataclasses import replace
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
    Step,
    StepContext,
)
from coco_recipe_mmdet import configs, datasets, params, plans, with_checkpoints
from coco_recipe_mmdet.jobs import PROGRAM, Soup, SoupJob

LABEL = "soup"


def greedy_soup(
    ctx: StepContext,
    *,
    checkpoints: tuple[Checkpoint, ...],
    dataset: Dataset,
    best_by: str,
    **with_: Any,
) -> Mapping[str, Checkpoint | Metrics]:
    """Average checkpoints, taking one in only if the metric on ``dataset`` doesn't fall.

    The checkpoints are measured one by one. From the best on down, each is added to the (uniform)
    average, and stays in it if the average is then no worse; of equal scores the first comes first.
    Of checkpoints with equal weights, as ``fit.best`` beside ``fit.checkpoints``, one is taken. The
    step's folder has ``metrics.json`` with every measurement, and so has the output ``metrics``.
    The figures are those of the data that has chosen: measure the result on other data.

    Source: Wortsman et al. 2022, Model soups, arXiv:2203.05482, recipe 1.

    Args:
        ctx: the step's context.
        checkpoints: weights of one model.
        dataset: the pictures and the annotations to measure against.
        best_by: the metric.
        with_: the other parameters, by name.

    Returns:
        ``checkpoint``: the average. ``metrics``: every measurement.

    Raises:
        ValueError: the data set has no boxes; the checkpoints have other classes, configs, keys or
            shapes.
    """
    used = with_checkpoints.usage(dataset)
    job = with_checkpoints.job(
        SoupJob,
        ctx,
        {**with_, "best_by": best_by},
        checkpoints=checkpoints,
        dataset=dataset,
        without_masks=datasets.without_masks(used, "dataset"),
    )
    soup = process.run(ctx, PROGRAM, job, Soup, log="greedy_soup.log")
    scores.write(ctx.workdir, soup.rows, best_by, soup.rows[-1].label)
    ctx.note("taken", soup.taken)
    ctx.note("summary", f"{' + '.join(soup.taken)}: {best_by} {soup.score:.3f}")
    ctx.note("metric", {"soup": soup.score, **soup.scores})
    process.tidy(ctx)
    made = Checkpoint(ctx.workdir / "soup.pth", job.classes, soup.fingerprint, LABEL)
    return {"checkpoint": made, "metrics": scores.as_metrics(soup.rows)}


def foresee(with_: Params, facts: FactsByPort) -> Mapping[str, Facts]:
    """Refuse checkpoints with other classes than the data set's."""
    return {"checkpoint": replace(with_checkpoints.foresee_classes(facts), labels=(LABEL,))}


STEP = Step(
    name="greedy_soup",
    run=greedy_soup,
    outputs={"checkpoint": Checkpoint, "metrics": Metrics},
    params=params.schema(
        (),
        config=with_checkpoints.CONFIG,
        best_by=with_checkpoints.METRIC,
        batch_size=with_checkpoints.BATCH,
        **params.RUNS,
    ),
    check=configs.problems,
    inputs={
        "checkpoints": Port(Checkpoint, many=True),
        "dataset": Port(Dataset, reads_only=True, role="val"),
    },
    foresee=foresee,
    examine=with_checkpoints.examine,
    preflight=with_checkpoints.preflight,
    needs=params.needs,
    also=("coco_recipe_mmdet.inside.job", "coco_recipe_mmdet.inside.job_soup"),
    apart=(
        "coco_recipe_mmdet.preflights",
        "coco_recipe_mmdet.plans",
    ),
    files=configs.built_on,
    forecast=plans.greedy_soup,
    room=plans.room,
    tell=plans.tell_greedy_soup,
    writes=True,
    reads_pixels=True,
)
