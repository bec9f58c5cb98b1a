"""Every NaN and Infinity of a file is told with its row."""

import json
from pathlib import Path

import pytest
from builders import coco

from coco_recipe import coco_json
from coco_recipe.errors import DatasetError
from coco_recipe.not_finite import told

NAN, INF = float("nan"), float("inf")


def test_every_place_is_told_with_its_row() -> None:
    data = coco(2, [(1, 1), (2, 2), (2, 1)])
    data["annotations"][0]["bbox"][2] = NAN
    data["annotations"][2] |= {"area": -INF, "attributes": {"scores": [1, INF]}}
    data["images"][1]["width"] = NAN
    data["info"]["version"] = INF
    found = told(json.dumps(data).encode())
    assert found.startswith("5 places: ")
    for place in (
        "annotation 1: bbox[2] is NaN",
        "annotation 3: area is -Infinity",
        "annotation 3: attributes.scores[1] is Infinity",
        "image 2: width is NaN",
        "info.version is Infinity",
    ):
        assert place in found


def test_a_row_whose_id_is_none_is_told_by_its_place() -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0]["id"] = NAN
    assert told(json.dumps(data).encode()) == "1 place: annotations[0].id is NaN"


def test_the_first_ten_are_named_and_the_others_counted(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)] * 30)
    for row in data["annotations"]:
        row["area"] = NAN
    (tmp_path / "a.json").write_text(json.dumps(data))
    with pytest.raises(DatasetError, match=r"30 places: annotation 1: area is NaN.*and 20 more"):
        coco_json.load(tmp_path / "a.json")


@pytest.mark.parametrize("text", [b"{", b"[1, 2]", b'{"a": "NaN"}', b"\xff"])
def test_a_file_without_any_has_none(text: bytes) -> None:
    assert told(text) == ""
