"""What ``check_leakage`` says of itself before a run."""

from collections.abc import Callable, Mapping
from typing import Any

from coco_recipe import Expected, Forecast, Params, Span

_LOOKED_FOR = {"equal": "equal files", "family": "images of one original", "near": "near pictures"}


def forecast(
    with_: Params,
    expected: Mapping[str, Expected],
    values: Callable[[], Mapping[str, Any] | None],
) -> Forecast:
    """Forecast a check: every picture of every part is looked at.

    Args:
        with_: the step's parameters.
        expected: what comes to it, by part.
        values: aren't asked for.

    Returns:
        How many pictures it looks at, and the file of pairs that it writes.
    """
    images = Span.exact(0)
    for one in expected.values():
        images += one.images
    return Forecast(uses={"images": images}, files=Span.exact(1))


def tell(with_: Params) -> str:
    """Say what is looked for, and what of it fails the run.

    Args:
        with_: the step's parameters.

    Returns:
        The words.
    """
    kinds = [name for name in _LOOKED_FOR if with_["families"] or name != "family"]
    fails = [_LOOKED_FOR[name] for name in kinds if name in with_["fails"]]
    told = "looks for pictures of one part in another"
    return f"{told}; the run fails at {', '.join(fails)}" if fails else f"{told}, and warns of them"
