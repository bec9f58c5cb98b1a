"""The rows of a data set as columns, read once for all figures of it."""

import contextlib
import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from coco_recipe import Dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NONE = -(2**62)
DENSE = 8  # ids that lie so close, on average, are looked up in a table


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows as columns.

    Attributes:
        names: of the classes, in the data set's order.
        images: how many images there are.
        sides: (images, 2) width and height in px; 0 where the row hasn't them.
        image: the place of each annotation's image; -1 for none.
        class_: the place of each annotation's class; -1 for none.
        row: the place of each box's annotation.
        boxes: (boxes, 4) x, y, width and height in px, of annotations that have a box.
    """

    names: tuple[str, ...]
    images: int
    sides: "NDArray[np.float64]"
    image: "NDArray[np.int64]"
    class_: "NDArray[np.int64]"
    row: "NDArray[np.int64]"
    boxes: "NDArray[np.float64]"


def columns_of(rows: Dataset) -> Columns:
    """Return the rows of a data set as columns."""
    import numpy as np

    names = rows.category_names()
    images = list(map(attrgetter("id"), rows.images))
    boxes = list(map(attrgetter("bbox"), rows.annotations))
    row: NDArray[np.int64] = np.arange(len(boxes))
    if {*map(type, boxes)} - {tuple}:
        row = np.array([n for n, box in enumerate(boxes) if isinstance(box, tuple)], np.int64)
        boxes = [box for box in boxes if isinstance(box, tuple)]
    try:
        flat = np.fromiter(chain.from_iterable(boxes), np.float64, 4 * len(boxes))
    except OverflowError:  # a whole number that no float holds
        flat = np.array([_as_float(value) for box in boxes for value in box])
    sides = [_numbers(map(attrgetter(name), rows.images), 0) for name in ("width", "height")]
    return Columns(
        tuple(names.values()),
        len(images),
        np.stack(sides, axis=1).astype(float),
        _places(images, _numbers(map(attrgetter("image_id"), rows.annotations), NONE)),
        _places(list(names), _numbers(map(attrgetter("category_id"), rows.annotations), NONE)),
        row,
        flat.reshape(-1, 4),
    )


def _as_float(value: float) -> float:
    """Return a number as a float: the largest there is for one that is larger."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(sys.float_info.max, value)


def _numbers(values: Iterable[Any], other: int) -> "NDArray[np.int64]":
    """Return values as whole numbers; another one for what is none."""
    import numpy as np

    found = list(values)
    with contextlib.suppress(OverflowError, ValueError):  # rows of a list, or numbers beyond int64
        if (numbers := np.array(found)).dtype == np.int64:
            return numbers
    found = [value if isinstance(value, int) else other for value in found]
    return np.fromiter(found, np.int64, len(found))


def _places(keys: "list[int]", wanted: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Return the place of each value among keys, of equal ones the first; -1 for none."""
    import numpy as np

    known = np.array(keys, np.int64)
    if not len(known):
        return np.full(len(wanted), -1)
    low, high = int(known.min()), int(known.max())
    if high - low > DENSE * len(known):
        order = np.argsort(known, kind="stable")
        near = np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)
        place = order[near]
        return np.where(known[place] == wanted, place, -1)
    table = np.full(high - low + 1, -1)
    table[known[::-1] - low] = np.arange(len(known) - 1, -1, -1)
    inside = (wanted >= low) & (wanted <= high)
    return np.where(inside, table[np.where(inside, wanted - low, 0)], -1)
