"""Exchanges never leave a division worse, and settling leaves none that would better it."""

import itertools
import random

import pytest
from coco_recipe_data.division import NOBODY, Goal, Group, State
from coco_recipe_data.exchanges import settle, wander


def _state(seed: int) -> State:
    chance = random.Random(seed)
    groups = [
        Group(str(n), 1, {label: chance.randint(0, 3) for label in range(4)}) for n in range(14)
    ]
    goal = Goal(groups, (0.5, 0.25, 0.25), at_least=1)
    return State(goal, [0] * 14)


@pytest.mark.parametrize("seed", range(5))
def test_wandering_ends_with_the_best_division_that_was_seen(seed: int) -> None:
    state = _state(seed)
    start = state.cost()
    wander(state, random.Random(seed), 400, weight=1)
    assert state.cost() < start
    assert state.cost() == State(state.goal, state.side).cost()
    held = list(state.side)
    wander(state, random.Random(seed), 0, weight=1)
    assert state.side == held


@pytest.mark.parametrize("seed", range(5))
def test_no_exchange_betters_a_settled_division(seed: int) -> None:
    state = _state(seed)
    settle(state)
    moves = [(n, part, NOBODY) for n in range(14) for part in range(3) if part != state.side[n]]
    pairs = [
        (n, state.side[other], other)
        for n, other in itertools.permutations(range(14), 2)
        if state.side[n] != state.side[other]
    ]
    assert min(map(state.change, [*moves, *pairs])) >= (0, 0, 0)
