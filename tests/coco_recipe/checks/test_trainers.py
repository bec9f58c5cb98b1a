"""Rows that trainers leave out without a word."""

from typing import Any

import pytest
from rows_found import changed

from coco_recipe.checks.trainers import skipped
from coco_recipe.testing import coco, dataset


@pytest.mark.parametrize(
    ("table", "change", "name"),
    [
        ("images", {"width": 31}, "image 2 ('2.jpg') of train"),
        ("annotations", {"bbox": [1, 2, 0.5, 10]}, "annotation 2 of train"),
        ("annotations", {"area": 0}, "annotation 2 of train"),
    ],
)
def test_a_row_that_is_skipped_is_named(table: str, change: dict[str, Any], name: str) -> None:
    data = dataset(changed(table, {}, change))
    assert [row.name for row in skipped(data, " of train")] == [name]


def test_rows_at_the_bounds_are_not() -> None:
    data = coco()
    data["images"][0] |= {"width": 32, "height": 32}
    data["annotations"][0] |= {"bbox": [1, 2, 1, 1], "area": 1}
    del data["annotations"][1]["area"]
    assert not list(skipped(dataset(data)))
