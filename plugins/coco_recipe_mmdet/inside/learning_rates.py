"""Fit the schedulers of learning rates and momenta to the length of a training.

What a scheduler counts in epochs is stretched with the epochs. Where that is no whole number, the
scheduler counts iterations from then on, so that a schedule for 300 epochs keeps its form in five.
A scheduler that is left without an iteration is left out, since mmengine refuses it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from coco_recipe_mmdet.inside.settings import Changes, Place, Tree
from coco_recipe_mmdet.inside.training_length import Length

ROOT = "param_scheduler"
AS_GIVEN = "as_given"
WARMUP_SHARE = 10  # a warm-up has a tenth of the iterations at most
START_FACTOR = 0.001  # where the config has no warm-up and the step asks for one: mmdet's own
_POINTS = ("begin", "end", "milestones", "T_max", "step_size", "total_steps", "periods")
_SPANS = ("T_max", "step_size", "total_steps", "periods")  # at least 1
_NEVER = 10**9  # mmengine's INF
# these have come to their end in the last epoch, which would be much of a short training
_END_EARLY = ("Linear", "OneCycle", "Poly")
# one step of these is an epoch's: a power for each, or a look at the metric of each validation
_WAITING = "ReduceOnPlateau"
_OF_EPOCHS = ("Exponential", _WAITING)
At = Callable[[float], int]


def fit(changes: Changes, length: Length, warmup: str | int | None) -> list[str]:
    """Fit all schedulers to a training; return what was shortened, in words.

    Args:
        changes: the config.
        length: of the training.
        warmup: ``as_given`` leaves what counts iterations as it is, but for a config that counts
            iterations all through, a number is how many iterations a warm-up has, and None
            shortens what the training is too short for.
    """
    behind = [*_behind_warmups(changes.tree)]
    said = [*_by_iteration(changes, length, warmup)]
    for place, scheduler in schedulers(changes.tree):
        if scheduler.get("by_epoch", True) and length.stretch != 1:
            _stretch(changes, place, scheduler, length)
    if isinstance(warmup, int):
        _exact_warmup(changes, warmup)
        for place in behind:
            _begin_at(changes, place, _of_warmup(warmup), length)
    _drop_empty(changes)
    return said


def schedulers(tree: Tree) -> Iterator[tuple[Place, Tree]]:
    """Yield every scheduler with its place.

    mmengine takes one, a list, or for several optimizers a mapping of either.
    """
    yield from _within(tree.get(ROOT), (ROOT,))


def built(tree: Tree, length: Length, optimizer: object) -> list[Any]:
    """Build the schedulers for an optimizer, as mmengine's Runner does."""
    from mmengine.registry import PARAM_SCHEDULERS

    found = []
    for _, scheduler in schedulers(tree):
        by_epoch = scheduler.get("by_epoch", True)
        settings = {"end": length.epochs if by_epoch else length.total, **scheduler}
        extra = {"optimizer": optimizer, "epoch_length": length.iterations}
        found.append(PARAM_SCHEDULERS.build(settings, default_args=extra))
    return found


def curve(tree: Tree, length: Length, rate: float) -> Iterator[float]:
    """Yield the learning rate of each iteration of a training.

    Args:
        tree: the config, whose schedulers are mmengine's own; those that wait for a metric rest.
        length: of the training.
        rate: the optimizer's learning rate.
    """
    import torch

    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=rate, momentum=0.9)
    own = [one for _, one in schedulers(tree) if not _kind(one).startswith(_WAITING)]
    made = built({ROOT: own}, length, optimizer)
    for n in range(1, length.total + 1):
        yield optimizer.param_groups[0]["lr"]
        optimizer.step()
        for one in made:
            if not one.by_epoch or n % length.iterations == 0:
                one.step()


def waiting(tree: Tree) -> list[str]:
    """Return the kinds of the schedulers that wait for a metric."""
    kinds = dict.fromkeys(_kind(one) for _, one in schedulers(tree))
    return [kind for kind in kinds if kind.startswith(_WAITING)]


def is_warmup(scheduler: Tree) -> bool:
    """Return whether a scheduler begins with the training, and ends with a higher value."""
    kind = _kind(scheduler)
    rises = (
        kind.startswith("QuadraticWarmup")
        or (
            kind.startswith("Linear")
            and scheduler.get("start_factor", 1 / 3) < scheduler.get("end_factor", 1)
        )
        or (kind.startswith("Constant") and scheduler.get("factor", 1 / 3) < 1)
    )
    return rises and not scheduler.get("begin") and 0 < scheduler.get("end", _NEVER) < _NEVER


