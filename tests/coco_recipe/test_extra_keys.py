"""Rows take keys that COCO doesn't know, whatever these are called."""

import msgspec
import pytest

from coco_recipe.dataset import Category, extras
from coco_recipe.extra_keys import extended, with_extras

CAT = Category(id=1, name="cat")


@pytest.mark.parametrize("key", ["colour", "class", "a b", "_x", "name_", "__init__", "颜色"])
def test_a_key_of_any_name_stands_in_the_file_as_it_is(key: str) -> None:
    row = with_extras(CAT, {key: [1, None]})
    assert msgspec.json.decode(msgspec.json.encode(row)) == {"id": 1, "name": "cat", key: [1, None]}
    assert (row.id, row.name) == (1, "cat")
    assert dict(extras(row)) == {key: [1, None]}


def test_a_known_key_is_set_and_a_second_one_added() -> None:
    row = with_extras(with_extras(CAT, {"a": 1}), {"a": 2, "b": 3})
    assert dict(extras(row)) == {"a": 2, "b": 3}
    assert dict(extras(CAT)) == {}


def test_the_same_keys_have_the_same_class() -> None:
    assert extended(Category, ["a", "b"]) is extended(Category, ["a", "b"])
    assert extended(Category, ["a"]) is not extended(Category, ["b"])
