"""What an average says before a run: how many checkpoints it uses, and how they are blended."""

from typing import Any

import pytest
from coco_recipe_torch import plans
from coco_recipe_torch.average_weights import STEP

from coco_recipe import Expected, Forecast, Span

TWELVE = Expected(others={"checkpoints": Span.exact(12)})


def _told(*above: Expected, **given: Any) -> Forecast:
    assert STEP.forecast is plans.average
    return STEP.forecast({"method": "uniform", **given}, {"checkpoints": above}, lambda: None)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({}, Span.exact(13)),
        ({"last": 3}, Span.exact(3)),
        ({"epochs": [10, 11]}, Span.exact(2)),
    ],
)
def test_it_uses_those_that_are_asked_for(given: dict[str, Any], used: Span) -> None:
    found = _told(TWELVE, plans.ONE, **given)
    assert found.uses == {"checkpoints": used}
    assert found.out == {"checkpoint": plans.ONE}


def test_checkpoints_that_nobody_counted_are_one_or_more() -> None:
    assert _told(Expected()).uses == {"checkpoints": Span(1, None)}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"last": 3}, "averages the last 3 checkpoints: their mean"),
        ({"last": 1, "method": "ema"}, "averages the last checkpoint: a moving average of them"),
        (
            {"epochs": [10, 11], "method": "sequential"},
            "averages the checkpoints of epochs 10, 11: one blended into the next",
        ),
    ],
)
def test_words(given: dict[str, Any], told: str) -> None:
    assert plans.tell_average({"method": "uniform", **given}) == told
