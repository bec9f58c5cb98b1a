"""Segmentations are checked in parts of the file's text: what is found is what the whole file
tells.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import coco, real_data

from coco_recipe import coco_json, plugins
from coco_recipe.errors import DatasetError
from coco_recipe.findings import Check, Finding
from coco_recipe.running import mask_parts
from coco_recipe.running.mask_parts import MaskParts

SQUARE = [[1, 2, 11, 2, 11, 12, 1, 12]]
SEGMENTATIONS: list[Any] = [
    SQUARE,
    [[90, 90, 99, 90, 99, 99]],
    [[1, 2, 70, 2, 70, 12]],
    [[1, 2, 3, 4, 5, 6] * 9],
    [[-500, 2, 4000, 4, 5, 6]],
    {"size": [48, 64], "counts": [5, 100, 2967]},
    {"size": [1, 1], "counts": [1]},
    [],
]


@pytest.fixture
def checks() -> list[Check]:
    pytest.importorskip("cv2")
    return [check for check in plugins.find(()).checks if check.about == "masks"]


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make three copies of this process share parts of so many bytes (here they work in turn)."""

    def of(size: int) -> None:
        monkeypatch.setattr(mask_parts, "copies", lambda: 3)
        monkeypatch.setattr(mask_parts, "PART_BYTES", size)

    return of


def _found(checks: list[Check], text: bytes) -> tuple[Finding, ...]:
    begun = MaskParts(checks, coco_json.decode_top(text, "a.json"), "a.json")
    return begun.findings(coco_json.parse(text))


def _data(**extras: Any) -> dict[str, Any]:
    data = coco(images=3, boxes=[(1 + n % 3, 1) for n in range(40)])
    for n, row in enumerate(data["annotations"]):
        row |= {"segmentation": SEGMENTATIONS[n % len(SEGMENTATIONS)], "iscrowd": n % 2, **extras}
    data["annotations"][7]["image_id"] = 99  # which is not there
    data["images"].append({**data["images"][0], "width": 500})  # its id is repeated
    return data


@pytest.mark.parametrize("size", [1, 300, 10**6])
@pytest.mark.parametrize("indent", [None, 1])
def test_parts_tell_what_the_whole_tells(
    size: int, indent: int | None, checks: list[Check], in_parts: Callable[[int], None]
) -> None:
    text = json.dumps(_data(), indent=indent).encode()
    whole = _found(checks, text)
    in_parts(size)
    assert _found(checks, text) == whole
    assert len(whole) > 5


@pytest.mark.parametrize(
    "value", ["}, {", [{"a": 1}, {"b": 2}], {"c": [{}, {}]}, '\\}, {"', '"}, {"id": 1}'], ids=str
)
def test_what_looks_like_the_border_of_two_rows_changes_nothing(
    value: Any, checks: list[Check], in_parts: Callable[[int], None]
) -> None:
    text = json.dumps(_data(attributes=value)).encode()
    whole = _found(checks, text)
    for size in (1, 150, 1000):
        in_parts(size)
        assert _found(checks, text) == whole


@pytest.mark.slow
def test_real_files_are_told_alike(checks: list[Check], in_parts: Callable[[int], None]) -> None:
    told = 0
    for path in sorted(real_data("odd_json").parent.rglob("*.json")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mask_parts, "copies", lambda: 1)
            try:
                whole = _found(checks, text := path.read_bytes())
            except DatasetError:
                continue
        in_parts(5000)
        assert _found(checks, text) == whole, path
        told += bool(whole)
    assert told > 3


def test_parts_of_a_table_are_its_rows_in_order(tmp_path: Path) -> None:
    rows = [{"id": n, "name": "x" * n} for n in range(30)]
    table = msgspec.Raw(json.dumps(rows).encode())
    for size in (1, 40, 200, 10**4):
        parts = coco_json.divided(table, size)
        assert [row for part in parts for row in json.loads(b"[%b]" % part)] == rows
        assert len(parts) > 1 or size > 1000


@pytest.mark.parametrize("text", ["[]", "[ ]", "[1]", "{}", "7", "null", '"[]"'])
def test_a_table_without_rows_is_one_part(text: str) -> None:
    (part,) = coco_json.divided(msgspec.Raw(text.encode()), 1)
    assert bytes(part) == (text[1:-1] if text[0] == "[" else text).encode()
