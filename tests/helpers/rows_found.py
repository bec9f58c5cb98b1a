"""Which rows of a small data set a check finds."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from coco_recipe import Row
from coco_recipe.checks.rows import Rows
from coco_recipe.testing import coco, dataset

Find = Callable[[Rows], Iterator[Row]]


def changed(table: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """Return a sound data set of 3 images, 2 boxes and 2 classes, the first rows of a table
    changed.

    A key whose new value is None is left out.
    """
    data = coco()
    for row, change in zip(data[table], rows, strict=False):
        row |= change
        for key in [key for key, value in change.items() if value is None]:
            del row[key]
    return data


def rows_found(find: Find, data: dict[str, Any]) -> Sequence[str]:
    """Return the names of the rows that a check finds."""
    return [row.name for row in find(Rows(dataset(data)))]


def values_found(find: Find, data: dict[str, Any]) -> Sequence[Any]:
    """Return the values that a check shows."""
    return [row.value for row in find(Rows(dataset(data)))]
