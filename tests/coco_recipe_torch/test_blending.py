"""A function averages state dicts without files, and says what share each has."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

torch = pytest.importorskip(
    "torch", reason="the training stack is not installed: make test does it"
)

from coco_recipe_torch.blending import average, blend  # noqa: E402


def test_a_function_averages_without_files() -> None:
    given = [{"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([3.0, 6.0])}]
    assert average(given)["w"].tolist() == [2, 4]
    assert average(given, blend("weighted", 2, weights=[3, 1]))["w"].tolist() == [1.5, 3]
    with pytest.raises(ValueError, match="'w' is complex"):
        average([{"w": torch.ones(2, dtype=torch.complex64)}])


@pytest.mark.parametrize(
    ("method", "given", "shares"),
    [
        ("uniform", {}, [0.25, 0.25, 0.25, 0.25]),
        ("weighted", {"weights": [1, 1, 0, 2]}, [0.25, 0.25, 0, 0.5]),
        ("sequential", {"alpha": 0.5}, [0.125, 0.125, 0.25, 0.5]),
        ("ema", {"decay": 0.5}, [0.125, 0.125, 0.25, 0.5]),
    ],
)
def test_shares_are_those_of_each_method(
    method: str, given: Mapping[str, Any], shares: Sequence[float]
) -> None:
    assert blend(method, 4, **given).shares() == shares
