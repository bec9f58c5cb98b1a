"""Divide groups so that every class has its share in every part: greedy first, then exchanges until none helps.

The first division is iterative stratification over whole groups (Sechidis et al. 2011, On the stratification of
multi-label data). Whole numbers only, so that neither the order of rows nor rounding decides a tie.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ONE = 10**9  # a share of 1
MOST_TRIES = 400_000  # exchanges that are looked at in a sweep
MOST_SWEEPS = 12
MOST_IN_ALL = 400_000  # in all sweeps
Cost = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Group:
    """What must stay together: its name, how many images it has, and how many boxes of each class."""

    name: str
    images: int
    boxes: Mapping[Any, int]


@dataclass(frozen=True, slots=True)
class Division:
    """The part of each group, and what had to be given up.

    Attributes:
        side: the part by the group's name.
        lacking: (class, part): the class has as many groups as there are parts, and none in this part.
        off: parts whose number of images is farther from its share than it could be.
    """

    side: Mapping[str, str]
    lacking: tuple[tuple[Any, str], ...]
    off: tuple[str, ...]


def divide(groups: Sequence[Group], shares: Mapping[str, float]) -> Division:
    """Divide groups.

    Args:
        groups: in an order that doesn't depend on the file's; ties go by it.
        shares: the share of each part, in order; ties go to the part named first.

    Returns:
        A division in which the number of images of each part is within one of exact (within half the largest
        group where groups have several images), every class that has as many groups as there are parts is in
        every part where that can be, and the sum over classes and parts of |share of boxes - wanted share| is
        as small as moves and swaps of groups make it.
    """
    state = _State(groups, list(shares.values()))
    for group, part in _greedy(groups, shares):
        state.put(group, part)
    _improve(state)
    names = list(shares)
    lacking = tuple((label, names[part]) for label in sorted(state.everywhere, key=str)
                    for part in range(len(names)) if not state.holders[part][label])
    off = tuple(name for part, name in enumerate(names) if state.excess(part, state.images[part]))
    return Division({group.name: names[state.side[n]] for n, group in enumerate(groups)}, lacking, off)


def _greedy(groups: Sequence[Group], shares: Mapping[str, float]) -> list[tuple[int, int]]:
    """Return (group, part): the rarest class first, each group to the part that misses the class most."""
    parts = [round(share * ONE) for share in shares.values()]
    totals: Counter[Any] = Counter()
    with_label: dict[Any, list[int]] = {}
    for n, group in enumerate(groups):
        totals.update(group.boxes)
        for label in group.boxes:
            with_label.setdefault(label, []).append(n)
    wanted = [{label: part * total for label, total in totals.items()} for part in parts]
    room = [part * sum(group.images for group in groups) for part in parts]
    placed: dict[int, int] = {}

    def place(n: int, label: Any) -> None:
        part = max(range(len(parts)), key=lambda p: (wanted[p].get(label, 0), room[p], -p))
        placed[n] = part
        room[part] -= groups[n].images * ONE
        for other, boxes in groups[n].boxes.items():
            wanted[part][other] -= boxes * ONE

    for label in sorted(totals, key=lambda key: (totals[key], str(key))):
        for n in with_label[label]:
            if n not in placed:
                place(n, label)
    for n in range(len(groups)):
        if n not in placed:
            place(n, None)
    return sorted(placed.items())


class _State:
    """A division that is being improved, with its counts."""

    def __init__(self, groups: Sequence[Group], shares: Sequence[float]) -> None:
        self.groups, self.parts = groups, range(len(shares))
        self.shares = [round(share * ONE) for share in shares]
        self.side = [0] * len(groups)
        self.total: Counter[Any] = Counter()
        with_label: Counter[Any] = Counter()
        for group in groups:
            self.total.update(group.boxes)
            with_label.update(group.boxes.keys())
        self.everywhere = {label for label, n in with_label.items() if n >= len(shares)}
        self.images = [0] * len(shares)
        self.boxes: list[Counter[Any]] = [Counter() for _ in shares]
        self.holders: list[Counter[Any]] = [Counter() for _ in shares]
        largest = max((group.images for group in groups), default=1)
        self.slack = ONE - 1 if largest == 1 else max(ONE - 1, largest * ONE // 2)
        self.wanted = [share * sum(group.images for group in groups) for share in self.shares]

    def put(self, n: int, part: int) -> None:
        group = self.groups[n]
        self.side[n] = part
        self.images[part] += group.images
        self.boxes[part].update(group.boxes)
        self.holders[part].update(group.boxes.keys())

    def take(self, n: int) -> None:
        group, part = self.groups[n], self.side[n]
        self.images[part] -= group.images
        self.boxes[part].subtract(group.boxes)
        self.holders[part].subtract(group.boxes.keys())

    def excess(self, part: int, images: int) -> int:
        """By how much a number of images is farther from the wanted one than it may be."""
        return max(0, abs(images * ONE - self.wanted[part]) - self.slack)

    def _spread(self, label: Any, part: int, boxes: int) -> int:
        total = self.total[label]
        return abs(boxes * ONE - self.shares[part] * total) // total

    def change(self, n: int, other: int | None, to: int) -> Cost:
        """Return what changes if a group goes to a part, and ``other`` comes from there in its place."""
        part, mine = self.side[n], self.groups[n]
        theirs = self.groups[other] if other is not None else None
        moved = mine.images - (theirs.images if theirs else 0)
        size = 0
        if moved:
            size = (self.excess(part, self.images[part] - moved) + self.excess(to, self.images[to] + moved)
                    - self.excess(part, self.images[part]) - self.excess(to, self.images[to]))
        cover = spread = 0
        labels = mine.boxes if theirs is None else {**mine.boxes, **theirs.boxes}
        for label in labels:
            leaves, comes = mine.boxes.get(label, 0), theirs.boxes.get(label, 0) if theirs else 0
            if label in self.everywhere and bool(leaves) is not bool(comes):
                gone = 1 if leaves else -1
                here, there = self.holders[part][label], self.holders[to][label]
                cover += (here - gone == 0) - (here == 0) + (there + gone == 0) - (there == 0)
            if boxes := leaves - comes:
                here, there = self.boxes[part][label], self.boxes[to][label]
                spread += (self._spread(label, part, here - boxes) - self._spread(label, part, here)
                           + self._spread(label, to, there + boxes) - self._spread(label, to, there))
        return size, cover, spread

    def do(self, n: int, other: int | None, to: int) -> None:
        part = self.side[n]
        self.take(n)
        if other is not None:
            self.take(other)
            self.put(other, part)
        self.put(n, to)


def _improve(state: _State) -> None:
    """Move and swap groups while that helps; in large sets each group is tried with some of the others."""
    number = len(state.groups)
    tries = max(1, min(number, MOST_TRIES // max(1, number)))
    step = max(1, number // tries)
    for sweep in range(max(1, min(MOST_SWEEPS, MOST_IN_ALL // max(1, number * tries)))):
        helped = False
        for n in range(number):
            best: tuple[Cost, int | None, int] = ((0, 0, 0), None, state.side[n])
            for to in state.parts:
                if to != state.side[n] and (cost := state.change(n, None, to)) < best[0]:
                    best = cost, None, to
            for k in range(tries):
                other = (n + 1 + sweep + k * step) % number
                if state.side[other] != state.side[n] and (
                        cost := state.change(n, other, state.side[other])) < best[0]:
                    best = cost, other, state.side[other]
            if best[0] < (0, 0, 0):
                state.do(n, best[1], best[2])
                helped = True
        if not helped:
            return
