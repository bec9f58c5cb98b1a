"""What ``average_weights`` says of itself before a run: how many checkpoints it uses, in words."""

from collections.abc import Callable, Mapping
from typing import Any

from coco_recipe import Expected, ExpectedByPort, Forecast, Params, Span

ONE = Expected(others={"checkpoints": Span.exact(1)})
_HOW = {
    "uniform": "their mean",
    "weighted": "a weighted mean",
    "sequential": "one blended into the next",
    "ema": "a moving average of them",
}


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
