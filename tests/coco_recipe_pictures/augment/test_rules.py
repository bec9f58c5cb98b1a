"""What a pipeline does to boxes: turned by large angles, eroded; and pipelines that don't."""

from pathlib import Path
from typing import Any

import linted
import pytest

pytest.importorskip("albumentations")
TURNED, ERODED = "boxes_turned", "boxes_eroded"
OUTLINE = [[10, 10, 30, 10, 12, 30]]
RECTANGLE = [[10, 10, 10, 30, 30, 30, 30, 10]]


def _recipe(folder: Path, transform: dict[str, Any], segmentation: Any = None) -> Path:
    rows = linted.data(["a.jpg", "b.jpg"])
    for row in rows["annotations"] if segmentation is not None else ():
        row["segmentation"] = segmentation
    step = {"id": "more", "use": "augment", "in": "raw", "with": {"pipeline": [transform]}}
    return linted.recipe(folder, [step], {"raw": rows})


@pytest.mark.parametrize(
    "transform",
    [
        {"Rotate": {"limit": 45}},
        {"Rotate": {}},
        {"SafeRotate": {"limit": [-5, 30]}},
        {"Affine": {"rotate": [-20, 20]}},
        {"ShiftScaleRotate": {}},
        {"OneOf": {"transforms": [{"Rotate": {"limit": 90}}]}},
    ],
)
@pytest.mark.parametrize("segmentation", [None, [], RECTANGLE])
def test_boxes_turned_by_large_angles(tmp_path: Path, transform: Any, segmentation: Any) -> None:
    (finding,) = linted.found(_recipe(tmp_path, transform, segmentation), TURNED)
    assert "2 of 2 boxes have no outline" in str(finding)


@pytest.mark.parametrize(
    "transform",
    [
        {"Rotate": {"limit": 10}},
        {"RandomRotate90": {}},
        {"Affine": {"scale": 0.9}},
        {"Rotate": {"limit": 45, "p": 0}},
    ],
)
def test_boxes_that_stay_tight(tmp_path: Path, transform: Any) -> None:
    assert not linted.found(_recipe(tmp_path, transform), TURNED)


def test_outlines_turn_with_the_picture(tmp_path: Path) -> None:
    assert not linted.found(_recipe(tmp_path, {"Rotate": {"limit": 45}}, OUTLINE), TURNED)


@pytest.mark.parametrize(
    ("transform", "is_found"),
    [
        ({"RandomSizedBBoxSafeCrop": {"height": 32, "width": 32, "erosion_rate": 0.2}}, True),
        ({"BBoxSafeRandomCrop": {"erosion_rate": 0.1}}, True),
        ({"RandomSizedBBoxSafeCrop": {"height": 32, "width": 32}}, False),
        ({"BBoxSafeRandomCrop": {"erosion_rate": 0}}, False),
    ],
)
def test_crops_that_cut_boxes(tmp_path: Path, transform: Any, is_found: bool) -> None:
    assert bool(linted.found(_recipe(tmp_path, transform), ERODED)) is is_found
