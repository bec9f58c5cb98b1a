"""What would make annotations wrong without a word is asked before: borders, places under other keys, pairs, direction."""

import json
from typing import Any

import pytest

pytest.importorskip("albumentations")


import numpy as np
from builders import coco
from coco_recipe_albumentations import choosing, keypoint_pairs, pipeline, refusals
from coco_recipe_albumentations.geometry import Carrier

from coco_recipe import Misfit
from coco_recipe.coco_json import parse

PARAMS: dict[str, Any] = {"repeated": None, "other_geometry": "refuse", "mirrored_keypoints": None}
FLIP: dict[str, Any] = {"HorizontalFlip": {"p": 0.5}}


def _asked(form: Any, annotation: dict[str, Any] | None = None, names: list[str] | None = None, **params: Any) -> list[str]:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= annotation or {}
    if names is not None:
        data["categories"][0]["keypoints"] = names
    dataset = parse(json.dumps(data).encode())
    pairs = keypoint_pairs.mirrored_pairs(dataset.categories, params.get("mirrored_keypoints"))
    return [str(one) for one in refusals.complaints(
        pipeline.parsed(form), dataset, dataset.images, dataset.annotations, pairs, PARAMS | params)]


@pytest.mark.parametrize("transform", [
    {"PadIfNeeded": {"min_height": 90, "min_width": 90, "border_mode": 4}}, {"Affine": {"rotate": 9, "border_mode": 2}},
    {"Rotate": {"border_mode": 3}}, {"Perspective": {"border_mode": 4}}, {"ElasticTransform": {"border_mode": 2}},
    {"GridDistortion": {"border_mode": 4}}, {"SafeRotate": {"border_mode": 4}},
    {"OneOf": {"transforms": [{"ShiftScaleRotate": {"border_mode": 4}}]}}], ids=str)
def test_borders_that_repeat_the_picture_ask(transform: dict[str, Any]) -> None:
    assert "its border repeats the picture" in _asked([transform])[0]
    plain = refusals.with_plain_borders([transform])
    assert _asked(plain, repeated="fill") == _asked(plain) == []
    assert _asked([transform], repeated="label") == []


@pytest.mark.parametrize("transform", [{"Rotate": {"border_mode": 0}}, {"Rotate": {"border_mode": 1}}, {"Rotate": {}}], ids=str)
def test_other_borders_do_not(transform: dict[str, Any]) -> None:
    assert _asked([transform]) == []


@pytest.mark.parametrize("name", ["ThinPlateSpline", "RandomGridShuffle"])
def test_what_annotations_cannot_follow_is_refused(name: str) -> None:
    assert f"{name} moves pixels in a way that annotations can't follow" in _asked([{name: {"p": 1}}])[0]


@pytest.mark.parametrize(("keys", "named"), [
    ({"head_box": [1, 2, 3, 4]}, "head_box"), ({"foot_kpts": [1.5, 2, 1]}, "foot_kpts"),
    ({"rotated_bbox": [1, 2, 3, 4, 30]}, "rotated_bbox"),
    ({"bbox_xyxy": [1, 2, 3, 4]}, "bbox_xyxy"), ({"center": [3, 4]}, "center"), ({"keypoints_3d": [[1, 2, 3]]}, "keypoints_3d"),
    ({"attributes": {"yaw": 30.0, "x": 1}}, "attributes.yaw"), ({"rotation": 90}, "rotation")])
def test_places_under_other_keys_ask_only_where_pixels_move(keys: dict[str, Any], named: str) -> None:
    asked = _asked([FLIP], keys)[0]
    assert f"annotations have places under other keys: {named}; " in asked
    assert "other_geometry: drop" in asked.splitlines()[1].split("  ")  # a line to paste
    assert _asked([{"RandomBrightnessContrast": {"p": 1}}], keys) == []
    assert _asked([FLIP], keys, other_geometry="keep") == []


@pytest.mark.parametrize("keys", [{"hbox": [1, 2, 3, 4]}, {"polygon": [1, 2, 3, 4, 5, 6]}, {"landmarks": [[1, 2], [3, 4]]},
                                  {"theta": 0.5}, {"bbox3d": [1, 2, 3, 4, 5, 6, 7]}, {"points": [1, 2, 3, 4]}], ids=str)
def test_places_of_other_tools_ask_too(keys: dict[str, Any]) -> None:
    assert next(iter(keys)) in _asked([FLIP], keys)[0]


def test_places_of_images_ask_too() -> None:
    data = coco(1, [(1, 1)])
    data["images"][0]["roi"] = [1, 2, 3, 4]
    dataset = parse(json.dumps(data).encode())
    asked, = refusals.complaints(pipeline.parsed([FLIP]), dataset, dataset.images, dataset.annotations, {}, PARAMS)
    assert "images have places under other keys: roi" in str(asked)


@pytest.mark.parametrize("keys", [{"face_box": None}, {"points": 7}, {"crop": True},
                                  {"face_box": [0, 0, 0, 0]}, {"face_box": "x"}, {"center": [1, 2, 3]},
                                  {"attributes": {"rotation": 0.0}}, {"rotation": True}, {"num_keypoints": 3}, {"score": 0.5}],
                         ids=str)
