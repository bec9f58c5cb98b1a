"""Fit the schedule of a config to a training's epochs, and to how many iterations they have."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet.inside import job_config, learning_rates, timed_parts
from coco_recipe_mmdet.inside.settings import Changes, Tree, mappings
from coco_recipe_mmdet.inside.training_length import Balanced, Length, batches, iterations

if TYPE_CHECKING:
    from coco_recipe_mmdet.jobs import TrainJob

OF_EPOCHS = "a training counts epochs, which end: with: {epochs: ...}"
NEXT_TO_NOTHING = 0.005  # of a schedule's highest learning rate
UNKNOWN_IMAGES = 10_000  # a preflight may not know the data yet


def fit(changes: Changes, job: "TrainJob") -> tuple[Length, list[str]]:
    """Apply epochs, batch size and learning rate, and fit to them all that counts time.

    Schedules by epoch, hooks that switch at an epoch and validation intervals are stretched with
    the epochs. Schedules and warm-ups by iteration that the training is too short for are
    shortened. What the recipe's ``set`` has decided is left as it is.

    Args:
        changes: the config, whose data loader has its one data set.
        job: the training.

    Returns:
        The length of the training, and what was shortened, in words.

    Raises:
        StepProblems: the config doesn't say what is needed.
    """
    if job.batch_size:
        because = "with: {batch_size: ...}"
        changes.set("train_dataloader.batch_size", job.batch_size, because=because)
    hooks = changes.tree.get("default_hooks") or {}
    if "param_scheduler" in hooks and hooks["param_scheduler"] is None:  # nobody would step them
        because = "default_hooks.param_scheduler is null, so that the learning rate stays"
        changes.set(learning_rates.ROOT, [], because=because)
    length = _loop(changes, job)
    said = learning_rates.fit(changes, length, job.warmup)
    _learning_rate(changes, job)
    if job.more_epochs:  # what was said is about the training that has ended
        length, said = _go_on(changes, length, job)
    said += timed_parts.fit(changes, length, as_given=job.warmup == "as_given")
    return length, [*said, *_behind_the_end(changes, length)]


def _behind_the_end(changes: Changes, length: Length) -> Iterator[str]:
    """Yield what the recipe asks for at a time that the training doesn't reach, in words."""
    for place, scheduler in learning_rates.schedulers(changes.tree):
        by_epoch = scheduler.get("by_epoch", True)
        end = length.epochs if by_epoch else length.total
        unit = "epoch" if by_epoch else "iteration"
        for key in ("begin", "milestones"):
            value = scheduler.get(key) or 0
            late = [n for n in (value if isinstance(value, list | tuple) else [value]) if n >= end]
            if late and changes.wanted_by((*place, key)):
                points = ", ".join(map(str, late))
                where = ".".join((*place, key))
                yield f"{where}: nothing comes of {points}, for the training ends at {unit} {end}"
        if learning_rates.is_warmup(scheduler) and scheduler["end"] > end:
            yield f"the warm-up ends at {unit} {scheduler['end']}, and the training at {end}"
    for place, hook in timed_parts.hooks(changes.tree):
        if (hook.get("switch_epoch") or 0) >= length.epochs:
            at = hook["switch_epoch"]
            yield (
                f"{'.'.join((*place, 'switch_epoch'))}: {at} is not before the end, so that "
                "strong augmentation stays"
            )


def _go_on(changes: Changes, length: Length, job: "TrainJob") -> tuple[Length, list[str]]:
    """Let a training go on where one has ended: at its last learning rate, without a schedule.

    Strong augmentation stays switched off. What the recipe sets of the schedule is that of the
    training that has ended, and has its last learning rate.

    Args:
        changes: the config, fitted to the training that has ended.
        length: of that training.
        job: the training that goes on.

    Returns:
        How long it is, and what isn't known of the one that has ended, in words.
    """
    because = "with: {more_epochs: ...}"
    epochs = job.more_epochs or 0
    rate = changes.tree["optim_wrapper"]["optimizer"]["lr"]
    rates = [*learning_rates.curve(changes.tree, length, rate)]
    last = rates[-1]
    said = [
        f"{kind} has lowered the learning rate by metrics, which aren't known here: it is "
        f"{last:.4g} again (learning_rate: ... says another)"
        for kind in learning_rates.waiting(changes.tree)
    ]
    if last < NEXT_TO_NOTHING * max(rates):
        said.append(
            f"the schedule has ended at the learning rate {last:.3g}, at which weights hardly "
            "change (set: {param_scheduler: []} with learning_rate: ... says another)"
        )
    changes.supersede("optim_wrapper.optimizer.lr", last, because=because)
    changes.supersede(learning_rates.ROOT, [], because=because)
    changes.supersede("train_cfg.max_epochs", epochs, because=because)
    for key, value in (("val_begin", 1), ("dynamic_intervals", None)):
        if changes.tree["train_cfg"].get(key):
            changes.supersede(f"train_cfg.{key}", value, because=because)
    for place, hook in timed_parts.hooks(changes.tree):
        for key, value in (("switch_epoch", 0), ("num_last_epochs", epochs), ("begin_epoch", 0)):
            if key in hook:
                changes.supersede((*place, key), value, because=because)
    for at, part in mappings(changes.tree.get("model"), ("model",)):
        if isinstance(part.get("initial_epoch"), int):  # TOOD's first assigner
            changes.supersede((*at, "initial_epoch"), 0, because=because)
    return Length(epochs, length.iterations, epochs), said


