"""The order in which a step's keys came makes no difference."""

import msgspec
from coco_recipe_report.seen.records import as_read

from coco_recipe import manifest


def test_keys_are_in_the_order_in_which_they_are_written() -> None:
    record = manifest.StepRecord(step="s", use="u", parameters={"b": 1, "a": {"d": 1, "c": 2}})
    found = as_read(record)
    assert found == record
    assert msgspec.json.encode(found.parameters) == b'{"a":{"c":2,"d":1},"b":1}'