def _within(node: object, place: Place) -> Iterator[tuple[Place, Tree]]:
    if isinstance(node, Mapping) and "type" in node:
        yield place, dict(node)
    elif isinstance(node, Mapping):
        for key, child in node.items():
            yield from _within(child, (*place, str(key)))
    elif isinstance(node, list | tuple):
        for n, child in enumerate(node):
            yield from _within(child, (*place, str(n)))


def _by_iteration(changes: Changes, length: Length, warmup: str | int | None) -> Iterator[str]:
    """Fit schedulers that count iterations."""
    found = [
        (place, scheduler)
        for place, scheduler in schedulers(changes.tree)
        if not scheduler.get("by_epoch", True) and _is_free(changes, place)
    ]
    ratio = _ratio([scheduler for _, scheduler in found if not is_warmup(scheduler)], length)
    if warmup == AS_GIVEN and not length.own_iterations:
        ratio = 1.0
    most = length.total // WARMUP_SHARE
    ends = {
        scheduler["end"]: _of_warmup(min(most, scheduler["end"]))
        for _, scheduler in found
        if warmup is None and is_warmup(scheduler)
    }

    def at(point: float) -> int:
        return ends[int(point)] if point in ends else round(point * ratio)

    for place, scheduler in found:
        if not is_warmup(scheduler):
            _move(changes, place, scheduler, at)
        elif scheduler["end"] in ends:
            changes.adapt((*place, "end"), at(scheduler["end"]))
    for before, after in ends.items():
        if before != after:
            what = f"shortened to {after} of {length.total}" if after else "left out"
            yield f"the warm-up of {before} iterations is {what} (warmup: as_given leaves it)"
    if ratio != 1 and not length.own_iterations:
        yield (
            f"the schedule by iteration is shortened to {length.total} iterations "
            "(warmup: as_given leaves it)"
        )


def _of_warmup(end: int) -> int:
    """Return where a warm-up ends that should end there.

    mmengine's reach the whole value in their last iteration, and never if that is the first.
    """
    return end if end > 1 else 0


def _ratio(found: list[Tree], length: Length) -> float:
    """Return by how much schedules by iteration are stretched.

    Only a config that counts iterations all through says how many its schedule is for. Beside
    epochs it is known by the schedule alone, which is shortened where it doesn't fit.
    """
    if length.own_iterations:
        return length.total / length.own_iterations
    ends = [end for scheduler in found if (end := _end(scheduler)) < _NEVER]
    last = [max(scheduler["milestones"]) for scheduler in found if scheduler.get("milestones")]
    # without an end the last milestone stands for it: it is near the end in all schedules
    own = max(ends or [12 * n / 11 for n in last] or [0])
    return length.total / own if own > length.total else 1.0


def _end(scheduler: Tree) -> float:
    """Return where a scheduler ends; without an end of its own, where its curve does."""
    if (end := scheduler.get("end", _NEVER)) < _NEVER:
        return float(end)
    spans = [scheduler.get(key) or 0 for key in ("T_max", "total_steps")]
    span = max(*spans, sum(_numbers(scheduler.get("periods"))))
    return scheduler.get("begin", 0) + span if span else _NEVER


def _stretch(changes: Changes, place: Place, scheduler: Tree, length: Length) -> None:
    """Stretch a scheduler that counts epochs."""
    points = [n for key in _POINTS for n in _numbers(scheduler.get(key)) if n < _NEVER]
    exact = all((n * length.stretch).is_integer() for n in map(float, points))
    if length.stretch < 1 and _kind(scheduler).startswith(_END_EARLY):
        exact &= bool(scheduler.get("convert_to_iter_based"))
    in_epochs = exact or not _is_free(changes, place) or _kind(scheduler).startswith(_OF_EPOCHS)
    unit = 1 if in_epochs else length.iterations
    # mmengine makes iterations of its epochs, which are enough
    is_long = in_epochs and scheduler.get("convert_to_iter_based")
    warms_up = is_warmup(scheduler) and not is_long

    def at(point: float) -> int:
        moved = round(point * length.stretch * unit)
        return _of_warmup(moved) if warms_up else moved

    if in_epochs:
        _move(changes, place, scheduler, at)
        return
    changes.set((*place, "by_epoch"), False)
    if scheduler.get("convert_to_iter_based"):
        changes.set((*place, "convert_to_iter_based"), False)
    _move(changes, place, scheduler, at)


