"""The search among placings of groups: held against every placing there is."""

import itertools
import random
from dataclasses import dataclass, field

import pytest
from coco_recipe_data.placing import Placing


@dataclass
class Two:
    """Two equal parts, groups of one class each, no bounds that bind."""

    sizes: list[int]
    parts: range = field(default=range(2), init=False)
    scale: int = field(default=2, init=False)

    def __post_init__(self) -> None:
        self.boxes = [[(0, size)] for size in self.sizes]
        total = sum(self.sizes)
        self.aims = [[total, total]]  # in `scale` times boxes
        self.weights, self.needed = [1], [True]
        self.image_aims, self.image_weight = [total, total], 1
        self.bounds = [(0, total), (0, total)]

    def unevenness(self, side: list[int]) -> int:
        """Return how many more boxes one part has than the other."""
        return abs(sum(n if at else -n for n, at in zip(self.sizes, side, strict=True)))


@pytest.mark.parametrize("seed", range(10))
def test_no_other_placing_is_more_even(seed: int) -> None:
    chance = random.Random(seed)
    goal = Two([chance.randint(1, 9) for _ in range(7)])
    worst = (10**6, 10**6, 10**6)
    found = Placing(goal, [0] * 7, range(7), worst, 10**6).look()
    assert found
    best = min(goal.unevenness(list(side)) for side in itertools.product((0, 1), repeat=7))
    assert goal.unevenness(found) == best


def test_groups_that_are_not_free_stay_where_they_are() -> None:
    goal = Two([5, 3, 2])
    found = Placing(goal, [1, 0, 0], [1, 2], (10**6, 10**6, 10**6), 1000).look()
    assert found == [1, 0, 0]


def test_nothing_better_is_none() -> None:
    goal = Two([1, 1])
    assert Placing(goal, [0, 1], [0, 1], (0, 0, 0), 1000).look() is None
