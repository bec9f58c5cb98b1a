"""Frames have each row with its own keys, and the names that its ids stand for."""

import builtins
import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco

import coco_recipe.api  # noqa: F401, it lets data sets show themselves
from coco_recipe import Dataset, Metrics
from coco_recipe.coco_json import parse
from coco_recipe.notebook import frames

pytestmark = pytest.mark.slow  # pandas takes a second to import


@pytest.fixture(autouse=True)
def _pandas() -> None:
    pytest.importorskip("pandas")


def _dataset(**changes: Any) -> Dataset:
    data = coco()
    data["annotations"][0] |= changes
    return parse(json.dumps(data).encode(), home="raw")


def test_annotations_have_names_sides_and_their_own_keys() -> None:
    given = _dataset(attributes={"a": [1]}, **{"my key": "值"}, segmentation=[[1, 2, 3, 4, 5, 6]])
    found = frames.of_dataset(given)["annotations"]
    assert list(found["id"]) == [row.id for row in given.annotations]
    first = found.iloc[0]
    assert (first.category, first.file_name) == ("cat", "1.jpg")
    assert [first.x, first.y, first.width, first.height] == list(given.annotations[0].bbox or ())
    assert first.attributes == {"a": [1]}
    assert first["my key"] == "值"
    assert "segmentation" not in found
    assert found["attributes"].isna().tolist() == [False, True]


def test_rows_that_lack_something_stay() -> None:
    data = coco()
    del data["annotations"][0]["bbox"]
    data["annotations"][0]["category_id"] = 77
    del data["images"][1]["width"]
    tables = frames.of_dataset(parse(json.dumps(data).encode()))
    assert tables["annotations"]["x"].isna().tolist() == [True, False]
    assert tables["annotations"]["category"].isna().tolist() == [True, False]
    assert tables["images"]["width"].isna().tolist() == [False, True, False]


def test_a_set_without_rows_gives_frames_without_lines() -> None:
    empty = Dataset((), (), ())
    assert {name: len(frame) for name, frame in frames.of_dataset(empty).items()} == {
        "images": 0,
        "annotations": 0,
        "categories": 0,
    }


def test_a_run_has_a_ledger_and_metrics(tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    line = {"kind": "annotation", "id": 3, "reason": "small"}
    (tmp_path / "clean/dropped.jsonl").write_text(json.dumps(line) + "\n")
    steps = [("clean", tmp_path / "clean"), ("other", tmp_path / "other")]
    tables = frames.of_run(steps, {"score": Metrics({"epoch_3": {"bbox": {"AP": 0.5}}})})
    assert tables["ledger"].to_dict("records") == [{"step": "clean", **line}]
    assert tables["metrics"].to_dict("records") == [
        {"value_of": "score", "figure": "epoch_3 / bbox / AP", "value": 0.5}
    ]
    assert list(frames.of_run([], {})["ledger"].columns) == ["step", "kind", "id", "reason"]


def test_without_pandas_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    really = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return really(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'coco-recipe\[notebook\]'"):
        _dataset().to_pandas()
