"""Metrics are numbers by name, in their order."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from coco_recipe import Metrics
from coco_recipe.values import metrics


@pytest.mark.parametrize(
    ("figures", "name"),
    [
        ({"a": {"b": float("nan")}}, "a > b is nan"),
        ({"a": "0.3"}, "a is '0.3'"),
        ({"a": 1, "b": True}, "b is True"),
        ({"a": {"c": [1]}}, r"a > c is \[1\]"),
    ],
)
def test_metrics_are_numbers(figures: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"metrics: {name}, not a finite number"):
        Metrics(figures)


def test_the_form_keeps_every_number_and_the_order_of_names() -> None:
    figures = {
        "epoch_10": {"mAP": 0.5, "classes": {"z > y": 1, "a": None, "1": {"AP": 0.0}}},
        "": 3,
        "epoch_9": -0.25,
    }
    form, hashes = metrics.KIND.write(Metrics(figures), Path(), "metrics")
    assert hashes == {}
    kept = msgspec.json.decode(msgspec.json.encode(form, order="sorted"))
    again = metrics.KIND.read(kept, Path(), {})
    assert again == Metrics(figures)
    assert list(again.flat()) == list(Metrics(figures).flat())