def test_what_has_no_form_of_a_place_does_not(keys: dict[str, Any]) -> None:
    assert _asked([FLIP], keys) == []


POINTS = {"keypoints": [1, 2, 2, 3, 4, 2]}


@pytest.mark.parametrize("names", [["l_eye", "r_eye"], ["eye_L", "eye_R"], ["LEye", "REye"], ["左眼", "右眼"],
                                   ["leftEye", "rightEye"], ["eye.l", "eye.r"], ["EYE_LEFT", "EYE_RIGHT"]], ids=str)
def test_pairs_are_known_by_their_names(names: list[str]) -> None:
    assert _asked([FLIP], POINTS, names) == []


@pytest.mark.parametrize("names", [None, ["nose", "tail"], ["lamp", "ramp"], ["ear", "eal"]], ids=str)
def test_where_no_pair_is_known_a_mirroring_pipeline_asks(names: list[str] | None) -> None:
    asked, = _asked([FLIP], POINTS, names)
    assert "no keypoints of category 'cat' are known to trade places" in asked
    assert "mirrored_keypoints: [] where none does" in asked
    assert _asked([FLIP], POINTS, names, mirrored_keypoints=[]) == []
    assert _asked([{"Affine": {"scale": 1.1}}], POINTS, names) == []


@pytest.mark.parametrize(("mode", "mirrors"), [(2, True), (3, False), (4, True)])
def test_a_reflected_border_that_is_labelled_mirrors_as_a_flip_does(mode: int, mirrors: bool) -> None:
    pad = [{"Pad": {"padding": 9, "border_mode": mode}}]
    assert bool(_asked(pad, POINTS, repeated="label")) is mirrors
    assert bool(list(refusals.direction(pipeline.parsed(pad), ["arrow_left"], "more", None, "label"))) is mirrors
    assert not list(refusals.direction(pipeline.parsed(pad), ["arrow_left"], "more", None, "fill"))


def test_pairs_by_number_count_from_one() -> None:
    categories = parse(json.dumps(coco(1, [])).encode()).categories
    assert keypoint_pairs.mirrored_pairs(categories, [[1, 2]])[1] == ((0, 1),)


@pytest.mark.parametrize(("name", "is_one"), [("arrow_left", True), ("turn right", True), ("RightTurn", True), ("左转", True),
                                              ("bright", False), ("upright", False), ("leftover", False), ("lamp", False)])
def test_classes_with_a_direction_are_known_word_by_word(name: str, is_one: bool) -> None:
    assert bool(list(refusals.direction(pipeline.parsed([FLIP]), [name], "more"))) is is_one
    assert not list(refusals.direction(pipeline.parsed([{"Rotate": {}}]), [name], "more"))
    assert not list(refusals.direction(pipeline.parsed([FLIP]), [name], "more", [["a", "b"]]))


@pytest.mark.parametrize("transform", ["VerticalFlip", "RandomRotate90", "D4"])
@pytest.mark.parametrize(("name", "is_one"), [("arrow_up", True), ("left_hand", True), ("cup", False)])
def test_a_turned_picture_is_a_warning_whatever_trades_places(transform: str, name: str, is_one: bool) -> None:
    found = [one.kind.name for one in refusals.direction(pipeline.parsed([{transform: {"p": 1}}]), [name], "more", [])]
    assert found == ["directions_turned"] * is_one


def _categories(*forms: dict[str, Any]) -> Any:
    data = coco(1, [])
    data["categories"] = [{"id": n, **form} for n, form in enumerate(forms, start=4)]
    return parse(json.dumps(data).encode()).categories


def test_categories_trade_places_both_ways() -> None:
    found = choosing.mirrored(_categories({"name": "l"}, {"name": "up"}, {"name": "r"}), [["l", "r"]])
    assert found == {4: 6, 6: 4}


@pytest.mark.parametrize(("forms", "pairs", "says"), [
    ([{"name": "l"}, {"name": "r"}, {"name": "x"}], [["l", "r"], ["x", "r"]], "'x' or 'r' is in another pair, too"),
    ([{"name": "l", "keypoints": ["a"]}, {"name": "r"}], [["l", "r"]], "'l' and 'r' have other keypoints")])
def test_pairs_of_categories_that_contradict_are_refused(forms: list[Any], pairs: list[Any], says: str) -> None:
    with pytest.raises(Misfit, match=says):
        choosing.mirrored(_categories(*forms), pairs)


@pytest.mark.parametrize(("form", "is_mirrored"), [
    ([FLIP], True), ([FLIP, {"VerticalFlip": {}}], False), ([{"VerticalFlip": {}}], True), ([{"RandomRotate90": {}}], False),
    ([{"ElasticTransform": {}}, {"Transpose": {}}, {"Rotate": {}}], True)], ids=str)
def test_an_odd_number_of_mirrors_mirrors(form: list[dict[str, Any]], is_mirrored: bool) -> None:
    always = [{name: {"p": 1} for name in one} for one in form]
    carrier = Carrier(pipeline.build(always, None, allow_files=False))
    assert carrier(np.zeros((40, 60, 3), np.uint8), (), key=3).mirrored is is_mirrored
