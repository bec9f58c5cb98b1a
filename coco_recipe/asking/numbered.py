"""Number images and classes through several data sets: with numpy where it is installed."""

from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from operator import attrgetter

from coco_recipe.asking.quick_file import QuickRows

SPREAD = 64  # ids that lie further apart, on average, aren't looked up in a table


@dataclass(slots=True)
class Numbered:
    """The boxes of several data sets, with numbers for what their ids mean there.

    Attributes:
        ids: the ids of each class by its name; a class has the number of its place here.
        classes: the class of each box, by number.
        images: the image of each box; images are numbered through all data sets.
        parts: the data set of each box, numbered from 0.
        numbers: the number of each image; those of one id in one data set share it.
    """

    ids: dict[str, set[int]] = field(default_factory=dict)
    classes: "array[int]" = field(default_factory=lambda: array("q"))
    images: "array[int]" = field(default_factory=lambda: array("q"))
    parts: "array[int]" = field(default_factory=lambda: array("q"))
    numbers: list[int] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)
    _new: "count[int]" = field(default_factory=count)

    def add(self, part: int, rows: QuickRows) -> None:
        """Add the rows of a data set."""
        image_ids = list(map(attrgetter("id"), rows.images))
        number = dict(zip(image_ids, self._new, strict=False))
        self.numbers += map(number.__getitem__, image_ids)
        self.images += numbers_of(rows.boxes.image_ids, number, lambda _: next(self._new))
        names = {category.id: category.name for category in rows.categories}
        known = {id_: self._class(id_, name) for id_, name in names.items()}
        self.classes += numbers_of(
            rows.boxes.category_ids, known, lambda id_: self._class(id_, f"category {id_}")
        )
        self.parts += array("q", [part]) * len(rows.boxes.forms)

    def _class(self, id_: int, name: str) -> int:
        """Return the number of a class, also of one that is new."""
        self.ids.setdefault(name, set()).add(id_)
        return self._places.setdefault(name, len(self._places))


def numbers_of(
    ids: Sequence[int], numbers: dict[int, int], unknown: Callable[[int], int]
) -> "array[int]":
    """Return the number of each id; that of an unknown one is asked for, and put in.

    Args:
        ids: of rows.
        numbers: from 0 on, by id.
        unknown: gives the number of an id that has none, in the order in which they come.
    """
    fit_a_table = isinstance(ids, array) and _lie_close(numbers) and find_spec("numpy")
    numbered = by_numpy if fit_a_table else by_hand
    if (found := numbered(ids, numbers)) is not None:
        return found
    for id_ in dict.fromkeys(ids):
        if id_ not in numbers:
            numbers[id_] = unknown(id_)
    return array("q", map(numbers.__getitem__, ids))


def _lie_close(ids: Collection[int]) -> bool:
    """Report whether ids are of 64 bits, and a table from the lowest to the highest is small."""
    low, high = min(ids, default=0), max(ids, default=0)
    return -(2**63) <= low <= high < 2**63 and high - low <= SPREAD * len(ids)


def by_hand(ids: Iterable[int], numbers: Mapping[int, int]) -> "array[int] | None":
    """Return the number of each id without numpy; None where one has none."""
    try:
        return array("q", map(numbers.__getitem__, ids))
    except KeyError:
        return None


def by_numpy(ids: Iterable[int], numbers: Mapping[int, int]) -> "array[int] | None":
    """Return the same with numpy, by a table from the lowest to the highest id of ``numbers``.

    Args:
        ids: of rows, of 64 bits.
        numbers: from 0 on, by id; of so many bits, too.
    """
    import numpy as np

    low, high = min(numbers, default=0), max(numbers, default=0)
    table = np.full(high - low + 1, -1, np.int64)
    table[np.fromiter(numbers, np.int64, len(numbers)) - low] = list(numbers.values())
    wanted = np.asarray(ids, np.int64)
    if len(wanted) and (wanted.min() < low or wanted.max() > high):
        return None
    found = table[wanted - low]
    return None if (found < 0).any() else array("q", found.tobytes())
