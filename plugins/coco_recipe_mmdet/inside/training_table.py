"""The table of what a training is going to do, shown before its first iteration."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import counted
from coco_recipe_mmdet.inside import added_parts, learning_rates, timed_parts
from coco_recipe_mmdet.inside.settings import Tree
from coco_recipe_mmdet.inside.training_length import Length

if TYPE_CHECKING:
    from coco_recipe_mmdet.jobs import TrainJob

_NEVER = 10**9


def rows(job: "TrainJob", tree: Tree, length: Length) -> list[tuple[str, str]]:
    """Return the table: what, and how it is.

    Args:
        job: the training.
        tree: its resolved config.
        length: how long it is.
    """
    epochs = counted(length.epochs, "epoch")
    processes = job.gpus * job.nnodes
    size = tree["train_dataloader"].get("batch_size") or 1
    return [
        ("length", f"{epochs} of {counted(length.iterations, 'iteration')}"),
        ("batch", "; ".join(_batch(tree, size, processes))),
        ("learning rate", _rate(tree, size * processes)),
        ("warm-up", "; ".join(_warmups(tree, length)) or "none"),
        ("then", "; ".join(_later(tree, length)) or "the same to the end"),
        ("average of weights", _average(tree)),
        ("augmentation", _augmentation(job, tree, length)),
        ("frozen", "; ".join(_frozen(job, tree)) or "nothing"),
        ("precision", _precision(job, tree)),
        *_stop(job),
    ]


def text(table: list[tuple[str, str]]) -> str:
    """Return the table as lines."""
    width = max(len(name) for name, _ in table)
    return "\n".join(f"  {name:{width}}  {value}" for name, value in table)


def _batch(tree: Tree, size: int, processes: int) -> Iterator[str]:
    yield f"{size}" if processes == 1 else f"{size} in each of {processes} processes"
    if (count := (tree.get("optim_wrapper") or {}).get("accumulative_counts") or 1) > 1:
        yield f"the weights change every {count} iterations (accumulative_counts)"


def _rate(tree: Tree, batch: int) -> str:
    optimizer = (tree.get("optim_wrapper") or {}).get("optimizer") or {}
    scaling = tree.get("auto_scale_lr") or {}
    rate, base = optimizer.get("lr"), scaling.get("base_batch_size")
    said = f"{optimizer.get('type')} {rate:.6g}" if rate else f"{optimizer.get('type')} {rate}"
    if rate is None or not base or base == batch:
        return f"{said} at {batch} pictures an iteration"
    if scaling.get("enable"):
        scaled = f"{rate * batch / base:.4g} for {batch}"
        return f"{said} for {base} pictures an iteration, scaled to {scaled}"
    return (
        f"{said}, which is for {base} pictures an iteration, at {batch} (scale_lr: true scales it)"
    )


def _warmups(tree: Tree, length: Length) -> Iterator[str]:
    for _, scheduler in learning_rates.schedulers(tree):
        if learning_rates.is_warmup(scheduler):
            end = _iterations(scheduler["end"], scheduler, length)
            share = 100 * end / length.total
            yield f"{_kind(scheduler)} over {end} iterations ({share:.3g} % of {length.total})"


def _later(tree: Tree, length: Length) -> Iterator[str]:
    for _, scheduler in learning_rates.schedulers(tree):
        if learning_rates.is_warmup(scheduler):
            continue
        begin = _iterations(scheduler.get("begin", 0), scheduler, length)
        end = min(length.total, _iterations(scheduler.get("end", _NEVER), scheduler, length))
        if marks := scheduler.get("milestones"):
            at = [_iterations(mark, scheduler, length) for mark in marks]
            where = ", ".join(str(mark) for mark in at)
            yield f"{_kind(scheduler)} times {scheduler.get('gamma', 0.1)} at iteration {where}"
        else:
            yield f"{_kind(scheduler)} from iteration {begin} to {end}"


def _average(tree: Tree) -> str:
    found = [hook for _, hook in timed_parts.hooks(tree) if timed_parts.is_ema(hook)]
    if not found:
        return "none"
    momentum = found[0].get("momentum", timed_parts.MOMENTUM)
    return f"{found[0].get('ema_type', 'ExponentialMovingAverage')}, momentum {momentum:.4g}"


def _augmentation(job: "TrainJob", tree: Tree, length: Length) -> str:
    if job.augmentation in ("off", False):
        return "none"
    off = timed_parts.switched_off(tree, length.epochs)
    return f"switched off from epoch {off} on" if off else "as the pipeline has it, to the end"


def _frozen(job: "TrainJob", tree: Tree) -> Iterator[str]:
    yield from added_parts.parts_to_freeze(job.freeze)
    for place, node in added_parts.backbones(tree):
        stages = node.get("frozen_stages", -1)
        if isinstance(stages, int) and stages >= 0:
            yield f"stages up to {stages} of {'.'.join(place[1:])}"
        if node.get("norm_eval"):
            yield f"the statistics of batch norms in {'.'.join(place[1:])}"


def _precision(job: "TrainJob", tree: Tree) -> str:
    wrapper = tree.get("optim_wrapper") or {}
    if _kind(wrapper) != "AmpOptimWrapper":
        return "single" + "; half precision (amp) needs a GPU" * bool(job.amp)
    return f"half where torch takes it (amp), loss scale {wrapper.get('loss_scale', 'dynamic')}"


def _stop(job: "TrainJob") -> Iterator[tuple[str, str]]:
    if job.early_stopping:
        validations = counted(job.early_stopping, "validation")
        yield "ends early", f"after {validations} without a better {job.best_by}"


def _iterations(point: float, scheduler: Tree, length: Length) -> int:
    by_epoch = scheduler.get("by_epoch", True) and point < _NEVER
    return round(point * length.iterations) if by_epoch else round(point)


def _kind(scheduler: Tree) -> str:
    return str(scheduler.get("type")).rpartition(".")[2]
