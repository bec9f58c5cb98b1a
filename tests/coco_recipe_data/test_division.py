"""What a division costs, and what an exchange changes of it: held against counting anew."""

import random

import pytest
from coco_recipe_data.division import NOBODY, Goal, Group, State


def _goal(chance: random.Random) -> Goal:
    groups = [
        Group(str(n), chance.randint(1, 4), {label: chance.randint(0, 5) for label in "abc"})
        for n in range(12)
    ]
    return Goal(groups, (0.6, 0.3, 0.1), at_least=1)


@pytest.mark.parametrize("seed", range(20))
def test_an_exchange_changes_the_cost_by_what_it_says(seed: int) -> None:
    chance = random.Random(seed)
    goal = _goal(chance)
    state = State(goal, [chance.randrange(3) for _ in range(12)])
    for _ in range(30):
        n, other = chance.sample(range(12), 2)
        if state.side[n] == state.side[other]:
            other, there = NOBODY, (state.side[n] + 1) % 3
        else:
            there = state.side[other]
        before = state.cost()
        change = state.change((n, there, other))
        back = state.make((n, there, other))
        anew = State(goal, state.side).cost()
        assert state.cost() == anew
        assert anew == tuple(a + b for a, b in zip(before, change, strict=True))
        if chance.random() < 0.5:
            state.make(back)
            assert state.cost() == before


def test_a_class_without_boxes_is_no_class_and_the_rarest_comes_first() -> None:
    groups = [Group("x", 1, {"often": 3, "never": 0}), Group("y", 1, {"often": 1, "rare": 1})]
    goal = Goal(groups, (0.5, 0.5), at_least=0)
    assert goal.labels == ["rare", "often"]
    assert goal.needed == [False, True]  # "rare" has one group for two parts
    assert goal.bounds == [(1, 1), (1, 1)]
    assert [goal.out_of_bounds(0, images) for images in (0, 1, 3)] == [1, 0, 2]
