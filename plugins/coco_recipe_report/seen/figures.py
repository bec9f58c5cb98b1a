"""Figures of a data set: classes with the error of their shares, sizes and places of boxes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coco_recipe_report.seen.columns import Columns

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


def figures_of(columns: Columns) -> Figures:
    """Return the figures of a data set. An annotation of no image or no class counts as a box."""
    import numpy as np

    images, names = columns.images, columns.names
    used = (columns.image >= 0) & (columns.class_ >= 0)
    number = max(1, len(names))
    keys = columns.image[used] * number + columns.class_[used]
    pairs, counts = np.unique(keys, return_counts=True)
    on_image, classes = np.divmod(pairs, number)
    shares = _shares(images, len(names), on_image, classes, counts)
    boxes = columns.boxes
    sides = np.sqrt(np.maximum(boxes[:, 2] * boxes[:, 3], 0))
    steps = np.clip(np.floor(2 * np.log2(np.maximum(sides, 1))), 0, STEPS - 1).astype(int)
    with_one = np.bincount(columns.image[columns.image >= 0], minlength=images)
    return Figures(
        images=images,
        boxes=len(columns.image),
        negatives=int((with_one == 0).sum()),
        classes=_joined(zip(names, shares, strict=True)),
        sizes=tuple(np.bincount(steps[sides > 0], minlength=STEPS).tolist()),
        small=int(((boxes[:, 2] < 1) | (boxes[:, 3] < 1)).sum()),
        places=_places(columns),
        together=_together(list(names), on_image, classes),
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


def _places(columns: Columns) -> tuple[tuple[int, ...], ...]:
    import numpy as np

    cells: NDArray[np.int64] = np.zeros(GRID * GRID, np.int64)
    at = columns.image[columns.row]
    if len(columns.sides):
        known = (at >= 0) & (columns.sides[at] > 0).all(axis=1)
        boxes = columns.boxes[known]
        middles = (boxes[:, :2] + boxes[:, 2:] / 2) / columns.sides[at[known]]
        column, line = np.clip((middles * GRID).astype(int), 0, GRID - 1).T
        cells = np.bincount(line * GRID + column, minlength=GRID * GRID)
    return tuple(map(tuple, cells.reshape(GRID, GRID).tolist()))


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
