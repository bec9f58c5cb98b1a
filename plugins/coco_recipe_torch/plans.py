"""What ``average_weights`` says of itself before a run: how many checkpoints it uses, in words."""

from collections.abc import Callable, Mapping
from typing import Any

from coco_recipe import Expected, ExpectedByPort, Facts, FactsByPort, Forecast, Params, Span

ONE = Expected(others={"checkpoints": Span.exact(1)})
_HOW = {
    "uniform": "their mean",
    "weighted": "a weighted mean",
    "sequential": "one blended into the next",
    "ema": "a moving average of them",
}


def bytes_of(facts: FactsByPort) -> int | None:
    """Return about how many bytes a checkpoint has that is made of those that come to a step.

    Args:
        facts: what is known of the step's inputs, of the ports ``checkpoint`` and ``checkpoints``.

    Returns:
        The size of the largest whose size is known; None where none is.
    """
    found: list[Facts] = []
    for port in ("checkpoint", "checkpoints"):
        known = facts.get(port, ())
        found += [known] if isinstance(known, Facts) else known
    return max((one.bytes for one in found if one.bytes is not None), default=None)


def room(with_: Params, facts: FactsByPort) -> int | None:
    """Return about how many bytes a step writes that makes one checkpoint of others.

    Args:
        with_: the step's parameters.
        facts: what is known of its inputs.

    Returns:
        The size of a checkpoint; None where it isn't known.
    """
    return bytes_of(facts)


def average(
    with_: Params, expected: ExpectedByPort, values: Callable[[], Mapping[str, Any] | None]
) -> Forecast:
    """Forecast an average: those that are asked for are used, one is made.

    Args:
        with_: the step's parameters.
        expected: what comes to it.
        values: aren't asked for.

    Returns:
        How many checkpoints it uses and makes, and how many files it writes.
    """
    used = Span.exact(0)
    for one in expected["checkpoints"]:
        used += one.others.get("checkpoints", Span(1))
    if chosen := with_.get("last") or len(with_.get("epochs") or ()):
        used = Span.exact(chosen)
    return Forecast({"checkpoint": ONE}, {"checkpoints": used}, Span.exact(1))


def tell_average(with_: Params) -> str:
    """Say which checkpoints are averaged, and how.

    Args:
        with_: the step's parameters.

    Returns:
        The words.
    """
    which = "the checkpoints that come to it"
    if last := with_.get("last"):
        which = f"the last {last} checkpoints" if last > 1 else "the last checkpoint"
    elif epochs := with_.get("epochs"):
        which = f"the checkpoints of epochs {', '.join(map(str, epochs))}"
    return f"averages {which}: {_HOW[with_['method']]}"
