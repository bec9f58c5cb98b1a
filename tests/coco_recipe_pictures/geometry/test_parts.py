"""Parts of COCO-WholeBody and CVAT's turned boxes go with the pixels."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("albumentations")

import cv2
import numpy as np
from builders import coco, write_recipe
from coco_recipe_albumentations.carrier import Carrier
from coco_recipe_albumentations.pipeline.read import Pipeline
from coco_recipe_pictures.geometry import parts
from coco_recipe_pictures.geometry.judging import Left

from coco_recipe import TurnedBox, turned_box
from coco_recipe.coco_json import parse
from coco_recipe.dataset import Annotation, extras
from coco_recipe.running import stages

WIDTH, HEIGHT = 160, 120


def _row(**keys: Any) -> Annotation:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= keys
    return parse(json.dumps(data).encode()).annotations[0]


def _drawn(corners: Any) -> Any:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    scaled = np.round((np.asarray(corners) - 0.5) * 256).astype(np.int32)
    cv2.fillConvexPoly(picture, scaled, (255, 255, 255), shift=8)
    return picture


def _overlap(one: Any, other: Any) -> float:
    a, b = (np.asarray(mask)[..., 0] > 127 for mask in (one, other))
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize(
    "transform",
    [
        {"HorizontalFlip": {}},
        {"VerticalFlip": {}},
        {"Rotate": {"limit": [25, 25]}},
        {"SafeRotate": {"limit": [-70, -70]}},
        {"Affine": {"scale": [0.8, 0.8], "rotate": [10, 10], "translate_px": [5, 5]}},
        {"CenterCrop": {"height": 100, "width": 130}},
        {"Transpose": {}},
        {"RandomRotate90": {}},
        {"Resize": {"height": 120, "width": 80}},
        {"Affine": {"shear": {"x": [12, 12], "y": [0, 0]}}},
    ],
    ids=str,
)
@pytest.mark.parametrize("degrees", [30.0, 100.0, 345.0])
def test_a_turned_box_lands_on_its_pixels(transform: dict[str, Any], degrees: float) -> None:
    before = TurnedBox((55.0, 50.0, 40.0, 20.0), degrees)
    ((name, arguments),) = transform.items()
    carrier = Carrier(Pipeline.of([{name: {**arguments, "p": 1}}]).build())
    carried = carrier(_drawn(before.corners()), (), key=1, with_matrix=True)
    assert carried.matrix is not None
    after = parts.through(before, carried.matrix)
    height, width = carried.picture.shape[:2]
    expected = np.zeros((height, width, 3), np.uint8)
    cv2.fillConvexPoly(
        expected,
        np.round((np.asarray(after.corners()) - 0.5) * 256).astype(np.int32),
        (255, 255, 255),
        shift=8,
    )
    keeps_angles = name not in ("Resize", "SafeRotate") and "shear" not in arguments
    assert _overlap(carried.picture, expected) >= (0.93 if keeps_angles else 0.6)
    if not keeps_angles:  # the smallest box around it: nothing of it is outside
        assert (carried.picture[..., 0] > 200)[expected[..., 0] == 0].mean() < 0.005
    assert 0 <= after.degrees < 360


@pytest.mark.parametrize(
    ("matrix", "degrees"),
    [
        ((-1, 0, 160, 0, 1, 0, 0, 0, 1), 330),
        ((1, 0, 0, 0, -1, 120, 0, 0, 1), 150),  # its top points down now
        ((-1, 0, 160, 0, -1, 120, 0, 0, 1), 210),
        ((2, 0, 0, 0, 2, 0, 0, 0, 1), 30),
    ],
)
def test_which_side_is_on_top_is_kept(matrix: tuple[float, ...], degrees: float) -> None:
    assert parts.through(TurnedBox((55.0, 50.0, 30.0, 30.0), 30.0), matrix).degrees == degrees


def test_the_rows_numbers_follow_the_turned_box() -> None:
    row = _row(
        bbox=[20, 10, 30, 40],
        area=600,
        segmentation=[],
        attributes={"rotation": 30.0, "occluded": True},
    )
    flipped = parts.with_turned_box(row, row, (-1, 0, 120, 0, 1, 0, 0, 0, 1), (120, 90))
    assert (flipped.bbox, flipped.area) == ((70.0, 10.0, 30.0, 40.0), 600)
    assert dict(extras(flipped))["attributes"] == {"rotation": 330.0, "occluded": True}
    half = parts.with_turned_box(row, row, (0.5, 0, 0, 0, 0.5, 0, 0, 0, 1), (60, 45))
    assert (half.bbox, half.area) == (
        (10.0, 5.0, 15.0, 20.0),
        150,
    )  # an area of its own scales, and isn't w times h
    assert parts.with_turned_box(row, row, (1, 0, 0, 0, 1, 0, 0, 0, 1), (120, 90)) == row


@pytest.mark.parametrize(
    "attributes",
    [{"rotation": 0.0}, {"rotation": "30"}, {"rotation": None}, {"rotation": True}, {}, None, []],
    ids=str,
)
def test_what_is_no_rotation_turns_nothing(attributes: Any) -> None:
    assert turned_box(_row(bbox=[20, 10, 30, 40], attributes=attributes)) is None


def test_the_points_of_the_face_trade_places_with_their_mirror_images() -> None:
    pairs = dict(parts._FACE) | {b: a for a, b in parts._FACE}
    assert len(parts._FACE) * 2 == len(pairs)
    # those on the middle line: chin, ridge of the nose (four), its tip, and the middles of four
    # lines of the lips
    assert set(range(68)) - set(pairs) == {8, 27, 28, 29, 30, 33, 51, 57, 62, 66}


def _left(row: Annotation, **boxes: Any) -> dict[str, Left]:
    return {
        key: boxes.get(key) or Left(1.0, shape.bbox, keypoints=shape.keypoints)
        for key, shape in parts.of(row).items()
    }


def test_hands_trade_places_in_a_mirrored_picture_alone() -> None:
    row = _row(
        lefthand_kpts=[25, 45, 0.5],
        lefthand_valid=True,
        lefthand_box=[22, 40, 8, 8],
        face_box=[28, 12, 10, 10],
    )
    same = parts.moved(row, _left(row), mirrored=False)
    assert dict(extras(same)) == dict(extras(row))
    mirrored = dict(extras(parts.moved(row, _left(row), mirrored=True)))
    assert mirrored == {
        "righthand_kpts": [25, 45, 0.5],
        "righthand_valid": True,
        "righthand_box": [22, 40, 8, 8],
        "face_box": [28, 12, 10, 10],
    }


def test_a_part_that_has_gone_is_no_longer_valid() -> None:
    row = _row(face_box=[28, 12, 10, 10], face_valid=True, foot_valid=True)
    after = dict(extras(parts.moved(row, _left(row, face_box=Left(0.0)), mirrored=False)))
    assert after == {"face_box": [0, 0, 0, 0], "face_valid": False, "foot_valid": True}


@pytest.mark.parametrize(
    ("key", "value", "is_known"),
    [
        ("face_kpts", [1, 2, 1] * 68, True),
        ("face_kpts", [1, 2, 1] * 5, False),
        ("foot_kpts", [1, 2, 1] * 6, True),
        ("foot_kpts", [1, 2, 1], False),
        ("lefthand_kpts", [1, 2, 1] * 21, True),
        ("lefthand_kpts", [1, 2], False),
        ("face_box", [1, 2, 3, 4], True),
        ("face_box", [1, 2, 3], False),
        ("face_box", [0, 0, 0, 0], False),
        ("head_box", [1, 2, 3, 4], False),
        ("face_box", [1, 2, "3", 4], False),
    ],
)
def test_only_what_is_known_to_its_order_is_moved(key: str, value: Any, is_known: bool) -> None:
    assert (parts.known(_row(**{key: value}), warps=False) == {key}) is is_known


def test_in_a_warp_a_turned_box_is_none_and_asked_for() -> None:
    row = _row(bbox=[20, 10, 30, 40], attributes={"rotation": 30.0})
    assert parts.known(row, warps=False) == {"attributes.rotation"}
    assert parts.known(row, warps=True) == set()


@pytest.mark.slow
def test_what_a_border_shows_again_has_its_parts_where_they_are(tmp_path: Path) -> None:
    """A hand beside a wrapped and a reflected border: in the mirrored tile it is the other hand."""
    data = coco(1, [(1, 1)])
    data["images"][0] |= {"file_name": "1.png", "width": 60, "height": 40}
    data["annotations"][0] |= {
        "bbox": [2, 10, 20, 20],
        "area": 400,
        "lefthand_box": [4, 12, 6, 8],
        "face_box": [12, 12, 5, 5],
    }
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.png").write_bytes(
        cv2.imencode(".png", np.zeros((40, 60, 3), np.uint8))[1].tobytes()
    )
    pad = {
        "Pad": {"padding": [30, 0, 0, 0], "border_mode": 2, "p": 1}
    }  # left: 30 columns, mirrored about the edge
    path = write_recipe(
        tmp_path,
        [
            {
                "id": "more",
                "use": "augment",
                "in": "raw",
                "with": {"pipeline": [pad], "repeated": "label", "format": "png"},
            }
        ],
        data,
        inputs={"raw": {"annotations": "raw.json", "images": "images"}},
    )
    stages.run(stages.prepare(path), out=tmp_path / "out", jobs=1)
    own, again = json.loads((tmp_path / "out/steps/more/dataset.json").read_text())["annotations"]
    assert (own["bbox"], own["lefthand_box"], own["face_box"]) == (
        [32, 10, 20, 20],
        [34, 12, 6, 8],
        [42, 12, 5, 5],
    )
    assert (again["bbox"], again["face_box"]) == ([8, 10, 20, 20], [13, 12, 5, 5])
    assert again["righthand_box"] == [20, 12, 6, 8]
    assert "lefthand_box" not in again


def test_a_hand_that_is_not_there_trades_places_too() -> None:
    row = _row(
        lefthand_kpts=[25, 45, 2],
        lefthand_valid=True,
        righthand_kpts=[0, 0, 0],
        righthand_box=[0, 0, 0, 0],
        righthand_valid=False,
    )
    mirrored = dict(extras(parts.moved(row, _left(row), mirrored=True)))
    assert mirrored == {
        "righthand_kpts": [25, 45, 2],
        "righthand_valid": True,
        "lefthand_kpts": [0, 0, 0],
        "lefthand_box": [0, 0, 0, 0],
        "lefthand_valid": False,
    }
    gone = dict(extras(parts.moved(row, {"lefthand_kpts": Left(0.0)}, mirrored=False)))
    assert (gone["lefthand_kpts"], gone["lefthand_valid"]) == ([0, 0, 0], False)


@pytest.mark.slow
def test_turned_boxes_go_through_two_augmentations_and_get_turned_polygons(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["images"][0] |= {"file_name": "1.png", "width": 60, "height": 40}
    data["annotations"][0] |= {
        "bbox": [20, 16, 30, 8],
        "area": 240,
        "attributes": {"rotation": 90.0},
        "segmentation": [],
    }
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.png").write_bytes(
        cv2.imencode(".png", np.zeros((40, 60, 3), np.uint8))[1].tobytes()
    )
    crop = {
        "Crop": {"x_min": 25, "x_max": 60, "y_max": 40, "p": 1}
    }  # 10 px of the box as it stands, none as it is turned
    steps = [
        {"id": "one", "use": "augment", "in": "raw", "with": {"pipeline": [crop], "format": "png"}},
        {
            "id": "two",
            "use": "augment",
            "in": "one",
            "with": {"pipeline": [{"HorizontalFlip": {"p": 1}}], "format": "png"},
        },
        {"id": "poly", "use": "add_segmentation", "in": "two"},
        {"id": "n", "use": "reindex", "in": "poly"},
        {"id": "d", "use": "export_coco", "in": {"all": "n"}},
    ]
    path = write_recipe(
        tmp_path, steps, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    stages.run(stages.prepare(path), out=tmp_path / "out", jobs=1)
    (row,) = json.loads(next((tmp_path / "out/steps/d").rglob("instances_all.json")).read_text())[
        "annotations"
    ]
    assert (row["bbox"], row["attributes"], row["area"]) == (
        [10, 16, 30, 8],
        {"rotation": 270.0},
        240,
    )
    xs, ys = row["segmentation"][0][0::2], row["segmentation"][0][1::2]
    assert (min(xs), min(ys), max(xs), max(ys)) == (21, 5, 29, 35)


def _augmented(
    folder: Path, rows: list[dict[str, Any]], *transforms: dict[str, Any], **params: Any
) -> list[dict[str, Any]]:
    """Return the rows of the copy of one picture of 160x120 px, by the order of their sources."""
    data = coco(1, [(1, 1)] * len(rows))
    data["images"][0] |= {"file_name": "1.png", "width": WIDTH, "height": HEIGHT}
    for row, keys in zip(data["annotations"], rows, strict=True):
        row |= {"area": keys["bbox"][2] * keys["bbox"][3]} | keys
    (folder / "images").mkdir()
    (folder / "images/1.png").write_bytes(
        cv2.imencode(".png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))[1].tobytes()
    )
    path = write_recipe(
        folder,
        [
            {
                "id": "more",
                "use": "augment",
                "in": "raw",
                "with": {"pipeline": list(transforms), "format": "png", **params},
            }
        ],
        data,
        inputs={"raw": {"annotations": "raw.json", "images": "images"}},
    )
    stages.run(stages.prepare(path), out=folder / "out", jobs=1)
    found: list[dict[str, Any]] = json.loads((folder / "out/steps/more/dataset.json").read_text())[
        "annotations"
    ]
    return found


TURN = {"Rotate": {"limit": [30, 30], "p": 1}}
UPRIGHT = {"bbox": [60, 50, 40, 20], "attributes": {"rotation": 0.0}}


@pytest.mark.slow
@pytest.mark.parametrize("other", [12.5, 350, -20.0])
def test_a_rotation_of_0_is_one_where_others_rotate(other: float, tmp_path: Path) -> None:
    rows = [
        UPRIGHT,
        {"bbox": [60, 50, 40, 20], "attributes": {"rotation": other}},
        {"bbox": [60, 50, 40, 20], "attributes": {"rotation": None}},
        {"bbox": [60, 50, 40, 20]},
    ]
    upright, turned, *plain = _augmented(tmp_path, rows, TURN)
    assert upright["attributes"]["rotation"] == 330  # Rotate goes against the clock
    assert turned["attributes"]["rotation"] == (330 + other) % 360
    assert upright["bbox"] == turned["bbox"] == [60, 50, 40, 20]
    assert upright["area"] == turned["area"] == 800
    assert plain[0]["attributes"] == {"rotation": None}
    assert plain[0]["bbox"] == plain[1]["bbox"]
    assert plain[0]["bbox"][2] >= 44  # the hull


@pytest.mark.slow
def test_where_none_rotates_a_rotation_of_0_stays_an_ordinary_box(tmp_path: Path) -> None:
    upright, plain = _augmented(tmp_path, [UPRIGHT, {"bbox": [60, 50, 40, 20]}], TURN)
    assert upright["attributes"] == {"rotation": 0}
    assert upright["bbox"] == plain["bbox"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("crop", "bbox", "rotation"),
    [
        ({"Crop": {"x_min": 70, "y_max": 120, "x_max": 160, "p": 1}}, [0, 50, 30, 20], 0),
        ({"Crop": {"x_max": 90, "y_max": 60, "p": 1}}, [60, 50, 30, 10], 0),
    ],
)  # the matrix of the second moves nothing
def test_what_a_crop_cuts_off_is_cut_off_an_upright_box(
    crop: Any, bbox: list[int], rotation: int, tmp_path: Path
) -> None:
    rows = [
        UPRIGHT,
        {"bbox": [60, 50, 40, 20], "attributes": {"rotation": 180}},
        {"bbox": [70, 40, 20, 40], "attributes": {"rotation": 90}},
        {"bbox": [60, 50, 40, 20]},
    ]
    *turned, plain = _augmented(tmp_path, rows, crop)
    assert plain["bbox"] == bbox
    for row, degrees in zip(turned, (0, 180, 90), strict=True):
        assert row["attributes"]["rotation"] == degrees
        corners = np.array(TurnedBox(tuple(row["bbox"]), degrees).corners())
        assert [*corners.min(axis=0), *np.ptp(corners, axis=0)] == pytest.approx(bbox, abs=0.01)
        assert row["area"] == bbox[2] * bbox[3]


@pytest.mark.slow
def test_an_askew_box_that_a_crop_cut_is_the_smallest_of_its_angle_around_what_is_left(
    tmp_path: Path,
) -> None:
    before = TurnedBox((40.0, 50.0, 80.0, 20.0), 30.0)
    (row,) = _augmented(
        tmp_path,
        [{"bbox": list(before.box), "attributes": {"rotation": 30.0}}],
        {"Crop": {"x_max": 80, "y_max": 120, "p": 1}},
    )
    assert row["attributes"]["rotation"] == 30
    after = TurnedBox(tuple(row["bbox"]), 30.0)
    assert (row["bbox"][2] < 60, row["bbox"][3]) == (True, 20)
    assert row["area"] == pytest.approx(row["bbox"][2] * 20, abs=0.1)
    cut = _drawn(before.corners())[:, :80], _drawn(after.corners())[:, :80]
    assert _overlap(*cut) > 0.99
