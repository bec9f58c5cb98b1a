"""The learning rate of a training beside the one that its config is for."""

from typing import TYPE_CHECKING

from coco_recipe_mmdet.inside.settings import Tree
from coco_recipe_mmdet.jobs import Rate

if TYPE_CHECKING:
    from coco_recipe_mmdet.jobs import TrainJob


def of(job: "TrainJob", own: Tree, resolved: Tree) -> Rate | None:
    """Return the rate of a training; None where it has no one rate, or goes on with its last one.

    Args:
        job: the training.
        own: the config as it is written.
        resolved: the config as it will be trained with.
    """
    rate, of_config = _rate(resolved), _rate(own)
    if rate is None or of_config is None or job.more_epochs:
        return None
    wrapper = resolved["optim_wrapper"]
    batch = (resolved["train_dataloader"].get("batch_size") or 1) * job.gpus * job.nnodes
    scaling = resolved.get("auto_scale_lr") or {}
    base = (own.get("auto_scale_lr") or scaling).get("base_batch_size") or 0
    if scaling.get("enable") and scaling.get("base_batch_size"):
        rate *= batch / scaling["base_batch_size"]
    return Rate(
        optimizer=str(wrapper["optimizer"].get("type")).rpartition(".")[2],
        rate=rate,
        of_config=of_config,
        batch=batch,
        base=base,
        clips=bool(wrapper.get("clip_grad")),
    )


def _rate(tree: Tree) -> float | None:
    """Return the one learning rate of a config."""
    wrapper = tree.get("optim_wrapper")
    optimizer = wrapper.get("optimizer") if isinstance(wrapper, dict) else None
    rate = optimizer.get("lr") if isinstance(optimizer, dict) else None
    if not isinstance(rate, int | float) or isinstance(rate, bool) or rate <= 0:
        return None
    return float(rate)
