"""Divide groups of images among parts so that every class has its share in every part.

The start is iterative stratification over whole groups (Sechidis, Tsoumakas and Vlahavas 2011, On
the stratification of multi-label data). Exchanges refine it: a group moves to another part, or
changes places with a group of it. They are drawn, and made where the division costs no more than it
did some draws ago (late acceptance: Burke and Bykov 2017, The late acceptance hill-climbing
heuristic). A few groups at a time are then placed as well as can be (`placing`), which finds what
takes three or more of them at once; where there are few groups in all, this finds the best division
by itself.

Whole numbers only, so that neither the order of rows nor rounding decides a tie.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coco_recipe_data.division import NOBODY, Cost, Goal, Group, State
from coco_recipe_data.exchanges import MANY, settle, wander
from coco_recipe_data.placing import Placing

DRAWS = 150_000  # exchanges that are drawn in all starts, some microseconds each
DRAWS_PER_PAIR = 20  # and in a start no more than so many for each pair of groups and parts
MOST_STARTS = 24  # divisions that are refined,
START_GROUPS = 200  # fewer of many groups: all starts together have so many
PATIENCE = 4  # times as many starts, while a part lacks a class
AGREEING = 6  # no more starts where so many led to the least cost
SETTLED = 400  # of no more groups, every exchange is looked at in the end
ALL_AT_ONCE = 30  # no more groups are placed all at once, if that takes no more than
TRIES = 10_000  # so many placings of single groups;
FEW = 5_000  # of others a few are placed anew, so many placings of which there are,
PLACINGS = 5_000  # and so many placings of single groups in all


@dataclass(frozen=True, slots=True)
class Division:
    """The part of each group, and what was given up.

    Attributes:
        side: the part by the group's name.
        lacking: (class, part): the class has as many groups as there are parts, and none in this
            part.
        off: (part, its number of images, its exact share of them): they are farther apart than they
            should be.
    """

    side: Mapping[str, str]
    lacking: tuple[tuple[Any, str], ...]
    off: tuple[tuple[str, int, float], ...]


def divide(groups: Sequence[Group], shares: Mapping[str, float], *, at_least: int = 0) -> Division:
    r"""Divide groups among parts.

    Args:
        groups: in an order that doesn't depend on the file's; what is tried goes by it.
        shares: the share of each part, in order; taken as the decimal numbers that they are written
            as.
        at_least: the fewest images of a part, where its share allows so many.

    Returns:
        A division in which, in this order: the number of images of each part is within one of
        exact (within half the largest group where groups have several images); every class that
        has as many groups as there are parts is in every part; the sum over classes and parts of
        \|share of boxes - wanted share\| is as small as exchanges of groups make it. Where groups
        have several images, the images count as one more class in this sum.
    """
    names = list(shares)
    goal = Goal(groups, list(shares.values()), at_least)
    best = _best_of_starts(goal)
    lacking = tuple(
        (label, names[part])
        for label, row, needed in zip(goal.labels, best.boxes, goal.needed, strict=True)
        if needed
        for part in goal.parts
        if not row[part]
    )
    off = tuple(
        (names[part], best.images[part], goal.image_aims[part] / goal.scale)
        for part in goal.parts
        if goal.out_of_bounds(part, best.images[part])
    )
    return Division(
        {group.name: names[part] for group, part in zip(groups, best.side, strict=True)},
        lacking,
        off,
    )


def _best_of_starts(goal: Goal) -> State:
    """Refine divisions from several starts, and return the one of least cost."""
    rng = random.Random(0)
    number = len(goal.sizes)
    if number <= ALL_AT_ONCE:
        state = State(goal, _greedy(goal, _order(goal, 0, rng)))
        placing = Placing(goal, state.side, range(number), state.cost(), TRIES)
        side = placing.look()
        if placing.tried < TRIES:  # no placing was left out
            return State(goal, side) if side else state
    starts = min(max(START_GROUPS // max(number, 1), 1), MOST_STARTS)
    draws = min(DRAWS // starts, DRAWS_PER_PAIR * (number * len(goal.parts)) ** 2)
    costs = list[Cost]()
    best = State(goal, [0] * number)
    for start in range(PATIENCE * starts if number <= MANY else starts):
        state = State(goal, _greedy(goal, _order(goal, start, rng)))
        if start % 2:
            wander(state, rng, draws // 2, weight=0)
        wander(state, rng, draws // (1 + start % 2), weight=1)
        costs.append(state.cost())
        if costs[-1] < min(costs[:-1], default=(costs[-1][0] + 1, 0, 0)):
            best = state
        is_best = min(costs) <= (0, 0, sum(goal.least)) or costs.count(min(costs)) == AGREEING
        if is_best or (len(costs) >= starts and not min(costs)[1]):
            break
    if number <= SETTLED:
        best = _place_few(goal, best, rng)
        settle(best)
    return best


def _place_few(goal: Goal, state: State, rng: random.Random) -> State:
    """Place drawn groups anew, a few at a time, as well as can be."""
    size = 2
    while size < len(goal.sizes) and len(goal.parts) ** (size + 1) <= FEW:
        size += 1
    done = 0
    while done < PLACINGS and state.cost() > (0, 0, sum(goal.least)):
        placing = Placing(
            goal, state.side, rng.sample(range(len(goal.sizes)), size), state.cost(), TRIES
        )
        if side := placing.look():
            state = State(goal, side)
        done += placing.tried
    return state


def _order(goal: Goal, start: int, rng: random.Random) -> list[int]:
    """Return groups by falling size.

    Equal ones stand in the given order, at later starts in a drawn one.
    """
    order = list(range(len(goal.sizes)))
    if start:
        order.sort(key=lambda _: rng.random())
    return sorted(order, key=lambda n: -goal.sizes[n])


def _greedy(goal: Goal, order: Sequence[int]) -> list[int]:
    """Place the groups of the rarest class first, each where it is missed most and fits."""
    missing = [list(aims) for aims in goal.aims]
    room = list(goal.image_aims)
    full = [
        aim - goal.scale * most for aim, (_, most) in zip(goal.image_aims, goal.bounds, strict=True)
    ]
    side = [NOBODY] * len(order)

    def place(n: int, wants: Sequence[int]) -> None:
        size = goal.scale * goal.sizes[n]
        fitting = [part for part in goal.parts if room[part] - size >= full[part]]
        part = (
            max(fitting, key=lambda part: (wants[part], room[part]))
            if fitting
            else room.index(max(room))
        )
        side[n] = part
        room[part] -= size
        for label, count in goal.boxes[n]:
            missing[label][part] -= goal.scale * count

    holders: list[list[int]] = [[] for _ in goal.labels]
    for n in order:
        for label, _ in goal.boxes[n]:
            holders[label].append(n)
    for wants, numbers in zip([*missing, room], [*holders, order], strict=True):
        for n in numbers:
            if side[n] == NOBODY:
                place(n, wants)
    return side
