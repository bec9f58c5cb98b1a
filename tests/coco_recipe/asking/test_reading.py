"""A file is read by itself, with values of a wrong type as they were meant."""

import json
from pathlib import Path

import pytest
from builders import coco

from coco_recipe.asking import reading
from coco_recipe.errors import DatasetError


def test_a_number_in_quotes_is_read_as_a_number(tmp_path: Path) -> None:
    data = coco()
    data["annotations"][0]["area"] = "100"
    (tmp_path / "a.json").write_text(json.dumps(data), "utf-8")
    dataset = reading.read(tmp_path / "a.json", tmp_path / "images")
    assert [row.area for row in dataset.annotations] == [100, 100]
    assert dataset.folders == {"a.json": tmp_path / "images"}


def test_what_isnt_coco_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]", "utf-8")
    with pytest.raises(DatasetError):
        reading.read(tmp_path / "a.json")
