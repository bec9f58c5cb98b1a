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
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any, TypeVar

from coco_recipe_data.placing import Placing

ONE = 1 << 40  # what the share 1 of a class is worth
DRAWS = 150_000  # exchanges that are drawn in all starts, some microseconds each
DRAWS_PER_PAIR = 20  # and in a start no more than so many for each pair of groups and parts
MOST_STARTS = 24  # divisions that are refined,
START_GROUPS = 200  # fewer of many groups: all starts together have so many
PATIENCE = 4  # times as many starts, while a part lacks a class
AGREEING = 6  # no more starts where so many led to the least cost
MEMORY = 200  # how many draws ago
MANY = 2_000  # of more groups, only the smallest of each class are drawn as its holders:
SMALLEST = 50  # so many
SETTLED = 400  # of no more groups, every exchange is looked at in the end
ALL_AT_ONCE = 30  # no more groups are placed all at once, if that takes no more than
TRIES = 10_000  # so many placings of single groups;
FEW = 5_000  # of others a few are placed anew, so many placings of which there are,
PLACINGS = 5_000  # and so many placings of single groups in all
NOBODY = -1
T = TypeVar("T")
# images out of bounds, classes that a part lacks, sum of |share - wanted share|
Cost = tuple[int, int, int]
# this group goes to that part, and a group of it (or nobody) comes in its place
Exchange = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Group:
    """What must stay together: its name, its number of images, and of boxes of each class."""

    name: str
    images: int
    boxes: Mapping[Any, int]


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
    goal = _Goal(groups, list(shares.values()), at_least)
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


