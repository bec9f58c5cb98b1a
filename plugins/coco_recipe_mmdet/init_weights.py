"""Step ``init_weights``: a checkpoint of a config's model with drawn weights."""

from collections.abc import Mapping, Sequence
from typing import Any

from coco_recipe_jobs import process
from coco_recipe_jobs.job import make
from coco_recipe_torch.coco_names import COCO_NAMES

from coco_recipe import Checkpoint, Facts, FactsByPort, Params, Step, StepContext
from coco_recipe_mmdet import configs, params, plans
from coco_recipe_mmdet.jobs import PROGRAM, Initial, InitJob

LABEL = "initial"


def init_weights(
    ctx: StepContext, *, classes: str | Sequence[str], seed: int | None, **with_: Any
) -> Mapping[str, Checkpoint]:
    """Make a checkpoint with a config's initial weights, drawn by its rules from a seed.

    It stands in for a trained one where none can be had, so that a recipe runs whole; it has learnt
    nothing.

    Args:
        ctx: the step's context.
        classes: the names of the classes in order, or ``coco``.
        seed: what random numbers start from; None for the step's own.
        with_: the other parameters, by name.

    Returns:
        ``checkpoint``: the weights.

    Raises:
        ValueError: the config doesn't give a model.
    """
    names = class_names(classes)
    job = make(
        InitJob,
        with_,
        classes=names,
        config=configs.absolute(with_["config"]),
        seed=ctx.seed % 2**31 if seed is None else seed,
    )
    made = process.run(ctx, PROGRAM, job, Initial, log="init.log")
    process.tidy(ctx)
    path = ctx.workdir / "initial.pth"
    return {"checkpoint": Checkpoint(path, names, made.fingerprint, LABEL)}


def class_names(classes: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names, COCO's for ``coco``."""
    return COCO_NAMES if classes == "coco" else tuple(classes)


def foresee(with_: Params, facts: FactsByPort) -> Mapping[str, Facts]:
    """Return which classes the checkpoint will have."""
    return {"checkpoint": Facts(class_names(with_["classes"]), labels=(LABEL,))}


STEP = Step(
    name="init_weights",
    run=init_weights,
    inputs={},
    outputs={"checkpoint": Checkpoint},
    params=params.schema(
        ("config", "classes"),
        config=params.CONFIG,
        classes={
            "anyOf": [
                {"const": "coco"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ],
            "examples": ["coco", ["cat", "dog"]],
            "description": "Class names in order; coco: COCO's 80.",
        },
        seed=params.SEED,
        **params.RUNS,
    ),
    check=configs.problems,
    foresee=foresee,
    needs=params.needs,
    also=("coco_recipe_mmdet.inside.job", "coco_recipe_mmdet.inside.job_init"),
    apart=(
        "coco_recipe_mmdet.preflights",
        "coco_recipe_mmdet.plans",
    ),
    files=configs.built_on,
    forecast=plans.init_weights,
    tell=plans.tell_init_weights,
    writes=True,
)
