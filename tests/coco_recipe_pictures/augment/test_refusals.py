"""What would make annotations wrong without a word is asked before: borders, places under other
keys, pairs, direction.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("albumentations")


import cv2
import numpy as np
from builders import coco, command, write_recipe
from coco_recipe_albumentations.carrier import Carrier
from coco_recipe_albumentations.pipeline.read import Pipeline
from coco_recipe_pictures.augment import choosing, refusals
from mirrored_faces import FLIP, PARAMS, POINTS, asked_of

from coco_recipe import StepProblems
from coco_recipe.coco_json import parse
from coco_recipe.errors import RecipeError, StepError
from coco_recipe.running import execute, stages
from coco_recipe.running.session import Session


@pytest.mark.parametrize(
    "transform",
    [
        {"PadIfNeeded": {"min_height": 90, "min_width": 90, "border_mode": 4}},
        {"Affine": {"rotate": 9, "border_mode": 2}},
        {"Rotate": {"border_mode": 3}},
        {"Perspective": {"border_mode": 4}},
        {"ElasticTransform": {"border_mode": 2}},
        {"GridDistortion": {"border_mode": 4}},
        {"SafeRotate": {"border_mode": 4}},
        {"OneOf": {"transforms": [{"ShiftScaleRotate": {"border_mode": 4}}]}},
    ],
    ids=str,
)
def test_borders_that_repeat_the_picture_ask(transform: dict[str, Any]) -> None:
    assert "its border repeats the picture" in asked_of([transform])[0]
    plain = Pipeline.of([transform]).with_plain_borders
    assert asked_of(plain, repeated="fill") == asked_of(plain) == []
    assert asked_of([transform], repeated="label") == []


@pytest.mark.parametrize(
    "transform",
    [{"Rotate": {"border_mode": 0}}, {"Rotate": {"border_mode": 1}}, {"Rotate": {}}],
    ids=str,
)
def test_other_borders_do_not(transform: dict[str, Any]) -> None:
    assert asked_of([transform]) == []


@pytest.mark.parametrize("name", ["ThinPlateSpline", "RandomGridShuffle"])
def test_what_annotations_cannot_follow_is_refused(name: str) -> None:
    assert (
        f"{name} moves pixels in a way that annotations can't follow"
        in asked_of([{name: {"p": 1}}])[0]
    )


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"head_box": [1, 2, 3, 4]}, "head_box"),
        ({"foot_kpts": [1.5, 2, 1]}, "foot_kpts"),
        ({"rotated_bbox": [1, 2, 3, 4, 30]}, "rotated_bbox"),
        ({"bbox_xyxy": [1, 2, 3, 4]}, "bbox_xyxy"),
        ({"center": [3, 4]}, "center"),
        ({"keypoints_3d": [[1, 2, 3]]}, "keypoints_3d"),
        ({"attributes": {"yaw": 30.0, "x": 1}}, "attributes.yaw"),
        ({"rotation": 90}, "rotation"),
    ],
)
def test_places_under_other_keys_ask_only_where_pixels_move(
    keys: dict[str, Any], named: str
) -> None:
    asked = asked_of([FLIP], keys)[0]
    assert f"annotations have places under other keys: {named}; " in asked
    assert "other_geometry: drop" in asked.splitlines()[1].split("  ")  # a line to paste
    assert asked_of([{"RandomBrightnessContrast": {"p": 1}}], keys) == []
    assert asked_of([FLIP], keys, other_geometry="keep") == []


@pytest.mark.parametrize(
    "keys",
    [
        {"hbox": [1, 2, 3, 4]},
        {"polygon": [1, 2, 3, 4, 5, 6]},
        {"landmarks": [[1, 2], [3, 4]]},
        {"theta": 0.5},
        {"bbox3d": [1, 2, 3, 4, 5, 6, 7]},
        {"points": [1, 2, 3, 4]},
    ],
    ids=str,
)
def test_places_of_other_tools_ask_too(keys: dict[str, Any]) -> None:
    assert next(iter(keys)) in asked_of([FLIP], keys)[0]


def test_places_of_images_ask_too() -> None:
    data = coco(1, [(1, 1)])
    data["images"][0]["roi"] = [1, 2, 3, 4]
    dataset = parse(json.dumps(data).encode())
    (asked,) = refusals.problems(
        Pipeline.of([FLIP]), dataset, dataset.images, dataset.annotations, {}, PARAMS
    )
    assert "images have places under other keys: roi" in str(asked)


@pytest.mark.parametrize(
    "keys",
    [
        {"face_box": None},
        {"points": 7},
        {"crop": True},
        {"face_box": [0, 0, 0, 0]},
        {"face_box": "x"},
        {"center": [1, 2, 3, 4]},
        {"attributes": {"rotation": 0.0}},
        {"rotation": True},
        {"num_keypoints": 3},
        {"score": 0.5},
    ],
    ids=str,
)
def test_what_has_no_form_of_a_place_does_not(keys: dict[str, Any]) -> None:
    assert asked_of([FLIP], keys) == []


@pytest.mark.parametrize(("mode", "mirrors"), [(2, True), (3, False), (4, True)])
def test_a_reflected_border_that_is_labelled_mirrors_as_a_flip_does(
    mode: int, mirrors: bool
) -> None:
    pad = [{"Pad": {"padding": 9, "border_mode": mode}}]
    assert bool(asked_of(pad, POINTS, repeated="label")) is mirrors
    assert (
        bool(list(refusals.direction(Pipeline.of(pad), ["arrow_left"], "more", None, "label")))
        is mirrors
    )
    assert not list(refusals.direction(Pipeline.of(pad), ["arrow_left"], "more", None, "fill"))


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("arrow_left", True),
        ("turn right", True),
        ("RightTurn", True),
        ("左转", True),
        ("Pfeil_links", True),
        ("virage à gauche", True),
        ("bright", False),
        ("upright", False),
        ("leftover", False),
        ("lamp", False),
    ],
)
def test_classes_with_a_direction_are_known_word_by_word(name: str, is_one: bool) -> None:
    assert bool(list(refusals.direction(Pipeline.of([FLIP]), [name], "more"))) is is_one
    assert not list(refusals.direction(Pipeline.of([{"Rotate": {"limit": 45}}]), [name], "more"))
    assert not list(refusals.direction(Pipeline.of([FLIP]), [name], "more", [["a", "b"]]))


TURNING = [
    *({name: {"p": 1}} for name in ("VerticalFlip", "RandomRotate90", "D4", "Rotate")),
    {"SafeRotate": {"limit": [80, 100]}},
    {"ShiftScaleRotate": {"rotate_limit": 60}},
    {"Affine": {"rotate": -90}},
    {"Affine": {"scale": {"x": [-1, -1], "y": [-1, -1]}}},
]


@pytest.mark.parametrize("transform", TURNING, ids=str)
@pytest.mark.parametrize(
    ("name", "is_one"), [("arrow_up", True), ("left_hand", True), ("cup", False)]
)
def test_a_turned_picture_is_a_warning_whatever_trades_places(
    transform: dict[str, Any], name: str, is_one: bool
) -> None:
    found = [
        one.kind.name for one in refusals.direction(Pipeline.of([transform]), [name], "more", [])
    ]
    assert found == ["directions_turned"] * is_one


@pytest.mark.parametrize(
    ("transform", "mirrors"),
    [
        ({"TimeReverse": {}}, True),
        ({"Affine": {"scale": {"x": [-1, -1], "y": [1, 1]}}}, True),
        ({"Affine": {"scale": [-1, 1]}}, True),
        ({"Affine": {"scale": [0.5, 2]}}, False),
        ({"Affine": {"scale": [-1, 1], "p": 0}}, False),
    ],
)
def test_a_picture_is_mirrored_by_other_names_too(transform: dict[str, Any], mirrors: bool) -> None:
    found = [
        one.kind.name for one in refusals.direction(Pipeline.of([transform]), ["left"], "more")
    ]
    assert ("classes_with_a_direction" in found) is mirrors


def _categories(*forms: dict[str, Any]) -> Any:
    data = coco(1, [])
    data["categories"] = [{"id": n, **form} for n, form in enumerate(forms, start=4)]
    return parse(json.dumps(data).encode()).categories


def test_categories_trade_places_both_ways() -> None:
    found = choosing.mirrored(
        _categories({"name": "l"}, {"name": "up"}, {"name": "r"}), [["l", "r"]]
    )
    assert found == {4: 6, 6: 4}


@pytest.mark.parametrize(
    ("forms", "pairs", "says"),
    [
        (
            [{"name": "l"}, {"name": "r"}, {"name": "x"}],
            [["l", "r"], ["x", "r"]],
            "'x' or 'r' is in another pair, too",
        ),
        (
            [{"name": "l", "keypoints": ["a"]}, {"name": "r"}],
            [["l", "r"]],
            "'l' and 'r' have other keypoints",
        ),
    ],
)
def test_pairs_of_categories_that_contradict_are_refused(
    forms: list[Any], pairs: list[Any], says: str
) -> None:
    with pytest.raises(StepProblems, match=says):
        choosing.mirrored(_categories(*forms), pairs)


@pytest.mark.parametrize(
    ("form", "is_mirrored"),
    [
        ([FLIP], True),
        ([FLIP, {"VerticalFlip": {}}], False),
        ([{"VerticalFlip": {}}], True),
        ([{"RandomRotate90": {}}], False),
        ([{"ElasticTransform": {}}, {"Transpose": {}}, {"Rotate": {}}], True),
    ],
    ids=str,
)
def test_an_odd_number_of_mirrors_mirrors(form: list[dict[str, Any]], is_mirrored: bool) -> None:
    always = [{name: {"p": 1} for name in one} for one in form]
    carrier = Carrier(Pipeline.of(always).build())
    assert carrier(np.zeros((40, 60, 3), np.uint8), (), key=3).mirrored is is_mirrored


KEYS = {"head_box": [1, 2, 3, 4]}
SPLIT = {
    "id": "parts",
    "use": "split",
    "in": "raw",
    "with": {"fractions": {"train": 0.5, "val": 0.5}},
}
NAMES = {"use": "map_categories", "with": {"map": {"cat": "lion"}}}


def _recipe(folder: Path, steps: list[dict[str, Any]], data: dict[str, Any]) -> Path:
    """Write a recipe whose pictures aren't there: who opens one fails on it."""
    (folder / "images").mkdir()
    return write_recipe(
        folder, steps, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )


