"""Keys beyond COCO's own that hotcoco reads: values of a type that it can't load."""

from typing import Any

import pytest
from rows_found import changed, rows_found

from coco_recipe.checks import keys


@pytest.mark.parametrize(
    ("types", "table", "key", "right", "wrong"),
    [
        (keys.KEYPOINTS, "annotations", "keypoints", [1.5, 2, 2], ["1", 2, 2]),
        (keys.NUM_KEYPOINTS, "annotations", "num_keypoints", 2.0, 1.5),
        (keys.NUM_KEYPOINTS, "annotations", "num_keypoints", 0, -1),
        (keys.OF_CATEGORIES, "categories", "keypoints", ["nose"], [1]),
        (keys.OF_CATEGORIES, "categories", "skeleton", [[0, 1]], [[0, 1, 2]]),
        (keys.OTHERS, "annotations", "score", 0.5, "high"),
        (keys.OTHERS, "annotations", "obb", [1, 2, 3, 4, 0.5], [1, 2, 3, 4]),
        (keys.OTHERS, "annotations", "is_group_of", True, "yes"),
        (keys.OTHERS, "images", "neg_category_ids", [1, 2.0], [2**64]),
        (keys.OTHERS, "categories", "frequency", "r", 3),
    ],
)
def test_a_value_of_another_type_is_found(
    types: Any, table: str, key: str, right: Any, wrong: Any
) -> None:
    find = keys.wrong_values(types)
    assert not rows_found(find, changed(table, {key: right}))
    (name,) = rows_found(find, changed(table, {key: right}, {key: wrong}))
    assert " 2" in name


def test_a_long_value_is_shown_in_a_few_words() -> None:
    data = changed("annotations", {"keypoints": ["x" * 1000]})
    (row,) = keys.wrong_values(keys.KEYPOINTS)(_rows(data))
    assert len(str(row.value)) < 200


def _rows(data: dict[str, Any]) -> Any:
    from coco_recipe.checks.rows import Rows
    from coco_recipe.testing import dataset

    return Rows(dataset(data))
