import copy
import pickle
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from coco_recipe.manifest import Balance, Counts, StepRecord
from coco_recipe.read_only import read_only

CHANGES: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "set a key": ({"a": 1}, lambda row: row.__setitem__("a", 2)),
    "delete a key": ({"a": 1}, lambda row: row.__delitem__("a")),
    "merge": ({"a": 1}, lambda row: row.__ior__({"b": 2})),
    "update": ({"a": 1}, lambda row: row.update(b=2)),
    "pop": ({"a": 1}, lambda row: row.pop("a")),
    "popitem": ({"a": 1}, lambda row: row.popitem()),
    "clear": ({"a": 1}, lambda row: row.clear()),
    "set a default": ({"a": 1}, lambda row: row.setdefault("b", 2)),
    "change below": ({"a": {"b": [1]}}, lambda row: row["a"]["b"].append(2)),
    "set an item": ([1, 2], lambda rows: rows.__setitem__(0, 3)),
    "delete a slice": ([1, 2], lambda rows: rows.__delitem__(slice(1))),
    "add": ([1, 2], lambda rows: rows.__iadd__([3])),
    "repeat": ([1, 2], lambda rows: rows.__imul__(2)),
    "extend": ([1, 2], lambda rows: rows.extend([3])),
    "insert": ([1, 2], lambda rows: rows.insert(0, 3)),
    "remove": ([1, 2], lambda rows: rows.remove(1)),
    "sort": ([2, 1], lambda rows: rows.sort()),
    "reverse": ([2, 1], lambda rows: rows.reverse()),
    "in a tuple": (([1],), lambda rows: rows[0].append(2)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_shown_refuses_to_be_changed(change: str) -> None:
    value, apply = CHANGES[change]
    shown = read_only(value)
    with pytest.raises(TypeError, match="can't be changed"):
        apply(shown)
    assert shown == value


def test_it_is_a_copy_of_the_same_types_and_json_that_can_be_copied_again() -> None:
    counts = Counts(images=2, annotations=3, categories={"cat": 3})
    record = StepRecord(
        step="x", use="split", notes={"a": [1, {"b": 2}]}, counts=Balance(out={"train": [counts]})
    )
    shown = read_only(record)
    record.notes["a"].append(3)
    assert shown.notes == {"a": [1, {"b": 2}]}
    assert msgspec.json.decode(msgspec.json.encode(shown), type=StepRecord) == shown
    own = copy.deepcopy(shown.notes)
    own["a"][1]["b"] = 3
    assert (own, type(own)) == ({"a": [1, {"b": 3}]}, dict)
    assert type(pickle.loads(pickle.dumps(shown.counts.out["train"]))) is list
