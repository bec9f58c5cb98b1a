"""Choose the images of a data set that tell most about it, without a record for each image."""

import zlib
from collections.abc import Iterator

from coco_recipe import Dataset
from coco_recipe_report.seen import shots
from coco_recipe_report.seen.columns import Columns
from coco_recipe_report.seen.shots import Shot

MOST_RARE = 3  # classes that are shown for being rare
MOST_ORDERED = 5000  # images among which the others are chosen


def telling(rows: Dataset, columns: Columns, most: int) -> tuple[Shot, ...]:
    """Return the images with the rarest classes, the smallest, the largest and the most boxes.

    One without a box is among them, and then any, by a hash of their names: always the same.

    Args:
        rows: the data set.
        columns: its rows as columns.
        most: how many images.
    """
    import numpy as np

    chosen: dict[int, str] = {}
    for place, why in _chosen(rows, columns):
        chosen.setdefault(place, why)
        if len(chosen) == most:
            break
    own = {place: np.flatnonzero(columns.image == place).tolist() for place in chosen}
    return tuple(
        shots.whole(rows, rows.images[place], [rows.annotations[n] for n in own[place]], why)
        for place, why in chosen.items()
    )


def _chosen(rows: Dataset, columns: Columns) -> Iterator[tuple[int, str]]:
    """Yield the places of images, each with the reason to look at it, the most telling first."""
    import numpy as np

    used = (columns.image >= 0) & (columns.class_ >= 0)
    counts = np.bincount(columns.class_[used], minlength=len(columns.names))
    rare = [n for n in np.argsort(counts, kind="stable").tolist() if counts[n]][:MOST_RARE]
    for n in rare:
        first = int(np.argmax(used & (columns.class_ == n)))
        yield int(columns.image[first]), f"{columns.names[n]}: {counts[n]} in all"
    owner = columns.image[columns.row]
    areas = (columns.boxes[:, 2] * columns.boxes[:, 3])[owner >= 0]
    owner = owner[owner >= 0]
    if len(owner):
        yield int(owner[np.argmin(areas)]), "smallest box"
        yield int(owner[np.argmax(areas)]), "largest box"
    boxes = np.bincount(columns.image[columns.image >= 0], minlength=columns.images)
    if boxes.any():
        yield int(np.argmax(boxes)), "most boxes"
        empty = np.flatnonzero(boxes == 0)[:MOST_ORDERED].tolist()
        if empty:
            yield min(empty, key=lambda place: _order(rows, place)), "no box"
    places = range(min(columns.images, MOST_ORDERED))
    yield from ((place, "") for place in sorted(places, key=lambda place: _order(rows, place)))


def _order(rows: Dataset, place: int) -> tuple[int, int]:
    """Return what puts images in an order that has nothing to do with their names."""
    return zlib.crc32(rows.images[place].file_name.encode()), place
