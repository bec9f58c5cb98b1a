"""Values that differ are told by their address."""

from typing import Any

import msgspec
import pytest

from coco_recipe.asking.value_changes import Change, between, order_of


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, [Change("a", 1, True)]),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}}, [Change("a.b[1].c", 2, 3)]),
        ({"a": [1]}, {"a": [1, 2]}, [Change("a", [1], [1, 2])]),
        ({"a": None}, {}, [Change("a", None)]),
        ({}, {"键": ""}, [Change("键", now="")]),
        ({"a": []}, {"a": {}}, [Change("a", [], {})]),
    ],
)
def test_a_change_has_its_address_and_both_values(was: Any, now: Any, told: list[Change]) -> None:
    assert list(between(was, now)) == told


def test_steps_are_held_against_each_other_by_id() -> None:
    was = [{"id": "a", "with": {"n": 1}}, {"id": "b"}]
    now = [{"id": "new"}, {"id": "a", "with": {"n": 2}}]
    assert list(between(was, now, "steps")) == [
        Change("steps.new", now={}),
        Change("steps.a.with.n", 1, 2),
        Change("steps.b", {}),
    ]


def test_another_order_is_a_change() -> None:
    assert list(order_of(["a", "b", "c"], ["b", "a", "new"], "steps")) == [
        Change("steps (order)", ["a", "b"], ["b", "a"])
    ]
    assert list(order_of(["a", "gone", "b"], ["a", "b"], "steps")) == []


def test_what_is_missing_has_no_key() -> None:
    assert msgspec.json.encode(Change("a", now=1)) == b'{"place":"a","now":1}'
