"""Pairs of keypoints that trade places in a mirrored picture."""

import json
from typing import Any

import pytest

pytest.importorskip("albumentations")
from builders import coco
from coco_recipe_pictures.augment import keypoint_pairs
from mirrored_faces import FLIP, POINTS, asked_of

from coco_recipe.coco_json import parse


@pytest.mark.parametrize(
    "names",
    [
        ["l_eye", "r_eye"],
        ["eye_L", "eye_R"],
        ["LEye", "REye"],
        ["左眼", "右眼"],
        ["leftEye", "rightEye"],
        ["eye.l", "eye.r"],
        ["EYE_LEFT", "EYE_RIGHT"],
    ],
    ids=str,
)
def test_pairs_are_known_by_their_names(names: list[str]) -> None:
    assert asked_of([FLIP], POINTS, names) == []


@pytest.mark.parametrize(
    "names", [None, ["nose", "tail"], ["lamp", "ramp"], ["ear", "eal"]], ids=str
)
def test_where_no_pair_is_known_a_mirroring_pipeline_asks(names: list[str] | None) -> None:
    (asked,) = asked_of([FLIP], POINTS, names)
    assert "no keypoints of category 'cat' are known to trade places" in asked
    assert "mirrored_keypoints: [] where none does" in asked
    assert asked_of([FLIP], POINTS, names, mirrored_keypoints=[]) == []
    assert asked_of([{"Affine": {"scale": 1.1}}], POINTS, names) == []


@pytest.mark.parametrize(
    ("others", "pair"),
    [
        (["lf_paw", "rf_paw"], "[lf_paw, rf_paw]"),
        (["tL", "tR"], "[tL, tR]"),
        (["Lear", "Rear"], "[Lear, Rear]"),
    ],
    ids=str,
)
def test_names_that_differ_by_an_l_for_an_r_are_asked_for_beside_a_known_pair(
    others: list[str], pair: str
) -> None:
    points = {"keypoints": [1, 2, 2] * 4}
    names = ["left_eye", "right_eye", *others]
    (asked,) = asked_of([FLIP], points, names)
    assert f"mirrored_keypoints: [{pair}], beside the pairs that are known" in asked
    assert asked_of([FLIP], points, names, mirrored_keypoints=[others]) == []


@pytest.mark.parametrize(
    ("declared", "pairs"),
    [
        ([["lf_paw", "rf_paw"]], {(0, 1), (2, 3)}),
        ([], set()),
        (None, {(0, 1)}),
        ([["left_eye", "rf_paw"]], {(0, 3)}),
        ([[3, 4]], {(0, 1), (2, 3)}),
    ],
    ids=str,
)
def test_a_list_of_pairs_adds_to_those_that_names_tell(
    declared: Any, pairs: set[tuple[int, int]]
) -> None:
    data = coco(1, [])
    data["categories"][0]["keypoints"] = ["left_eye", "right_eye", "lf_paw", "rf_paw"]
    found = keypoint_pairs.mirrored_pairs(parse(json.dumps(data).encode()).categories, declared)[1]
    assert set(found) == pairs


def test_pairs_by_number_count_from_one() -> None:
    categories = parse(json.dumps(coco(1, [])).encode()).categories
    assert keypoint_pairs.mirrored_pairs(categories, [[1, 2]])[1] == ((0, 1),)
