"""What a division of groups among parts should be, what one costs, and what an exchange changes.

Whole numbers only, so that neither the order of rows nor rounding decides a tie.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any

NOBODY = -1
ONE = 1 << 40  # what the share 1 of a class is worth
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


class Goal:
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


class State:
    """A division that is being improved: the part of each group, and what each part has."""

    def __init__(self, goal: Goal, side: Sequence[int]) -> None:
        self.goal = goal
        self.side = list(side)
        self.images = [0 for _ in goal.parts]
        self.boxes = [[0 for _ in goal.parts] for _ in goal.labels]
        for n, part in enumerate(side):
            self._count(n, part, 1)

    def cost(self) -> Cost:
        """Return what the division costs."""
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
        """Return how far a class's boxes are off their shares, with the weight of the class."""
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