def _is_free(changes: Changes, place: Place) -> bool:
    """Return whether the recipe's ``set`` leaves open what a scheduler counts."""
    return not any(changes.is_wanted((*place, key)) for key in (*_POINTS, "by_epoch"))


def _move(changes: Changes, place: Place, scheduler: Tree, at: At) -> None:
    """Move all that a scheduler counts; what is as long as the scheduler stays so."""
    begin, end = scheduler.get("begin", 0), scheduler.get("end", _NEVER)
    for key in _POINTS:
        value = scheduler.get(key)
        if value is None or not _numbers(value):
            continue
        if key in _SPANS and value == end - begin:
            changes.adapt((*place, key), max(1, at(end) - at(begin)))
            continue
        least = 1 if key in _SPANS else 0
        moved = [n if n >= _NEVER else max(least, at(n)) for n in _numbers(value)]
        if key == "milestones":
            moved = [max(1, n) for n in moved]
        changes.adapt((*place, key), moved if isinstance(value, list | tuple) else moved[0])


def _exact_warmup(changes: Changes, iterations: int) -> None:
    """Let the training warm up for so many iterations; without a warm-up in the config, add one."""
    because = "with: {warmup: ...}"
    iterations = _of_warmup(iterations)
    found = [found for found in schedulers(changes.tree) if is_warmup(found[1])]
    for place, scheduler in found:
        changes.set((*place, "by_epoch"), False, because=because)
        if scheduler.get("convert_to_iter_based"):
            changes.set((*place, "convert_to_iter_based"), False, because=because)
        changes.set((*place, "end"), iterations, because=because)
    now = changes.tree.get(ROOT) or []
    if iterations and not found and isinstance(now, list | tuple):
        added = {"type": "LinearLR", "start_factor": START_FACTOR, "by_epoch": False}
        changes.set(ROOT, [*now, {**added, "begin": 0, "end": iterations}], because=because)


def _behind_warmups(tree: Tree) -> Iterator[Place]:
    """Yield the places of schedulers that begin where a warm-up ends."""
    found = [*schedulers(tree)]
    ends = {(one.get("by_epoch", True), one["end"]) for _, one in found if is_warmup(one)}
    for place, scheduler in found:
        if (scheduler.get("by_epoch", True), scheduler.get("begin", 0)) in ends:
            yield place


def _begin_at(changes: Changes, place: Place, iteration: int, length: Length) -> None:
    """Let a scheduler begin at an iteration, and end where it did."""
    scheduler = dict(schedulers(changes.tree))[place]
    if not _is_free(changes, place) or _kind(scheduler).startswith(_OF_EPOCHS):
        return
    unit = length.iterations if scheduler.get("by_epoch", True) else 1
    before, end = scheduler.get("begin", 0), scheduler.get("end", _NEVER)
    begin = min(iteration, (length.total if end >= _NEVER else end * unit) - 1)
    because = "with: {warmup: ...}"
    for key in ("by_epoch", "convert_to_iter_based"):
        if scheduler.get(key, key == "by_epoch"):
            changes.set((*place, key), False, because=because)
    for key in _POINTS:
        value = scheduler.get(key)
        if not _numbers(value):
            continue
        if key == "begin":
            moved: Any = begin
        elif key in ("T_max", "total_steps"):  # the curve ends where it did
            moved = max(1, (before + value) * unit - begin)
        else:
            numbers = [n if n >= _NEVER else n * unit for n in _numbers(value)]
            moved = numbers if isinstance(value, list | tuple) else numbers[0]
        changes.set((*place, key), moved, because=because)


def _drop_empty(changes: Changes) -> None:
    """Leave out schedulers that end where they begin."""
    empty = [
        place
        for place, scheduler in schedulers(changes.tree)
        if scheduler.get("end", _NEVER) <= scheduler.get("begin", 0)
    ]
    for place in reversed(empty):
        if not any(changes.is_wanted((*place, key)) for key in ("begin", "end")):
            _drop(changes, place)


def _drop(changes: Changes, place: Place) -> None:
    if place[-1].isdecimal():
        changes.drop(place)
    else:
        changes.set(place, [])


def _kind(scheduler: Tree) -> str:
    return str(scheduler.get("type")).rpartition(".")[2]


def _numbers(value: Any) -> list[float]:
    """Return the numbers of a value that has one or a list of them."""
    if isinstance(value, list | tuple):
        return [n for n in value if isinstance(n, int | float)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []
