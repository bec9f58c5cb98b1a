"""JSON Schema in the recipe's words: defaults, files, names, and problems with hints."""

from pathlib import Path
from typing import Any

import pytest

from coco_recipe.language import schema_check
from coco_recipe.language.source import Source

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "description": "How large."},
        "way": {"enum": ["fast", "slow"], "default": "fast"},
        "file": {"type": "string", "format": "recipe-file"},
        "deep": {
            "type": "object",
            "default": {},
            "properties": {"on": {"type": "boolean", "default": True}},
        },
    },
}


def _problems(value: Any) -> list[str]:
    source = Source(Path("x.yaml"), "", value, {}, {})
    return [str(one) for one in schema_check.problems(SCHEMA, value, source, ("with",))]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({}, "with: the key 'size' is missing\n    hint: How large."),
        ({"size": "3"}, "with.size: expected a whole number, found '3'"),
        ({"size": 0}, "with.size: 0 is less than the minimum of 1"),
        ({"size": 1, "way": "fats"}, "'fats' is none of fast, slow\n    hint: did you mean 'fast'"),
        ({"size": 1, "wya": "fast"}, "unknown key 'wya'\n    hint: did you mean 'way'"),
        ([], "with: expected a mapping, found []"),
    ],
)
def test_a_problem_is_told_with_its_place_and_a_hint(value: Any, told: str) -> None:
    (found,) = _problems(value)
    assert told in found


@pytest.mark.parametrize(
    "value",
    ["x" * 5000, {"size": "x" * 5000}, {"size": -(10**4000)}, {"size": 1, "way": "y" * 999}],
)
def test_a_value_without_end_is_shown_by_its_beginning(value: Any) -> None:
    (found,) = _problems(value)
    assert "…" in found
    assert len(found) < 500


def test_defaults_are_filled_in_within_mappings_too() -> None:
    assert schema_check.with_defaults(SCHEMA, {"size": 2}) == {
        "size": 2,
        "way": "fast",
        "deep": {"on": True},
    }
    assert schema_check.with_defaults(SCHEMA, {"way": "slow", "deep": {"on": False}}) == {
        "way": "slow",
        "deep": {"on": False},
    }


def test_files_are_relative_to_the_recipe_and_listed() -> None:
    found: list[Path] = []
    params = {"file": "a/b.txt", "way": "fast"}
    resolved = schema_check.resolve_files(SCHEMA, params, Path("/data"), found)
    assert resolved == {"file": "/data/a/b.txt", "way": "fast"}
    assert found == [Path("/data/a/b.txt")]
    package = {"file": "mmdet::a.py"}
    assert schema_check.resolve_files(SCHEMA, package, Path("/data"), found) == package
    assert len(found) == 1


@pytest.mark.parametrize(
    ("name", "fault"),
    [("", "is empty"), ("-a", "begins with '-'"), ("a/b", "'/' is not allowed"), ("ünïcode", "")],
)
def test_a_name_is_one_for_a_folder(name: str, fault: str) -> None:
    assert schema_check.name_fault(name) == fault


def test_a_name_has_at_most_200_bytes() -> None:
    assert not schema_check.name_fault("a" * 200)
    assert schema_check.name_fault("é" * 101) == "has more than 200 bytes"


def test_the_composed_schema_has_the_parameters_of_each_step() -> None:
    composed = schema_check.composed({"grow": SCHEMA})
    item = composed["properties"]["steps"]["items"]
    assert item["properties"]["use"]["enum"] == ["grow"]
    assert item["allOf"][0]["then"]["properties"]["with"] == SCHEMA
