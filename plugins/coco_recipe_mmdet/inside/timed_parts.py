"""Fit hooks, averages of weights and parts of models that count epochs or iterations."""

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet.inside.settings import Changes, Place, Tree, mappings
from coco_recipe_mmdet.inside.training_length import Length

HOOKS = "custom_hooks"
# an average of weights looks back over a twentieth of the iterations, and warms up for a tenth
WINDOW_SHARE = 20
WARMUP_SHARE = 10
_GAMMAS = {"ExpMomentumEMA": 2000, "MomentumAnnealingEMA": 100}  # their own warm-ups
MOMENTUM = 0.0002  # mmengine's
_MOST = 0.5  # mmengine warns above it


def fit(changes: Changes, length: Length, *, as_given: bool) -> list[str]:
    """Fit all of it to a training; return what was shortened, in words.

    Args:
        changes: the config.
        length: of the training.
        as_given: leave what counts iterations.

    Raises:
        StepProblems: the recipe sets that an average begins behind the end.
    """
    said: list[str] = []
    for place, hook in hooks(changes.tree):
        if length.stretch != 1:
            _by_epoch(changes, place, hook, length)
        _expect_begun(changes, place, hook, length)
        if is_ema(hook) and not as_given:
            said += _average(changes, place, hook, length.total)
    if length.stretch != 1:
        for place, node in mappings(changes.tree.get("model"), ("model",)):
            if isinstance(epoch := node.get("initial_epoch"), int):  # TOOD's first assigner
                changes.adapt((*place, "initial_epoch"), round(epoch * length.stretch))
    return said


def hooks(tree: Tree) -> list[tuple[Place, Tree]]:
    """Return the config's own hooks with their places."""
    found = tree.get(HOOKS) or []
    return [((HOOKS, str(n)), hook) for n, hook in enumerate(found) if isinstance(hook, dict)]


def is_ema(hook: Tree) -> bool:
    """Return whether a hook averages the weights."""
    return str(hook.get("type")).rpartition(".")[2].endswith("EMAHook")


def switched_off(tree: Tree, epochs: int) -> int | None:
    """Return the first epoch, from 1, of those without strong augmentation; None without such."""
    for _, hook in hooks(tree):
        if isinstance(epoch := hook.get("switch_epoch"), int):
            return epoch + 1
        if isinstance(last := hook.get("num_last_epochs"), int):
            return max(1, epochs - last)
    return None


def _by_epoch(changes: Changes, place: Place, hook: Tree, length: Length) -> None:
    """Stretch the epochs of a hook; the last epoch is always one of those after a switch."""

    def share(own: int) -> int:
        return min(length.epochs, max(1, round(own * length.stretch)))

    own = length.own_epochs or length.epochs
    if isinstance(epoch := hook.get("switch_epoch"), int):
        changes.adapt((*place, "switch_epoch"), length.epochs - share(own - epoch))
    if isinstance(last := hook.get("num_last_epochs"), int):
        # mmdet's hook switches one epoch earlier than its name says
        changes.adapt((*place, "num_last_epochs"), share(last + 1) - 1)
    if isinstance(begin := hook.get("begin_epoch"), int) and begin:
        changes.adapt((*place, "begin_epoch"), share(begin))


def _expect_begun(changes: Changes, place: Place, hook: Tree, length: Length) -> None:
    path = changes.wanted_by((*place, "begin_epoch"))
    if path and (begin := hook.get("begin_epoch") or 0) > length.epochs:
        what = f"the training ends before epoch {begin}, so that nothing would be averaged"
        raise StepProblems([StepProblem(("set", path), what, "set a smaller one")])


def _average(changes: Changes, place: Place, hook: Tree, total: int) -> list[str]:
    """Shorten the warm-up and the memory of an average of weights; return what was, in words."""
    momentum = hook.get("momentum", MOMENTUM)
    least = min(_MOST, WINDOW_SHARE / total)
    found: dict[str, object] = {}
    kind = str(hook.get("ema_type", "ExponentialMovingAverage")).rpartition(".")[2]
    if kind in _GAMMAS and hook.get("gamma", _GAMMAS[kind]) > (
        most := max(1, total // WARMUP_SHARE)
    ):
        found["gamma"] = most
    if momentum < least and kind != "StochasticWeightAverage":
        found["momentum"] = least
    if (hook.get("begin_iter") or 0) > total // WARMUP_SHARE:
        found["begin_iter"] = total // WARMUP_SHARE
    for key, value in found.items():
        changes.adapt((*place, key), value)
    if not found:
        return []
    what = ", ".join(f"{key} {value:.4g}" for key, value in found.items())
    return [f"the average of weights is fitted to {total} iterations: {what}"]
