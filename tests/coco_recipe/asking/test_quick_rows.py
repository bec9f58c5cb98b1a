"""The quick reading has the rows of the thorough one, and falls back on it."""

import gc
import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco

from coco_recipe.asking import quick_rows
from coco_recipe.asking.sides import CROWD, KEYPOINTS, MASK, POLYGONS
from coco_recipe.errors import DatasetError
from coco_recipe.testing import dataset


def _file(folder: Path, data: Any) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps(data), "utf-8")
    return path


def test_a_file_and_its_data_set_have_the_same_rows(tmp_path: Path) -> None:
    data = coco(licenses=[{"id": 4, "name": "CC0", "url": ""}])
    data["images"][0]["license"] = 4
    data["annotations"][0] |= {"segmentation": [[1, 2, 3, 4, 5, 6]], "keypoints": [1, 2, 2]}
    data["annotations"][1]["segmentation"] = {"size": [48, 64], "counts": [10, 3062]}
    data["annotations"].append(data["annotations"][0] | {"id": 9, "iscrowd": 1, "keypoints": []})
    path = _file(tmp_path, data)
    rows = quick_rows.of_file(path)
    assert rows.images[0].license == 4
    assert list(rows.boxes.forms) == [POLYGONS | KEYPOINTS, MASK, POLYGONS | CROWD]
    assert list(rows.boxes.widths) == [row["bbox"][2] for row in data["annotations"]]
    assert quick_rows.of_dataset(dataset(data)) == rows


@pytest.mark.parametrize(
    "wrong",
    [{"bbox": None}, {"category_id": "2"}, {"iscrowd": None}, {"bbox": [1, 2, "10", 10]}],
)
def test_a_row_that_is_wrong_doesnt_hide_the_others(tmp_path: Path, wrong: dict[str, Any]) -> None:
    data = coco()
    data["annotations"][0] |= wrong
    path = _file(tmp_path, data)
    rows = quick_rows.of_file(path)
    assert len(rows.images) == 3
    assert 2 in rows.boxes.category_ids


def test_licenses_of_another_form_are_no_licenses(tmp_path: Path) -> None:
    assert quick_rows.of_file(_file(tmp_path, coco(licenses={"a": 1}))).licenses == []


def test_what_isnt_coco_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not a COCO file"):
        quick_rows.of_file(_file(tmp_path, {"images": []}))


def test_the_collector_is_off_while_rows_are_read_and_on_again() -> None:
    assert gc.isenabled()
    with quick_rows.collector_off():
        assert not gc.isenabled()
    assert gc.isenabled()
