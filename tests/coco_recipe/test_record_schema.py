"""Schemas of what a run records, made of the Structs and their docstrings."""

import msgspec
import pytest
from jsonschema import Draft202012Validator

from coco_recipe import manifest, record_schema


class Two(msgspec.Struct):
    """Two keys.

    Attributes:
        first: one line.
        second: a line
            that goes on.
    """

    first: int
    second: str = msgspec.field(name="other", default="")


def test_keys_are_described_by_their_names_in_json() -> None:
    assert record_schema.described(Two) == {"first": "one line.", "other": "a line that goes on."}


@pytest.mark.parametrize("name", record_schema.NAMES)
def test_a_schema_is_one_and_describes_every_key(name: str) -> None:
    schema = record_schema.schema(name)
    Draft202012Validator.check_schema(schema)
    for part, rule in schema["$defs"].items():
        assert rule["description"], part
        for key, value in rule.get("properties", {}).items():
            assert value.get("description"), f"{part}.{key}"


def test_a_record_that_lacks_a_key_is_refused() -> None:
    schema = record_schema.schema("manifest")
    assert not Draft202012Validator(schema).is_valid({"record": {}})
    assert {*schema["$defs"]} >= {manifest.StepRecord.__name__, manifest.Counts.__name__}
