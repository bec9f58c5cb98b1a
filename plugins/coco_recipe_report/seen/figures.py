"""Figures of a data set: classes with the error of their shares, sizes and places of boxes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

from coco_recipe import Dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GRID = 24  # cells of a picture in each direction, for the places of boxes
STEPS = 28  # of sizes, each √2 times the last, from 1 px on; smaller ones are in the first
MOST_TOGETHER = 12  # classes that are held against each other


@dataclass(frozen=True, slots=True)
class Share:
    """How many boxes are of a class.

    Attributes:
        boxes: the number.
        share: of all boxes, from 0 to 1.
        error: the standard error of the share, were other images drawn (boxes of one image go
            together; Cochran, Sampling Techniques, 1977, section 2.11: a ratio of two means).
        images: on how many images they are.
    """

    boxes: int = 0
    share: float = 0.0
    error: float = 0.0
    images: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one data set.

    Attributes:
        images: how many images.
        boxes: how many annotations.
        negatives: images without one.
        classes: by name.
        sizes: number of boxes by √2 step of the root of their area, in px.
        small: boxes with a side under 1 px.
        places: (GRID, GRID) number of middles of boxes, by row and column of the picture.
        together: on how many images each two classes are, by their names.
    """

    images: int
    boxes: int
    negatives: int
    classes: Mapping[str, Share]
    sizes: tuple[int, ...] = (0,) * STEPS
    small: int = 0
    places: tuple[tuple[int, ...], ...] = ()
    together: Mapping[tuple[str, str], int] = field(default_factory=dict)


def figures_of(rows: Dataset) -> Figures:
    """Return the figures of a data set. An annotation of no image or no class counts as a box."""
    import numpy as np

    ids = np.fromiter(map(attrgetter("id"), rows.images), np.int64, len(rows.images))
    owner = np.array([one.image_id for one in rows.annotations], np.int64)
    place, is_known = _found(ids, owner)
    names = rows.category_names()
    of_class = np.array([_number(one.category_id) for one in rows.annotations], np.int64)
    number, is_class = _found(np.fromiter(names, np.int64, len(names)), of_class)
    used = is_known & is_class
    pairs, counts = np.unique(place[used] * max(1, len(names)) + number[used], return_counts=True)
    on_image, classes = np.divmod(pairs, max(1, len(names)))
    shares = _shares(len(ids), len(names), on_image, classes, counts)
    boxes, at = _boxes(rows, place, is_known)
    sides = np.sqrt(np.maximum(boxes[:, 2] * boxes[:, 3], 0))
    steps = np.clip(np.floor(2 * np.log2(np.maximum(sides, 1))), 0, STEPS - 1).astype(int)
    return Figures(
        images=len(ids),
        boxes=len(rows.annotations),
        negatives=len(ids) - len(np.unique(place[is_known])),
        classes=_joined(zip(names.values(), shares, strict=True)),
        sizes=tuple(np.bincount(steps[sides > 0], minlength=STEPS).tolist()),
        small=int(((boxes[:, 2] < 1) | (boxes[:, 3] < 1)).sum()),
        places=_places(rows, boxes, at),
        together=_together(list(names.values()), on_image, classes),
    )


def _joined(shares: "zip[tuple[str, Share]]") -> dict[str, Share]:
    """Put classes of one name together."""
    found: dict[str, Share] = {}
    for name, one in shares:
        if name in found:
            old = found[name]
            one = Share(
                old.boxes + one.boxes,
                old.share + one.share,
                math.hypot(old.error, one.error),
                old.images + one.images,
            )
        found[name] = one
    return found


def _number(value: object) -> int:
    return value if isinstance(value, int) else -(2**62)


def _found(
    keys: "NDArray[np.int64]", wanted: "NDArray[np.int64]"
) -> "tuple[NDArray[np.int64], NDArray[np.bool_]]":
    """Return the place of each value among keys, and whether it is there."""
    import numpy as np

    if not len(keys):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool)
    order = np.argsort(keys, kind="stable")
    near = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    place = order[near]
    return place, keys[place] == wanted


def _shares(
    images: int,
    names: int,
    on_image: "NDArray[np.int64]",
    classes: "NDArray[np.int64]",
    counts: "NDArray[np.int64]",
) -> list[Share]:
    import numpy as np

    total = int(counts.sum())
    if not total:
        return [Share()] * names
    of_image = np.bincount(on_image, counts, images)
    boxes = np.bincount(classes, counts, names)
    squares = np.bincount(classes, counts.astype(float) ** 2, names)
    products = np.bincount(classes, counts * of_image[on_image], names)
    share = boxes / total
    spread = squares - 2 * share * products + share**2 * (of_image**2).sum()
    factor = images / (images - 1) if images > 1 else 1.0
    error = np.sqrt(np.maximum(spread * factor, 0)) / total
    with_it = np.bincount(classes, minlength=names)
    return [
        Share(int(n), float(p), float(e), int(i))
        for n, p, e, i in zip(boxes, share, error, with_it, strict=True)
    ]


def _boxes(
    rows: Dataset, place: "NDArray[np.int64]", is_known: "NDArray[np.bool_]"
) -> "tuple[NDArray[np.float64], NDArray[np.int64]]":
    """Return the boxes that are four numbers, and the place of each one's image; -1 for none."""
    import numpy as np

    at = np.where(is_known, place, -1)
    found = [one.bbox for one in rows.annotations]
    kept = [n for n, box in enumerate(found) if isinstance(box, tuple)]
    if len(kept) < len(found):
        found, at = [found[n] for n in kept], at[kept]
    flat = np.fromiter(chain.from_iterable(found), np.float64, 4 * len(found))  # type: ignore[arg-type]
    return flat.reshape(-1, 4), at


def _places(
    rows: Dataset, boxes: "NDArray[np.float64]", at: "NDArray[np.int64]"
) -> tuple[tuple[int, ...], ...]:
    import numpy as np

    sides = np.array([[_side(one.width), _side(one.height)] for one in rows.images], float).reshape(
        -1, 2
    )
    cells = np.zeros((GRID, GRID), np.int64)
    if len(sides):
        known = (at >= 0) & (sides[at] > 0).all(axis=1)
        middles = (boxes[known, :2] + boxes[known, 2:] / 2) / sides[at[known]]
        column, line = np.clip((middles * GRID).astype(int), 0, GRID - 1).T
        np.add.at(cells, (line, column), 1)
    return tuple(map(tuple, cells.tolist()))


def _side(value: object) -> float:
    return float(value) if isinstance(value, int) else 0.0


def _together(
    names: list[str], on_image: "NDArray[np.int64]", classes: "NDArray[np.int64]"
) -> dict[tuple[str, str], int]:
    """Return on how many images each two of the commonest classes are; one with itself: its own."""
    import numpy as np

    if not len(classes):
        return {}
    common = np.argsort(-np.bincount(classes, minlength=len(names)), kind="stable")
    common = common[:MOST_TOGETHER]
    held = np.isin(classes, common)
    images, place = np.unique(on_image[held], return_inverse=True)
    grid = np.zeros((len(images), len(names)), np.float32)
    grid[place, classes[held]] = 1
    both = (grid[:, common].T @ grid[:, common]).astype(int)
    return {
        (names[a], names[b]): int(both[i, j])
        for i, a in enumerate(common.tolist())
        for j, b in enumerate(common.tolist())
        if both[i, i] and both[j, j]
    }
