"""Computed numbers carry no dust."""

import math
from typing import Any

import pytest

from coco_recipe.geometry.rounding import tidy


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1 + 0.2, "0.3"), (-1e-9, "0.0"), (7, "7"), (2.5, "2.5"), (1 / 3, "0.333333")],
)
def test_a_number_is_rounded_to_a_millionth(value: Any, text: str) -> None:
    assert repr(tidy(value)) == text


def test_digits_may_be_told_and_no_zero_is_negative() -> None:
    assert tidy(1.005e2, 1) == 100.5
    assert math.copysign(1, tidy(-0.001, 2)) == 1