class _Goal:
    """What a division should be, in whole numbers: shares are multiplied by ``scale``.

    Classes are numbered from the rarest on.
    """

    def __init__(self, groups: Sequence[Group], shares: Sequence[float], at_least: int) -> None:
        boxes, holders = defaultdict[Any, int](int), defaultdict[Any, int](int)
        for group in groups:
            for label, n in group.boxes.items():
                if n:
                    boxes[label] += n
                    holders[label] += 1
        self.labels = sorted(holders, key=lambda label: (boxes[label], str(label)))
        number = {label: n for n, label in enumerate(self.labels)}
        self.sizes = [group.images for group in groups]
        self.boxes = [
            sorted((number[label], n) for label, n in group.boxes.items() if n) for group in groups
        ]

        written = [Fraction(str(share)) for share in shares]
        exact = [share / sum(written) for share in written]
        self.parts = range(len(exact))
        self.scale = lcm(*(share.denominator for share in exact))
        self.shares = [int(share * self.scale) for share in exact]
        totals = [boxes[label] for label in self.labels]
        self.aims = [[share * total for share in self.shares] for total in totals]
        self.weights = [ONE // total for total in totals]
        self.needed = [holders[label] >= len(exact) for label in self.labels]
        self.least = [
            weight * _least(total, aims, self.scale, needed)
            for weight, total, aims, needed in zip(
                self.weights, totals, self.aims, self.needed, strict=True
            )
        ]

        images = sum(self.sizes)
        largest = max(self.sizes, default=0)
        self.image_aims = [share * images for share in self.shares]
        self.image_weight = ONE // images if largest > 1 else 0
        self.bounds = [_bounds(share * images, largest, at_least) for share in exact]

    def out_of_bounds(self, part: int, images: int) -> int:
        """Return how many images a part has too many or too few."""
        fewest, most = self.bounds[part]
        return max(0, fewest - images, images - most)


def _bounds(exact: Fraction, largest: int, at_least: int) -> tuple[int, int]:
    """Return the fewest and most images of a part whose number should be ``exact``."""
    slack = Fraction(largest, 2)
    fewest, most = (
        (ceil(exact - slack), floor(exact + slack)) if largest > 1 else (floor(exact), ceil(exact))
    )
    return max(fewest, min(at_least, most), 0), most


def _least(total: int, aims: Sequence[int], scale: int, at_least: int) -> int:
    """Return the least sum of |scale * boxes - aim| over whole boxes that add up to the total."""
    boxes = [max(aim // scale, at_least) for aim in aims]
    parts = range(len(aims))
    while sum(boxes) > total:
        boxes[
            max((n for n in parts if boxes[n] > at_least), key=lambda n: scale * boxes[n] - aims[n])
        ] -= 1
    while sum(boxes) < total:
        boxes[min(parts, key=lambda n: scale * boxes[n] - aims[n])] += 1
    return sum(abs(scale * n - aim) for n, aim in zip(boxes, aims, strict=True))


class _State:
    """A division that is being improved: the part of each group, and what each part has."""

    def __init__(self, goal: _Goal, side: Sequence[int]) -> None:
        self.goal = goal
        self.side = list(side)
        self.images = [0 for _ in goal.parts]
        self.boxes = [[0 for _ in goal.parts] for _ in goal.labels]
        for n, part in enumerate(side):
            self._count(n, part, 1)

    def cost(self) -> Cost:
        goal = self.goal
        return (
            sum(map(goal.out_of_bounds, goal.parts, self.images)),
            sum(
                row.count(0) for row, needed in zip(self.boxes, goal.needed, strict=True) if needed
            ),
            goal.image_weight * self._off(self.images, goal.image_aims)
            + sum(self.spread(label) for label in range(len(self.boxes))),
        )

    def spread(self, label: int) -> int:
        return self.goal.weights[label] * self._off(self.boxes[label], self.goal.aims[label])

    def _off(self, row: Sequence[int], aims: Sequence[int]) -> int:
        return sum(abs(self.goal.scale * n - aim) for n, aim in zip(row, aims, strict=True))

    def change(self, exchange: Exchange) -> Cost:
        """Return by how much an exchange changes the cost."""
        n, there, other = exchange
        goal = self.goal
        here = self.side[n]
        images = self.goal.sizes[n]
        boxes = dict(self.goal.boxes[n])
        if other != NOBODY:
            images -= goal.sizes[other]
            for label, count in goal.boxes[other]:
                boxes[label] = boxes.get(label, 0) - count
        off, lacking, spread = 0, 0, 0
        scale = goal.scale
        if images:
            for part, more in ((here, -images), (there, images)):
                now, aim = self.images[part], goal.image_aims[part]
                off += goal.out_of_bounds(part, now + more) - goal.out_of_bounds(part, now)
                spread += goal.image_weight * (
                    abs(scale * (now + more) - aim) - abs(scale * now - aim)
                )
        for label, count in boxes.items():
            if count:
                row, aims = self.boxes[label], goal.aims[label]
                a, b, aim_a, aim_b = row[here], row[there], aims[here], aims[there]
                spread += goal.weights[label] * (
                    abs(scale * (a - count) - aim_a)
                    - abs(scale * a - aim_a)
                    + abs(scale * (b + count) - aim_b)
                    - abs(scale * b - aim_b)
                )
                if goal.needed[label]:
                    lacking += (a == count) - (a == 0) + (b + count == 0) - (b == 0)
        return off, lacking, spread

    def make(self, exchange: Exchange) -> Exchange:
        """Make an exchange; return the one that takes it back."""
        n, there, other = exchange
        here = self.side[n]
        self._put(n, there)
        if other != NOBODY:
            self._put(other, here)
        return n, here, other

    def _put(self, n: int, part: int) -> None:
        self._count(n, self.side[n], -1)
        self._count(n, part, 1)
        self.side[n] = part

    def _count(self, n: int, part: int, sign: int) -> None:
        self.images[part] += sign * self.goal.sizes[n]
        for label, count in self.goal.boxes[n]:
            self.boxes[label][part] += sign * count


def _best_of_starts(goal: _Goal) -> _State:
    """Refine divisions from several starts, and return the one of least cost."""
    rng = random.Random(0)
    number = len(goal.sizes)
    if number <= ALL_AT_ONCE:
        state = _State(goal, _greedy(goal, _order(goal, 0, rng)))
        placing = Placing(goal, state.side, range(number), state.cost(), TRIES)
        side = placing.look()
        if placing.tried < TRIES:  # no placing was left out
            return _State(goal, side) if side else state
    starts = min(max(START_GROUPS // max(number, 1), 1), MOST_STARTS)
    draws = min(DRAWS // starts, DRAWS_PER_PAIR * (number * len(goal.parts)) ** 2)
    costs = list[Cost]()
    best = _State(goal, [0] * number)
    for start in range(PATIENCE * starts if number <= MANY else starts):
        state = _State(goal, _greedy(goal, _order(goal, start, rng)))
        if start % 2:
            _wander(state, rng, draws // 2, weight=0)
        _wander(state, rng, draws // (1 + start % 2), weight=1)
        costs.append(state.cost())
        if costs[-1] < min(costs[:-1], default=(costs[-1][0] + 1, 0, 0)):
            best = state
        is_best = min(costs) <= (0, 0, sum(goal.least)) or costs.count(min(costs)) == AGREEING
        if is_best or (len(costs) >= starts and not min(costs)[1]):
            break
    if number <= SETTLED:
        best = _place_few(goal, best, rng)
        _settle(best)
    return best


def _place_few(goal: _Goal, state: _State, rng: random.Random) -> _State:
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
            state = _State(goal, side)
        done += placing.tried
    return state


def _order(goal: _Goal, start: int, rng: random.Random) -> list[int]:
    """Return groups by falling size.

    Equal ones stand in the given order, at later starts in a drawn one.
    """
    order = list(range(len(goal.sizes)))
    if start:
        order.sort(key=lambda _: rng.random())
    return sorted(order, key=lambda n: -goal.sizes[n])


def _greedy(goal: _Goal, order: Sequence[int]) -> list[int]:
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


def _wander(state: _State, rng: random.Random, draws: int, *, weight: int) -> None:
    """Make exchanges that are drawn; end with the best division that was seen.

    Args:
        state: the division, which is changed.
        rng: where exchanges are drawn.
        draws: how many.
        weight: of the shares; with 0 only counts and classes are looked at, until no part lacks
            one.
    """
    goal = state.goal
    lacking = 2 * ONE * (len(goal.labels) + 2) * goal.scale
    outside = lacking * (len(goal.labels) * len(goal.parts) + 1)
    best = state.cost()
    off, gaps, spread = best
    now = outside * off + lacking * gaps + weight * spread
    least = sum(goal.least)
    exchanges = _Draws(state, rng)
    undo = list[Exchange]()
    memory = [now] * MEMORY
    for n in range(draws):
        if best[:2] == (0, 0) and (not weight or best[2] <= least):
            break
        exchange = exchanges.draw(n)
        if exchange is not None:
            change = state.change(exchange)
            then = now + outside * change[0] + lacking * change[1] + weight * change[2]
            if then <= now or then <= memory[n % MEMORY]:
                undo.append(state.make(exchange))
                now, off, gaps, spread = then, off + change[0], gaps + change[1], spread + change[2]
                if (off, gaps, spread) < best:
                    best = off, gaps, spread
                    undo.clear()
        memory[n % MEMORY] = min(now, memory[n % MEMORY])
    for exchange in reversed(undo):
        state.make(exchange)


class _Draws:
    """Draw exchanges.

    Those that bring a class to a part that lacks it, or change one that is off its share, come
    more often.
    """

    def __init__(self, state: _State, rng: random.Random) -> None:
        goal = state.goal
        self.state = state
        self.random = rng.random
        self.labels = range(len(goal.labels))
        self.off = list[int]()
        self.gaps = list[tuple[int, int]]()
        # alone, a group of one image can hardly ever move
        self.moves = 0.15 if goal.image_weight else 0.03
        most = SMALLEST if len(goal.sizes) > MANY else len(goal.sizes)
        self.holders: list[list[int]] = [[] for _ in self.labels]
        by_size = sorted(
            range(len(goal.sizes)), key=lambda n: sum(count for _, count in goal.boxes[n])
        )
        for n in by_size:
            for label, _ in goal.boxes[n]:
                if len(self.holders[label]) < most:
                    self.holders[label].append(n)
        self.all = by_size

    def draw(self, turn: int) -> Exchange | None:
        """Draw an exchange; None if what was drawn is none."""
        state = self.state
        side = self.state.side
        if turn % 1000 == 0:
            self.off = [n for n in self.labels if state.spread(n) > state.goal.least[n]]
        if turn % 50 == 0:
            self.gaps = [
                (n, part)
                for n in self.labels
                if state.goal.needed[n]
                for part in state.goal.parts
                if not state.boxes[n][part]
            ]
        kind = self.random()
        there = NOBODY
        numbers = self.all
        if kind < 0.4 and self.gaps:
            label, there = self._one_of(self.gaps)
            numbers = self.holders[label]
        elif kind < 0.8 and self.labels:
            numbers = self.holders[
                self._one_of(self.off if kind < 0.4 and self.off else self.labels)
            ]
        n = self._one_of(numbers)
        kind = self.random()
        if kind < self.moves:
            there = self._one_of(state.goal.parts)
            return (n, there, NOBODY) if there != side[n] else None
        other = self._one_of(numbers if kind < 0.5 and there == NOBODY else self.all)
        return (
            (n, side[other], other)
            if side[other] != side[n] and there in (NOBODY, side[other])
            else None
        )

    def _one_of(self, items: Sequence[T]) -> T:
        return items[int(self.random() * len(items))]


def _settle(state: _State) -> None:
    """Make every exchange that lowers the cost, until there is none."""
    improved = True
    while improved:
        improved = False
        for exchange in _every(state):
            if state.change(exchange) < (0, 0, 0):
                state.make(exchange)
                improved = True


def _every(state: _State) -> Iterator[Exchange]:
    """Yield each exchange that the division allows when its turn comes."""
    for n in range(len(state.side)):
        for part in state.goal.parts:
            if part != state.side[n]:
                yield n, part, NOBODY
        for other in range(n):
            if state.side[other] != state.side[n]:
                yield n, state.side[other], other
