import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import coco, write_recipe

from coco_recipe import run
from coco_recipe.errors import StepError

cv2 = pytest.importorskip("cv2")


def _augment(tmp_path: Path, pipeline: Any, data: dict[str, Any] | None = None, **params: Any) -> tuple[Any, Path]:
    """Augment pictures that are black with a white rectangle at (1, 2, 10, 10); return the JSON and the images."""
    data = data or coco(2, [(1, 1), (2, 2)])
    (tmp_path / "images").mkdir(exist_ok=True)
    for row in data["images"]:
        picture = np.zeros((48, 64, 3), np.uint8)
        picture[2:12, 1:11] = 255
        (tmp_path / "images" / row["file_name"]).write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    step = {"id": "more", "use": "augment", "in": "raw", "with": {"pipeline": pipeline, "format": "png"} | params}
    path = write_recipe(tmp_path, [step], data, inputs={"raw": {"annotations": "raw.json", "images": "images"}})
    run.run(run.prepare(path), out=tmp_path / "out")
    return json.loads((tmp_path / "out/steps/more/dataset.json").read_text()), tmp_path / "out/steps/more/images"


SHORT = [{"HorizontalFlip": {"p": 1}}]
DICT = {"__version__": "2.0.8", "transform": {"__class_fullname__": "Compose", "p": 1.0, "transforms": [
    {"__class_fullname__": "HorizontalFlip", "p": 1}]}}


@pytest.mark.parametrize("form", ["short", "dict", "json file", "yaml file"])
def test_a_flip_moves_the_box_with_its_pixels(form: str, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(DICT))
    (tmp_path / "p.yaml").write_text(json.dumps(DICT))
    pipeline = {"short": SHORT, "dict": DICT, "json file": "p.json", "yaml file": "p.yaml"}[form]
    data, images = _augment(tmp_path, pipeline)
    assert [row["bbox"] for row in data["annotations"]] == [[53, 2, 10, 10]] * 2
    picture = cv2.imread(str(images / data["images"][0]["file_name"]))
    ys, xs = np.nonzero(picture[:, :, 0])
    assert (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) == (53, 2, 63, 12)


def test_size_ids_names_and_origin_of_a_copy(tmp_path: Path) -> None:
    data, _ = _augment(tmp_path, [{"Transpose": {"p": 1}}], copies=2)
    assert [(row["id"], row["width"], row["height"]) for row in data["images"]] == [(n, 48, 64) for n in (3, 4, 5, 6)]
    assert data["images"][1]["coco_recipe"] == {"root": "raw/1.jpg", "source": "raw/1.jpg", "step": "more", "copy": 2}
    assert [(row["id"], row["image_id"], row["category_id"]) for row in data["annotations"]] == [
        (3, 3, 1), (4, 4, 1), (5, 5, 2), (6, 6, 2)]


def test_a_box_that_vanishes_is_in_the_ledger(tmp_path: Path) -> None:
    data, _ = _augment(tmp_path, [{"Crop": {"x_min": 30, "y_min": 20, "x_max": 60, "y_max": 40, "p": 1}}])
    assert data["annotations"] == []
    assert len(data["images"]) == 2
    ledger = (tmp_path / "out/steps/more/dropped.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in ledger] == [1, 2]


def test_flips_of_one_copy_are_drawn_independently(tmp_path: Path) -> None:
    data, _ = _augment(tmp_path, [{"HorizontalFlip": {"p": 0.5}}, {"VerticalFlip": {"p": 0.5}}], copies=40)
    assert {tuple(row["bbox"][:2]) for row in data["annotations"]} == {(1, 2), (53, 2), (1, 36), (53, 36)}


@pytest.mark.parametrize(("pipeline", "message"), [
    ([{"HorizontalFlp": {}}], r"pipeline\[0\]: Albumentations 2.0.8 has no transform 'HorizontalFlp'; did you mean"),
    ([{"GaussNoise": {"var_limit": 3}}], r"pipeline\[0\]: GaussNoise: .*var_limit"),
    ([{"Lambda": {}}], "no transform 'Lambda'"), ([{"Normalize": {"p": 1}}], "leave Normalize and ToFloat"),
    ({"x": 1}, "no 'transform'")])
def test_a_wrong_pipeline_is_refused(pipeline: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(StepError, match=message):
        _augment(tmp_path, pipeline)


def test_large_ids_survive(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0]["id"] = 900100581904
    assert _augment(tmp_path, SHORT, data)[0]["annotations"][0]["id"] == 900100581905


def test_segmentations_are_not_lost_without_a_word(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0]["segmentation"] = [[1, 2, 11, 2, 11, 12]]
    with pytest.raises(StepError, match="1 annotations have a segmentation or keypoints"):
        _augment(tmp_path, SHORT, data)
    assert "segmentation" not in _augment(tmp_path, SHORT, data, other_geometry="drop")[0]["annotations"][0]