def _more(reads: str, pipeline: list[Any], **params: Any) -> dict[str, Any]:
    return {"id": "more", "use": "augment", "in": reads, "with": {"pipeline": pipeline, **params}}


def _with(data: dict[str, Any], keys: dict[str, Any], category: int = 0) -> dict[str, Any]:
    """Give all rows, or those of one category, more keys."""
    for row in data["annotations"]:
        row |= keys if category in (0, row["category_id"]) else {}
    return data


BOXES = [(1, 1), (2, 2), (3, 1), (4, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["run", "plan", "validate", "check"])
@pytest.mark.parametrize(
    ("above", "reads"),
    [
        ([], "raw"),
        ([{"id": "named", "in": "raw", **NAMES}], "named"),
        ([SPLIT], "parts.train"),
        ([SPLIT, {"id": "both", "use": "merge", "in": ["parts.train", "parts.val"]}], "both"),
        (
            [
                {"id": "poly", "use": "add_segmentation", "in": "raw"},
                {"id": "n", "use": "reindex", "in": "poly"},
            ],
            "n",
        ),
        (
            [
                {"id": "f", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
                {
                    "id": "c",
                    "use": "filter_annotations",
                    "in": "f",
                    "with": {"past_the_edge": "clip"},
                },
            ],
            "c",
        ),
    ],
    ids=str,
)
def test_what_must_be_chosen_is_asked_before_the_first_step(
    verb: str, above: list[Any], reads: str, tmp_path: Path
) -> None:
    steps = [*above, _more(reads, [FLIP, {"Rotate": {"border_mode": 4, "p": 1}}])]
    done = command(verb, _recipe(tmp_path, steps, _with(coco(4, BOXES), KEYS)), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    place = rf"recipe.yaml:1:\d+: steps\[{len(above)}\].with.pipeline: step 'more' \(augment\): "
    assert re.search(place + "Rotate has border_mode 4", done.stderr)
    assert re.search(
        place + "it moves pixels, and annotations have places under other keys: head_box",
        done.stderr,
    )
    assert "\n    other_geometry: drop\n" in done.stderr
    assert "repeated: fill" in done.stderr
    assert not list((tmp_path / "runs").rglob("manifest.json"))


def test_it_is_told_together_with_all_else_that_is_wrong(tmp_path: Path) -> None:
    steps = [
        _more("raw", [FLIP], where={"categories": ["cow"]}) | {"id": "a"},
        _more("raw", [FLIP]) | {"id": "b"},
        {"id": "c", "use": "filter_categories", "in": "raw", "with": {"drop": ["cow"]}},
        _more("c", [FLIP]) | {"id": "d"},
    ]
    data = _with(coco(4, BOXES), {"keypoints": [1, 2, 2, 3, 4, 2]})
    with pytest.raises(RecipeError) as error:
        Session.open(stages.prepare(_recipe(tmp_path, steps, data)), tmp_path / "out")
    told = [
        (problem.where.path, problem.what.partition(": ")[2][:20])
        for problem in error.value.problems
    ]
    assert told == [
        ("steps[0].with.where.categories[0]", "there is no category"),
        ("steps[1].with.pipeline", "it mirrors pictures,"),
        ("steps[1].with.pipeline", "it mirrors pictures,"),
        ("steps[2].with.drop[0]", "there is no category"),
    ]


def test_contradicting_pairs_are_told_before_the_first_step(tmp_path: Path) -> None:
    step = _more("raw", [FLIP], mirrored_categories=[["cat", "dog"], ["dog", "cow"]])
    path = _recipe(tmp_path, [step], coco(3, [(1, 1)], ["cat", "dog", "cow"]))
    with pytest.raises(
        RecipeError,
        match=r"steps\[0\].with.mirrored_categories\[1\]: .*'dog' or 'cow' is in another pair",
    ):
        Session.open(stages.prepare(path), tmp_path / "out")


@pytest.mark.parametrize(
    ("above", "reads"),
    [
        ([{"id": "f", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}], "f"),
        (
            [
                {
                    "id": "f",
                    "use": "filter_annotations",
                    "in": "raw",
                    "with": {"min_area_px": 200, "no_area": "drop"},
                }
            ],
            "f",
        ),
        ([{"id": "s", "use": "split", "in": "raw", "with": {"every": 4, "first": 1}}], "s.train"),
    ],
    ids=str,
)
def test_rows_that_a_step_above_drops_ask_for_nothing(
    above: list[Any], reads: str, tmp_path: Path
) -> None:
    """Only the dog on the second image has the key; it is the smallest, too."""
    data = _with(coco(4, BOXES), KEYS, category=2)
    for row in data["annotations"]:
        row["bbox"] = [1, 2, 10, 10] if row["category_id"] == 2 else [1, 2, 20, 20]
    asked = stages.prepare(_recipe(tmp_path, [*above, _more("raw", [FLIP])], data))
    with pytest.raises(RecipeError, match="head_box"):
        Session.open(asked, tmp_path / "out", with_pixels=False)
    write_recipe(
        tmp_path,
        [*above, _more(reads, [FLIP])],
        inputs={"raw": {"annotations": "raw.json", "images": "images"}},
    )
    assert Session.open(
        stages.prepare(tmp_path / "recipe.yaml"), tmp_path / "out", with_pixels=False
    ).inputs.facts


def test_below_a_step_that_writes_the_step_itself_asks(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for n in (1, 2, 3):
        (tmp_path / f"images/{n}.jpg").write_bytes(
            cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
        )
    steps = [
        _more("raw", [{"RandomBrightnessContrast": {"p": 1}}]) | {"id": "first"},
        _more("first", [FLIP]),
    ]
    path = write_recipe(
        tmp_path,
        steps,
        _with(coco(), KEYS),
        inputs={"raw": {"annotations": "raw.json", "images": "images"}},
    )
    with pytest.raises(StepError, match=r"step 'more' .* places under other keys: head_box"):
        stages.run(stages.prepare(path), out=tmp_path / "out")


def test_data_without_such_keys_costs_no_run_of_the_steps_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        execute, "rehearse", lambda *_, **__: pytest.fail("a step was run to look at its rows")
    )
    path = _recipe(
        tmp_path, [{"id": "named", "in": "raw", **NAMES}, _more("named", [FLIP])], coco()
    )
    assert Session.open(stages.prepare(path), tmp_path / "out", with_pixels=False).inputs.facts
