"""Values of rows are compared by what they mean, not by how they are written."""

import json
from typing import Any

import pytest
from msgspec import UNSET

from coco_recipe import coco_json
from coco_recipe.asking.row_values import differing, shown
from coco_recipe.dataset import Annotation


def _row(**keys: Any) -> Annotation:
    row = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], **keys}
    tables = {"images": [], "categories": [], "annotations": [row]}
    return coco_json.parse(json.dumps(tables, indent=keys.get("depth")).encode()).annotations[0]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ({}, {}),
        ({}, {"id": 7, "bbox": [9, 9, 9, 9], "category_id": 2}),  # looked at apart
        ({"x": [1, 2]}, {"x": [1, 2], "id": 3}),
        ({"x": [1.5, 2], "y": 1}, {"y": 1, "x": [1.5, 2]}),  # another order
        ({"x": [1e2]}, {"x": [100.0]}),
        ({"x": {"b": 1, "a": "x y"}}, {"x": {"a": "x y", "b": 1}}),
    ],
)
def test_what_means_the_same_doesnt_differ(was: dict[str, Any], now: dict[str, Any]) -> None:
    assert list(differing(_row(**was), _row(**now))) == []


def test_blanks_between_numbers_are_no_difference_and_those_in_a_text_are() -> None:
    tight = b'{"images":[],"categories":[],"annotations":[{"id":1,"image_id":1,"x":[[1,2.5]]}]}'
    wide = tight.replace(b"[[1,2.5]]", b"[ [1,\n\t2.5] ]")
    one, other = (coco_json.parse(text).annotations[0] for text in (tight, wide))
    assert list(differing(one, other)) == []
    assert list(differing(_row(x="a b"), _row(x="ab"))) == [("x", "a b", "ab")]
    assert list(differing(_row(x=["a b"]), _row(x=["ab"]))) == [("x", ["a b"], ["ab"])]
    assert list(differing(_row(x=[1, 2]), _row(x=[12]))) == [("x", [1, 2], [12])]


def test_keys_of_one_row_only_differ_from_nothing() -> None:
    assert list(differing(_row(x=1, z=0), _row(y=[2], z=0))) == [("x", 1, UNSET), ("y", UNSET, [2])]
    assert list(differing(_row(), _row(y=None))) == [("y", UNSET, None)]


def test_a_value_is_shown_in_a_few_characters() -> None:
    assert [shown(UNSET), shown(None), shown("犬")] == ["none", "null", '"犬"']
    assert len(shown(list(range(99)))) == 24
