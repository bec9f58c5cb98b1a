"""Places under keys that nobody moves: which are found, by name and form, and what is left without
them.
"""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("albumentations")

import cv2
import numpy as np
from builders import coco, command, write_recipe
from coco_recipe_pictures.augment import refusals
from coco_recipe_pictures.geometry import instances, other_places
from rows_with_places import places_of, row_of

from coco_recipe import Annotation, extras


def test_keys_that_are_moved_are_not_asked_for() -> None:
    parts = {"face_box": [1, 2, 3, 4], "lefthand_kpts": [1, 2, 2] * 21, "foot_kpts": [1, 2, 2] * 6}
    assert places_of(parts | {"keypoints": [1, 2, 2]}) == []
    assert places_of({"attributes": {"rotation": 30.0, "occluded": False}}) == []
    assert places_of({"attributes": {"rotation": 30.0, "anchor": [3, 4]}}) == ["attributes.anchor"]


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        (
            {"parts": [{"name": "head", "bbox": [5, 3, 1, 1]}, {"name": "tail"}], "a": 1},
            {"parts": [{"name": "head"}, {"name": "tail"}], "a": 1},
        ),
        (
            {
                "attributes": {"plate": {"bbox": [5, 3, 1, 1], "text": "A"}, "colour": "red"},
                "center": {"x": 1, "y": 2},
            },
            {"attributes": {"plate": {"text": "A"}, "colour": "red"}},
        ),
        ({"x": 4, "y": 3, "z": 1, "note": "n"}, {"note": "n"}),
        (
            {"pages": [[{"lines": [{"text": "a", "points": "4,3 9,8"}]}]]},
            {"pages": [[{"lines": [{"text": "a"}]}]]},
        ),
    ],
    ids=str,
)
def test_dropping_leaves_the_rest(keys: dict[str, Any], left: dict[str, Any]) -> None:
    row = row_of(keys)
    assert dict(extras(instances.without(row, list(refusals.places(row, warps=False))))) == left


@pytest.mark.parametrize(
    ("keys", "may"),
    [
        (
            [
                "id",
                "image_id",
                "category_id",
                "bbox",
                "area",
                "iscrowd",
                "segmentation",
                "keypoints",
                "num_keypoints",
            ],
            False,
        ),
        (["track_id", "score", "caption_text"], False),
        (["keypoints", "score"], True),
        (["extra"], True),
        (["x"], True),
    ],
    ids=str,
)
def test_plain_rows_are_passed_by_their_keys(keys: list[str], may: bool) -> None:
    assert other_places.may_be_in(Annotation, keys) is may


@pytest.mark.slow
def test_a_run_asks_by_path_and_drops_what_it_is_told_to(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0]["tools"] = [{"name": "saw", "polyline": "4,3 9,8"}]
    data["images"][0]["camera"] = {"principal_point": {"x": 32, "y": 24}, "lens": "f2"}
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.jpg").write_bytes(
        cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    )
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    given: dict[str, Any] = {"pipeline": [{"HorizontalFlip": {"p": 1}}]}
    step = {"id": "more", "use": "augment", "in": "raw", "with": given}
    asked = command(
        "run", write_recipe(tmp_path, [step], data, inputs=inputs), "--out", "run", cwd=tmp_path
    )
    assert asked.returncode == 2
    assert "annotations have places under other keys: tools[].polyline" in asked.stderr
    assert "images have places under other keys: camera.principal_point" in asked.stderr
    given["other_geometry"] = "drop"
    done = command(
        "run", write_recipe(tmp_path, [step], data, inputs=inputs), "--out", "run", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    written = next(
        one
        for path in (tmp_path / "run").rglob("*.json")
        if "annotations" in (one := json.loads(path.read_text())) and "images" in one
    )
    assert written["annotations"][0]["tools"] == [{"name": "saw"}]
    assert written["annotations"][0]["bbox"] == [53, 2, 10, 10]
    assert written["images"][0]["camera"] == {"lens": "f2"}