def _loop(changes: Changes, job: "TrainJob") -> Length:
    """Set the training's loop; return its length.

    Raises:
        StepProblems: neither the step nor the config says how many epochs there are.
    """
    tree = changes.tree
    before: Tree = tree.get("train_cfg") or {}
    own_iterations = before.get("max_iters")
    own_epochs = None if own_iterations else before.get("max_epochs")
    epochs = job.epochs or own_epochs
    if not epochs:
        what = "the config doesn't say how many epochs"
        if own_iterations:
            what = "the config counts iterations, not epochs"
        path = changes.wanted_by(("train_cfg",))
        key = ("set", path) if path else ("config",)
        raise StepProblems([StepProblem(key, what, "say how many: with: {epochs: 12}")])
    loader = tree["train_dataloader"]
    if "Infinite" in str(loader.get("sampler")):  # its epochs would never end
        sampler = {"type": "DefaultSampler", "shuffle": True}
        changes.set("train_dataloader.sampler", sampler, because=OF_EPOCHS)
    images, balanced = job.images or UNKNOWN_IMAGES, _balanced(job)
    count = iterations(loader, images, job.gpus * job.nnodes, balanced)
    if job.images and not batches(loader, images, job.gpus * job.nnodes, balanced):
        what = f"the {job.images} pictures fill no batch, and drop_last leaves out what isn't full"
        raise StepProblems([StepProblem(("batch_size",), what, "set a smaller one")])
    length = Length(epochs, count, own_epochs, own_iterations)
    by_epoch = own_iterations is None
    if not by_epoch or before.get("type") != "EpochBasedTrainLoop" or "by_epoch" in before:
        loop = {**_epochs_only(before), "type": "EpochBasedTrainLoop"}
        changes.set("train_cfg", loop, because=OF_EPOCHS)
    if job.epochs:
        changes.set("train_cfg.max_epochs", epochs, because="with: {epochs: ...}")
    else:
        changes.tree["train_cfg"]["max_epochs"] = epochs
    _validations(changes, job, length, (before.get("val_interval") or 1) if by_epoch else 1)
    return length


def _balanced(job: "TrainJob") -> Balanced | None:
    """Return how many pictures an epoch has with rare classes repeated; None in a preflight."""
    if not Path(job_config.TRAIN).is_file():
        return None

    @cache
    def balanced(threshold: float) -> int:
        from mmdet.registry import DATASETS
        from mmengine.config import ConfigDict

        leaf = job_config.train_data(job.classes, empty_images=job.empty_images)
        kind = "ClassBalancedDataset"
        wrapped = {"type": kind, "oversample_thr": threshold, "dataset": {**leaf, "pipeline": []}}
        return len(DATASETS.build(ConfigDict(wrapped)))

    return balanced


def _epochs_only(loop: Tree) -> Tree:
    """Return what a loop over epochs may keep of another."""
    by_epoch = "max_iters" not in loop
    kept = ("max_epochs", "val_begin", "val_interval", "dynamic_intervals")
    return {key: loop[key] for key in kept if key in loop and by_epoch}


def _validations(changes: Changes, job: "TrainJob", length: Length, interval: int) -> None:
    """Set how often the training validates.

    Raises:
        StepProblems: the recipe sets that it begins behind the end.
    """
    loop = changes.tree["train_cfg"]
    if job.val_interval:
        because = "with: {val_interval: ...}"
        changes.set("train_cfg.val_interval", job.val_interval, because=because)
        if loop.get("dynamic_intervals"):
            changes.set("train_cfg.dynamic_intervals", None, because=because)
        return
    changes.adapt("train_cfg.val_interval", interval)
    if begin := loop.get("val_begin"):
        path = changes.wanted_by(("train_cfg", "val_begin"))
        if path and begin > length.epochs:
            what = f"the training ends before epoch {begin}, so that nothing would be measured"
            raise StepProblems([StepProblem(("set", path), what, "set a smaller one")])
        found = min(length.epochs, max(1, round(begin * length.stretch)))
        changes.adapt("train_cfg.val_begin", found)
    if intervals := loop.get("dynamic_intervals"):
        found_ = [(max(1, round(at * length.stretch)), every) for at, every in intervals]
        changes.adapt("train_cfg.dynamic_intervals", found_)


def _learning_rate(changes: Changes, job: "TrainJob") -> None:
    """Set the learning rate, and whether it is scaled to the batch.

    Raises:
        StepProblems: it can't be scaled.
    """
    if job.learning_rate:
        because = "with: {learning_rate: ...}"
        changes.set("optim_wrapper.optimizer.lr", job.learning_rate, because=because)
    scaling: dict[str, Any] = changes.tree.get("auto_scale_lr") or {}
    because = "with: {scale_lr: ...}"
    if job.scale_lr:
        base = scaling.get("base_batch_size") if job.scale_lr is True else job.scale_lr
        if not base:
            what = "the config doesn't say which batch size its learning rate is for"
            raise StepProblems([StepProblem(("scale_lr",), what, "say it: scale_lr: 16")])
        found = {"enable": True, "base_batch_size": base}
        changes.set("auto_scale_lr", found, because=because)
    elif job.scale_lr is False and scaling:
        changes.set("auto_scale_lr.enable", False, because=because)
