"""A copy of the process checks rows part by part, and finds what one pass over all finds."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe import coco_json
from coco_recipe.checks import row_checks
from coco_recipe.engines.beside import Beside, copies
from coco_recipe.findings import Finding
from coco_recipe.running import inputs, row_parts
from coco_recipe.running.row_parts import RowParts

WRONG: list[dict[str, Any]] = [
    {"bbox": [1, 2, 0, 10]},
    {"bbox": [60, 2, 30, 10], "area": 7},
    {"segmentation": [1, 2, 11, 2, 11, 12]},
    {"segmentation": {"size": [1, 1], "counts": [1]}},
    {"segmentation": [[1, 1, 2, 2, 3, 3]]},
    {"iscrowd": 3, "area": -1},
    {"image_id": 77, "category_id": 88, "id": 1},
]
pytestmark = pytest.mark.skipif(copies() < 2, reason="no copy of this process can be made here")


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What copies gave; they are made for any file, and read a row or two at a time."""
    given: list[Any] = []

    class Counted(Beside[Any]):
        def result(self) -> Any:
            given.append(super().result())
            return given[-1]

    monkeypatch.setattr(row_parts, "Beside", Counted)
    monkeypatch.setattr(row_parts, "MANY_BYTES", 0)
    monkeypatch.setattr(row_parts, "PART_BYTES", 120)
    return given


def _data(*changes: dict[str, Any]) -> dict[str, Any]:
    data = coco(images=3, boxes=[(1 + n % 3, 1 + n % 2) for n in range(12)])
    data["categories"].append({"id": 9, "name": "unused"})
    for row, change in zip(data["annotations"], changes, strict=False):
        row |= change
    return data


def _found(text: str) -> list[Finding]:
    top = coco_json.decode_top(text.encode(), "raw.json")
    parts = RowParts(text.encode(), top, "raw.json", "raw")
    return list(parts.findings(inputs.read_rows(top, "raw.json", "raw", None)))


def _in_one_pass(text: str, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    with monkeypatch.context() as patch:
        patch.setattr(row_parts, "MANY_BYTES", 10**9)
        return _found(text)


def test_many_rows_are_told_as_few_are(
    tmp_path: Path, beside: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = {"id": "out", "use": "export_coco", "in": {"all": "raw"}, "with": {"images": "none"}}
    write_recipe(tmp_path, [export], _data(*WRONG))
    in_parts = command("run", "recipe.yaml", cwd=tmp_path).stderr
    assert len(beside) == 1
    assert beside[0][0]
    monkeypatch.setattr(row_parts, "MANY_BYTES", 10**9)
    assert command("run", "recipe.yaml", cwd=tmp_path).stderr == in_parts
    assert len(beside) == 1
    assert all(
        f"({kind})" in in_parts
        for kind in (
            "boxes_of_no_area",
            "boxes_past_the_edge",
            "segmentations_flat",
            "masks_of_another_size",
            "segmentations_of_no_area",
            "crowd_flags",
            "areas_not_positive",
            "dangling_image_ids",
            "unused_categories",
        )
    )


def test_keys_that_stand_twice_are_found(
    beside: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(_data()).replace('"id": 5,', '"id": 4, "id": 5,')
    found = _found(text)
    assert [one.kind.name for one in found] == ["repeated_keys", "unused_categories"]
    assert [kinds for _, kinds in beside] == [set()]
    assert found == _in_one_pass(text, monkeypatch)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        pytest.param(
            {"parts": [{"a": 1}, {"b": 2}, {"c": 3}] * 20},
            row_checks.IN_PASSING,
            id="a list of objects",
        ),
        pytest.param({"note": "}, {" * 60}, row_checks.IN_PASSING, id="a text"),
        pytest.param(
            {"bbox": [0.1, 0.2, 0.3, 0.4]}, {"boxes_normalised"}, id="boxes that need all rows"
        ),
    ],
)
def test_what_cannot_be_judged_in_parts_is_judged_at_once(
    change: dict[str, Any],
    left: Collection[str],
    beside: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = json.dumps(_data(*([change] * 12)))
    found = _found(text)
    assert [kinds for _, kinds in beside] == [left]
    assert found == _in_one_pass(text, monkeypatch)


def test_rows_of_wrong_types_are_judged_as_the_slow_reading_has_them(
    tmp_path: Path, beside: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _data({"bbox": ["1", "2", "0", "10"]}, *WRONG[1:3])
    mend = {"id": "mend", "use": "repair", "in": "raw", "with": {"bbox": "to_numbers"}}
    write_recipe(tmp_path, [mend], data)
    in_parts = command("plan", "recipe.yaml", cwd=tmp_path).stderr
    assert beside
    monkeypatch.setattr(row_parts, "MANY_BYTES", 10**9)
    assert command("plan", "recipe.yaml", cwd=tmp_path).stderr == in_parts
    assert "(boxes_of_no_area)" in in_parts


def test_findings_name_the_input(beside: list[Any]) -> None:
    assert {one.place for one in _found(json.dumps(_data(*WRONG)))} == {"raw"}
