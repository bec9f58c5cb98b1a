"""Exchanges that better a division: a group moves, or changes places with one of another part."""

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

from coco_recipe_data.division import NOBODY, ONE, Exchange, State

MEMORY = 200  # how many draws ago
MANY = 2_000  # of more groups, only the smallest of each class are drawn as its holders:
SMALLEST = 50  # so many
T = TypeVar("T")


def wander(state: State, rng: random.Random, draws: int, *, weight: int) -> None:
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

    def __init__(self, state: State, rng: random.Random) -> None:
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


def settle(state: State) -> None:
    """Make every exchange that lowers the cost, until there is none."""
    improved = True
    while improved:
        improved = False
        for exchange in _every(state):
            if state.change(exchange) < (0, 0, 0):
                state.make(exchange)
                improved = True


def _every(state: State) -> Iterator[Exchange]:
    """Yield each exchange that the division allows when its turn comes."""
    for n in range(len(state.side)):
        for part in state.goal.parts:
            if part != state.side[n]:
                yield n, part, NOBODY
        for other in range(n):
            if state.side[other] != state.side[n]:
                yield n, state.side[other], other
