"""Place some groups of a division as well as can be, by branch and bound; the others stay.

What a division costs is never less than what the groups that are placed cost already: a part that
has too many boxes of a class goes on having too many. As the shares add up to 1, the sum of |share
- wanted| is twice the sum of what is too much. So a placing is given up once it costs as much as
the best one.
"""

from collections.abc import Sequence
from typing import Protocol

Cost = tuple[int, int, int]  # as in `division`


class Goal(Protocol):
    """What a division should be (`division`)."""

    parts: range
    scale: int
    sizes: list[int]
    boxes: list[list[tuple[int, int]]]
    aims: list[list[int]]
    weights: list[int]
    needed: list[bool]
    image_aims: list[int]
    image_weight: int
    bounds: list[tuple[int, int]]


class Placing:
    """Looks for the best parts of some groups.

    Args:
        goal: what the division should be.
        side: the part of each group; those that are ``free`` may change.
        free: the groups to place.
        best: the cost of the division as it is.
        most: the placings of single groups that may be tried.

    Attributes:
        tried: how many placings of single groups were tried.
    """

    def __init__(
        self, goal: Goal, side: Sequence[int], free: Sequence[int], best: Cost, most: int
    ) -> None:
        self.goal = goal
        self.side = list(side)
        self.best = best
        self.most = most
        self.tried = 0
        self.found: list[int] | None = None
        self.images = [0 for _ in goal.parts]
        self.boxes = [[0 for _ in goal.parts] for _ in goal.weights]
        taken = set(free)
        for n, part in enumerate(side):
            if n not in taken:
                self.images[part] += goal.sizes[n]
                for label, count in goal.boxes[n]:
                    self.boxes[label][part] += count
        self.free = sorted(free, key=lambda n: (-self._weight(n), n))
        self.left = [0 for _ in goal.weights]  # groups to place that have a class,
        self.gaps = [
            row.count(0) if needed else 0
            for row, needed in zip(self.boxes, goal.needed, strict=True)
        ]
        for n in free:
            for label, _ in goal.boxes[n]:
                self.left[label] += 1
        self.images_left = sum(goal.sizes[n] for n in free)

    def look(self) -> list[int] | None:
        """Return the parts of all groups in a better division; None if none was found."""
        self._place(0)
        return self.found

    def _weight(self, n: int) -> int:
        goal = self.goal
        return goal.image_weight * goal.sizes[n] + sum(
            goal.weights[label] * count for label, count in goal.boxes[n]
        )

    def _cost(self) -> Cost:
        """Return what the division costs at least, wherever the groups still to be placed go."""
        goal = self.goal
        scale = self.goal.scale
        over = under = spread = 0
        for images, (fewest, most), aim in zip(
            self.images, goal.bounds, goal.image_aims, strict=True
        ):
            over += max(0, images - most)
            under += max(0, fewest - images)
            spread += goal.image_weight * max(0, scale * images - aim)
        off = over + max(0, under - self.images_left)
        if off > self.best[0]:
            return off, 0, 0
        lacking = 0
        for gaps, left in zip(self.gaps, self.left, strict=True):
            if gaps > left:
                lacking += gaps - left
        if (off, lacking) > self.best[:2]:
            return off, lacking, 0
        for row, aims, weight in zip(self.boxes, goal.aims, goal.weights, strict=True):
            excess = 0
            for n, aim in zip(row, aims, strict=True):
                if scale * n > aim:
                    excess += scale * n - aim
            spread += weight * excess
        return off, lacking, 2 * spread

    def _place(self, depth: int) -> None:
        if depth == len(self.free):
            self.best = self._cost()
            self.found = list(self.side)
            return
        n = self.free[depth]
        tried = list[tuple[Cost, int]]()
        self._take(n, -1)
        for part in self._different():
            self.tried += 1
            self._put(n, part, 1)
            tried.append((self._cost(), part))
            self._put(n, part, -1)
        for cost, part in sorted(tried):
            if cost < self.best and self.tried < self.most:
                self._put(n, part, 1)
                self.side[n] = part
                self._place(depth + 1)
                self._put(n, part, -1)
        self._take(n, 1)

    def _different(self) -> list[int]:
        """Return the parts, of those that are alike and empty the first only."""
        goal = self.goal
        seen = set[tuple[int, tuple[int, int]]]()
        found = list[int]()
        for part in goal.parts:
            kind = goal.image_aims[part], goal.bounds[part]
            if self.images[part] or kind not in seen:
                found.append(part)
            if not self.images[part]:
                seen.add(kind)
        return found

    def _take(self, n: int, sign: int) -> None:
        self.images_left += sign * self.goal.sizes[n]
        for label, _ in self.goal.boxes[n]:
            self.left[label] += sign

    def _put(self, n: int, part: int, sign: int) -> None:
        goal = self.goal
        self.images[part] += sign * goal.sizes[n]
        for label, count in goal.boxes[n]:
            row = self.boxes[label]
            if goal.needed[label] and (row[part] == 0 if sign > 0 else row[part] == count):
                self.gaps[label] -= sign
            row[part] += sign * count
