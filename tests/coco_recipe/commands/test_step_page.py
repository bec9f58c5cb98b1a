"""The page of a step: ports, and of each parameter all that may stand there."""

from typing import Any

import pytest

from coco_recipe import Checkpoint, Dataset, Port, Step, plugins
from coco_recipe.commands import step_page
from coco_recipe.observing.table import width_of
from coco_recipe.plugins import Offer


def _page(properties: dict[str, Any], **more: Any) -> list[str]:
    def run() -> dict[str, Any]:
        """Do it.

        Args:
            x: a thing.
        """
        return {}

    step = Step(
        name="odd",
        run=run,
        inputs={
            "a": Port(Dataset, many=True, reads_only=True),
            "b": Port(Checkpoint, optional=True),
        },
        outputs={},
        params={"type": "object", "properties": properties, **more},
    )
    return step_page.page(Offer(step, "mine", "1.0")).splitlines()


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"type": "integer", "minimum": 1, "default": 3}, "integer, at least 1; default: 3"),
        ({"enum": ["a", None]}, 'one of "a", null'),
        ({"const": "as_given"}, '"as_given"'),
        (
            {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "boolean"}]},
            "number, above 0 or true or false",
        ),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "list of (text), at least 1 of them",
        ),
        (
            {"type": "object", "additionalProperties": {"enum": ["own"]}},
            'mapping to (one of "own")',
        ),
        ({"type": "string", "format": "recipe-file"}, "a file, relative to the recipe"),
        ({"type": ["string", "integer"]}, "text or integer"),
        ({"type": "string", "pattern": "^a$"}, 'text, matching "^a$"'),
        ({}, "anything"),
    ],
)
def test_types_and_allowed_values_are_told(rule: dict[str, Any], told: str) -> None:
    assert f"    ({told})" in _page({"key": {**rule, "description": "A key."}})


def test_ports_required_keys_sub_keys_and_examples_are_told() -> None:
    inner = {"type": "object", "required": ["y"], "properties": {"y": {"type": "integer"}}}
    rule = {"type": "array", "items": inner, "description": "Many.", "examples": [[{"y": 1}]]}
    lines = _page({"x": rule}, required=["x"])
    assert "  a: Dataset (several, only read)" in lines
    assert "  b: Checkpoint (may be left out)" in lines
    assert lines[-5:] == [
        "  x: Many.",
        "    (list of (mapping); required)",
        '    example: [{"y":1}]',
        "      y:",
        "        (integer; required)",
    ]


def test_every_shipped_step_has_a_page_that_fits() -> None:
    for offer in plugins.find().offers.values():
        page = step_page.page(offer)
        with_ = page[page.index("\nwith:") :]
        assert all(width_of(line) <= step_page.WIDTH for line in with_.splitlines())
        assert "Args:" not in page
