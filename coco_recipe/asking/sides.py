"""Count boxes by their sides, group by group: with numpy where it is installed."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from math import isfinite
from typing import Any

LIMITS_PX2 = (32**2, 96**2)  # COCO's: small is below the first, large from the second on
CROWD, POLYGONS, MASK, KEYPOINTS = FORMS = (1, 2, 4, 8)
LENGTHS, ASPECTS = 10, 100  # the parts of a pixel, and of an aspect, to which they are told
FEW_LENGTHS = 2**16  # whole numbers below it are counted one by one, which is faster than sorting
SHARES = (0, 0.25, 0.5, 0.75, 1)


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes, a column each.

    Attributes:
        image_ids: their images.
        category_ids: their classes.
        widths: in pixels.
        heights: in pixels.
        forms: what each has, a byte of the bits of `FORMS`.
    """

    image_ids: Sequence[int]
    category_ids: Sequence[int]
    widths: "array[float]"
    heights: "array[float]"
    forms: bytes


@dataclass(frozen=True, slots=True)
class Sides:
    """The figures of the boxes of a group.

    Attributes:
        boxes: how many there are.
        sizes: how many of COCO's small, medium and large ones.
        forms: how many have each of `FORMS`.
        widths: the smallest, three quartiles, and the largest, to 0.1 px; none without a box.
        heights: likewise.
        aspects: width / height of those that have a height, to 0.01.
    """

    boxes: int
    sizes: tuple[int, ...]
    forms: tuple[int, ...]
    widths: tuple[float, ...]
    heights: tuple[float, ...]
    aspects: tuple[float, ...]


def joined(parts: Sequence[Boxes]) -> Boxes:
    """Return boxes of several parts as those of one, in the parts' order."""
    if len(parts) == 1:
        return parts[0]
    widths, heights = array("d"), array("d")
    for part in parts:
        widths += part.widths
        heights += part.heights
    return Boxes(
        _chained([part.image_ids for part in parts]),
        _chained([part.category_ids for part in parts]),
        widths,
        heights,
        b"".join(part.forms for part in parts),
    )


def _chained(parts: Sequence[Sequence[int]]) -> Sequence[int]:
    """Return ids of several parts; an array, where all of them are."""
    ids = array("q")
    for part in parts:
        if not isinstance(part, array):
            return list(chain.from_iterable(parts))
        ids += part
    return ids


def of(boxes: Boxes, groups: Sequence[int], number: int) -> list[Sides]:
    """Count boxes.

    Args:
        boxes: all of them.
        groups: the group of each box, from 0 on.
        number: how many groups there are.
    """
    return list((by_numpy if find_spec("numpy") else by_hand)(boxes, groups, number))


def by_hand(boxes: Boxes, groups: Sequence[int], number: int) -> Iterator[Sides]:
    """Count boxes without numpy."""
    rows: list[list[tuple[float, float, int]]] = [[] for _ in range(number)]
    for n, *row in zip(groups, boxes.widths, boxes.heights, boxes.forms, strict=True):
        rows[n].append((row[0], row[1], int(row[2])))
    for group in rows:
        sizes = [bisect_right(LIMITS_PX2, width * height) for width, height, _ in group]
        yield Sides(
            len(group),
            tuple(map(sizes.count, range(3))),
            tuple(sum(1 for *_, form in group if form & bit) for bit in FORMS),
            spread((width * LENGTHS for width, *_ in group), LENGTHS),
            spread((height * LENGTHS for _, height, _ in group), LENGTHS),
            spread((width / height * ASPECTS for width, height, _ in group if height), ASPECTS),
        )


def by_numpy(boxes: Boxes, groups: Sequence[int], number: int) -> Iterator[Sides]:
    """Count boxes with numpy; the figures are those of `by_hand`."""
    import numpy as np

    group = np.asarray(groups, np.int64)
    narrow = group.astype(np.uint16) if number < 2**16 else group  # these are sorted by counting
    order = np.argsort(narrow, kind="stable")
    widths, heights = (np.frombuffer(side)[order] for side in (boxes.widths, boxes.heights))
    forms = np.frombuffer(boxes.forms, np.uint8)[order]
    sizes = np.searchsorted(np.array(LIMITS_PX2), widths * heights, side="right")
    with np.errstate(over="ignore"):
        aspects = np.divide(widths, heights, where=heights != 0, out=widths * 0) * ASPECTS
        wide, high = widths * LENGTHS, heights * LENGTHS
    ends = np.cumsum(np.bincount(group, minlength=number)).tolist()
    for start, end in zip([0, *ends], ends, strict=False):
        here = slice(start, end)
        yield Sides(
            end - start,
            tuple(np.bincount(sizes[here], minlength=3).tolist()),
            tuple(int(np.count_nonzero(forms[here] & bit)) for bit in FORMS),
            _spread(wide[here], LENGTHS, np),
            _spread(high[here], LENGTHS, np),
            _spread(aspects[here][heights[here] != 0], ASPECTS, np),
        )


def spread(numbers: Iterable[float], scale: int = 1) -> tuple[float, ...]:
    """Return the smallest, three quartiles and the largest of some numbers, made whole.

    There are none of no number; what is infinite is left out.

    Args:
        numbers: in parts of ``1 / scale``.
        scale: what they are divided by.
    """
    return spread_of(sorted(round(number) for number in numbers if isfinite(number)), scale)


def spread_of(values: Sequence[int], scale: int = 1) -> tuple[float, ...]:
    """Return the same of sorted numbers that are whole."""
    return tuple(values[place] / scale for place in _places(len(values)))


def _spread(numbers: Any, scale: int, np: Any) -> tuple[float, ...]:
    """Return the same of an array."""
    whole = np.rint(numbers[np.isfinite(numbers)])
    places = _places(len(whole))
    if places and whole.min() >= 0 and whole.max() < FEW_LENGTHS:
        ends = np.cumsum(np.bincount(whole.astype(np.int64)))
        return tuple(int(value) / scale for value in np.searchsorted(ends, places, side="right"))
    return spread_of([int(value) for value in np.sort(whole).tolist()], scale)


def _places(number: int) -> list[int]:
    """Return where the figures of a spread stand among so many sorted numbers."""
    return [int(share * (number - 1)) for share in SHARES] if number else []
