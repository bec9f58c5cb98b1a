"""Step ``init_weights``: a checkpoint of a config's model with weights that are drawn, not learnt."""

from collections.abc import Mapping, Sequence
from typing import Any

from coco_recipe_jobs import process
from coco_recipe_torch.coco_names import COCO_NAMES

from coco_recipe import Checkpoint, Facts, Step, StepContext
from coco_recipe_mmdet import configs, evaluate, params

LABEL = "initial"
PARAMS = params.schema(
    ("config", "classes"),
    config=params.CONFIG,
    classes={
        "anyOf": [{"const": "coco"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
        "examples": ["coco", ["cat", "dog"]],
        "description": "Class names in order; coco: COCO's 80.",
    },
    seed={
        "type": "integer",
        "minimum": 0,
        "examples": [0],
        "description": "Default: derived from the recipe's seed.",
    },
    **params.RUNS,
)


def init_weights(
    ctx: StepContext, *, classes: str | Sequence[str], seed: int | None, **with_: Any
) -> Mapping[str, Checkpoint]:
    """Make a checkpoint with the initial weights of a config's model, drawn by its own rules from a seed.

    It stands in for a trained one where none can be had, so that a recipe runs whole; it has learnt nothing.

    Raises:
        ValueError: the config doesn't give a model.
    """
    names = class_names(classes)
    found = process.run(
        ctx,
        {
            **with_,
            "do": "init_weights",
            "classes": list(names),
            "config": configs.absolute(with_["config"]),
            "seed": ctx.seed % 2**31 if seed is None else seed,
        },
        log="init.log",
    )
    process.tidy(ctx)
    return {
        "checkpoint": Checkpoint(ctx.workdir / "initial.pth", names, found["fingerprint"], LABEL)
    }


def class_names(classes: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names, COCO's for ``coco``."""
    return COCO_NAMES if classes == "coco" else tuple(classes)


def foresee(with_: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Facts]:
    """Say which classes the checkpoint will have."""
    return {"checkpoint": Facts(class_names(with_["classes"]), labels=(LABEL,))}


STEP = Step(
    name="init_weights",
    run=init_weights,
    inputs={},
    outputs={"checkpoint": Checkpoint},
    params=PARAMS,
    check=evaluate.check,
    foresee=foresee,
    needs=params.needs,
    files=configs.built_on,
    writes=True,
)
