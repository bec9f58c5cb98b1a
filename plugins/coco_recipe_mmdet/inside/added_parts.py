"""Put into a config what parameters of a training ask for: clipping, an average, frozen stages."""

import inspect
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet.inside import pipelines, timed_parts
from coco_recipe_mmdet.inside.settings import Changes, Place, Tree, mappings

if TYPE_CHECKING:
    from coco_recipe_mmdet.jobs import TrainJob

# RTMDet's average; its priority lets hooks of mmdet that change weights come before it
EMA = {
    "type": "EMAHook",
    "ema_type": "ExpMomentumEMA",
    "momentum": 0.0002,
    "update_buffers": True,
    "priority": 49,
}


def fit(changes: Changes, job: "TrainJob") -> None:
    """Apply the parameters that add something, or take it out.

    Raises:
        StepProblems: the config's model can't have it.
    """
    if job.augmentation in ("off", False):
        pipelines.without_augmentation(changes)
    if job.image_size:
        pipelines.resize(changes, job.image_size)
    if job.clip_grad is not None:
        clip = {"max_norm": job.clip_grad, "norm_type": 2} if job.clip_grad else None
        changes.set("optim_wrapper.clip_grad", clip, because="with: {clip_grad: ...}")
    if job.ema is not None:
        _average(changes, job.ema)
    if isinstance(job.freeze, int):
        _freeze_stages(changes, job.freeze)


def parts_to_freeze(freeze: int | str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the parts of the model that the parameter ``freeze`` names."""
    if freeze is None or isinstance(freeze, int):
        return ()
    return (freeze,) if isinstance(freeze, str) else tuple(freeze)


def backbones(tree: Tree) -> Iterator[tuple[Place, Tree]]:
    """Yield the backbones of a model with their places."""
    for place, node in mappings(tree["model"], ("model",)):
        if place[-1] == "backbone" and "type" in node:
            yield place, node


def _average(changes: Changes, ema: bool | float) -> None:
    because = "with: {ema: ...}"
    now = list(changes.tree.get(timed_parts.HOOKS) or [])
    own = [hook for hook in now if timed_parts.is_ema(hook)]
    others = [hook for hook in now if not timed_parts.is_ema(hook)]
    if ema is False:
        found = others
    else:
        hook = own[0] if own else EMA
        found = [*others, hook if ema is True else {**hook, "momentum": ema}]
    if own or ema:
        changes.set(timed_parts.HOOKS, found, because=because)


def _freeze_stages(changes: Changes, stages: int) -> None:
    """Freeze the first stages of every backbone.

    Raises:
        StepProblems: a backbone has no such argument.
    """
    from mmdet.registry import MODELS

    for place, node in backbones(changes.tree):
        kind = MODELS.get(node["type"]) if isinstance(node["type"], str) else node["type"]
        if kind and "frozen_stages" not in inspect.signature(kind.__init__).parameters:
            what = f"the backbone {node['type']} can't freeze some of its stages"
            raise StepProblems(
                [StepProblem(("freeze",), what, "freeze: backbone freezes it whole")]
            )
        # mmdet counts the stem as stage 0, and -1 freezes nothing
        changes.set((*place, "frozen_stages"), stages, because="with: {freeze: ...}")
