"""What repeating borders show again is labelled: every object that shows, none that doesn't."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import coco, recorded, write_recipe

from coco_recipe.errors import RecipeError, StepError
from coco_recipe.running import stages

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")

import pixel_truth  # noqa: E402
from coco_recipe_albumentations.carrier import Carrier  # noqa: E402
from coco_recipe_pictures.geometry import rle  # noqa: E402
from coco_recipe_pictures.geometry.instance import Instance, Moved  # noqa: E402
from pixel_truth import BORDERED, MODES, NEAREST  # noqa: E402

REFLECT, WRAP, REFLECT_101 = 2, 3, 4
modes = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)


def _carry(
    transforms: Any, *instances: Instance, size: tuple[int, int] = (60, 80), key: int = 0
) -> tuple[Moved, ...]:
    return Carrier(transforms)(np.zeros((*size, 3), np.uint8), instances, key).moved


def _again(moved: tuple[Moved, ...]) -> dict[Any, Moved]:
    """Return what a border shows again, by its tiles."""
    return {
        one.tiles[0] if len(one.tiles) == 1 else one.tiles: one
        for one in moved
        if one.of is not None
    }


@pytest.mark.slow
@modes
@pytest.mark.parametrize("name", BORDERED)
def test_every_region_of_an_object_has_a_label_and_every_label_its_object(
    name: str, mode: int
) -> None:
    found = pixel_truth.repeated(
        lambda _: [BORDERED[name](mode)], 1 if name == "PiecewiseAffine" else 4
    )
    assert found.labels > 3
    assert found.empty == 0
    assert min(found.ious) >= 0.88
    assert np.median(found.ious) >= 0.99


@pytest.mark.slow
@modes
def test_borders_one_after_another_repeat_what_was_repeated(mode: int) -> None:
    found = pixel_truth.repeated(pixel_truth.bordered(mode, 2, 3), 12)
    assert found.labels > 100
    assert (found.empty, found.ious.count(0)) == (0, 0)
    assert np.median(found.ious) >= 0.99
    assert np.percentile(found.ious, 1) >= 0.88


@pytest.mark.slow
@modes
def test_polygons_and_masks_with_holes_and_parts_are_repeated(mode: int) -> None:
    pairs = list(pixel_truth.repeated_masks(pixel_truth.bordered(mode), 10))
    assert min(polygons for polygons, _ in pairs) >= 0.95
    assert min(mask for _, mask in pairs) >= 0.95


def _sources(length: int, mode: int, around: int) -> Any:
    """Return the pixel that each place of a row with a border shows, and its tile."""
    shown = np.pad(
        np.arange(length),
        around,
        {REFLECT: "symmetric", REFLECT_101: "reflect", WRAP: "wrap"}[mode],
    )
    step = length - (mode == REFLECT_101)
    outwards = np.arange(around) // step + 1
    return shown, np.concatenate([-outwards[::-1], np.zeros(length, int), outwards])


def _tiling(ids: Any, mode: int, around: int) -> Any:
    """Return a picture of ids with a wide border; each tile has its own, id + 10 * (its number)."""
    (rows, down), (columns, across) = (_sources(side, mode, around) for side in ids.shape)
    shown = ids[rows][:, columns]
    number = (down[:, None] + 20) * 41 + across + 20
    return np.where(shown > 0, shown + 10 * number, 0).astype(np.int32)


TOUCHING = [
    (0, 0, 20, 12),
    (60, 0, 20, 25),
    (30, 20, 15, 15),
    (0, 40, 30, 20),
    (79, 30, 1, 20),
    (50, 58, 20, 2),
]


@modes
@pytest.mark.parametrize("turn", [0, 35, -70])
def test_copies_that_touch_are_told_apart(mode: int, turn: int) -> None:
    """Truth by tile: numpy pads a picture of ids, each tile gets its own, cv2 warps it."""
    ids = np.zeros((60, 80), np.uint8)
    for n, (x, y, w, h) in enumerate(TOUCHING, 1):
        ids[y : y + h, x : x + w] = n
    carrier = Carrier(
        [A.Affine(rotate=(turn, turn), scale=(0.4, 0.4), border_mode=mode, **NEAREST)]
    )
    picture = np.repeat(ids[:, :, None], 3, axis=2)
    carried = carrier(
        picture, [Instance(tuple(map(float, box)), None, None) for box in TOUCHING], 0
    )
    back = np.array([[1.0, 0, -300], [0, 1, -300], [0, 0, 1]])
    truth = cv2.warpAffine(
        _tiling(ids, mode, 300).astype(np.float32),
        (carrier.applied[0][1]["matrix"] @ back)[:2],
        (80, 60),
        flags=cv2.INTER_NEAREST,
    ).astype(int)
    assert ((truth % 10) == carried.picture[:, :, 0]).mean() > 0.99, (
        "the oracle shows what the library shows"
    )
    labels = {}
    for i, one in enumerate(carried.moved):
        column, row = one.tiles[0] if one.tiles else (0, 0)
        labels[(i if one.of is None else one.of) + 1 + 10 * ((row + 20) * 41 + column + 20)] = one
    sizes = dict(zip(*np.unique(truth[truth > 0], return_counts=True), strict=True))
    assert {n for n, pixels in sizes.items() if pixels > 6} <= set(labels)
    assert {n for n, one in labels.items() if one.bbox and one.area > 6} <= set(sizes)
    ious = [
        pixel_truth.iou(labels[n].bbox, pixel_truth.tight(truth == n))
        for n, pixels in sizes.items()
        if pixels > 40
    ]
    assert len(ious) >= 8
    assert np.median(ious) > 0.95
    assert min(ious) > 0.75


LEFT_TOP, INSIDE = Instance((0, 0, 6, 4), None, None), Instance((3, 2, 6, 4), None, None)


@pytest.mark.parametrize(
    ("mode", "one", "boxes"),
    [
        (
            REFLECT,
            LEFT_TOP,
            {(-1, 0): (4, 10, 6, 4), (0, -1): (10, 6, 6, 4), (-1, -1): (4, 6, 6, 4)},
        ),
        (
            REFLECT_101,
            LEFT_TOP,
            {(-1, 0): (5, 10, 5, 4), (0, -1): (10, 7, 6, 3), (-1, -1): (5, 7, 5, 3)},
        ),
        (WRAP, LEFT_TOP, {(1, 0): (90, 10, 6, 4), (0, 1): (10, 70, 6, 4), (1, 1): (90, 70, 6, 4)}),
        (REFLECT, INSIDE, {(-1, 0): (1, 12, 6, 4), (0, -1): (13, 4, 6, 4), (-1, -1): (1, 4, 6, 4)}),
        (
            REFLECT_101,
            INSIDE,
            {(-1, 0): (2, 12, 6, 4), (0, -1): (13, 5, 6, 4), (-1, -1): (2, 5, 6, 4)},
        ),
        (WRAP, INSIDE, {(1, 0): (93, 12, 6, 4), (0, 1): (13, 72, 6, 4), (1, 1): (93, 72, 6, 4)}),
    ],
)
def test_a_pad_by_hand(mode: int, one: Instance, boxes: dict[Any, Any]) -> None:
    """10 px around 80x60 px; the outermost, shown once by reflect_101, are the object's own."""
    moved = _carry([A.Pad(padding=10, border_mode=mode, p=1)], one)
    assert one.bbox is not None
    assert moved[0].bbox == (one.bbox[0] + 10, one.bbox[1] + 10, 6, 4)
    assert {tile: copy.bbox for tile, copy in _again(moved).items()} == boxes


def test_a_small_picture_is_repeated_as_often_as_it_shows() -> None:
    moved = _carry(
        [A.Pad(padding=(30, 0, 0, 0), border_mode=REFLECT, p=1)],
        Instance((2, 3, 4, 4), None, None),
        size=(10, 10),
    )
    assert {tile: copy.bbox and copy.bbox[0] for tile, copy in _again(moved).items()} == {
        (-1, 0): 24,
        (-2, 0): 12,
        (-3, 0): 4,
    }
    assert {tile: copy.mirrored for tile, copy in _again(moved).items()} == {
        (-1, 0): True,
        (-2, 0): False,
        (-3, 0): True,
    }


@modes
def test_a_picture_one_pixel_wide_is_repeated_too(mode: int) -> None:
    moved = _carry(
        [A.Pad(padding=(2, 0, 2, 0), border_mode=mode, p=1)],
        Instance((0, 3, 1, 4), None, None),
        size=(10, 1),
    )
    assert sorted(one.bbox or () for one in moved) == [(float(x), 3, 1, 4) for x in range(5)]


def test_visibility_is_of_the_whole_annotation() -> None:
    """A crop leaves 20 of 30 px, of which the border shows 5 again; a later crop halves those."""
    pipeline = [
        A.Crop(x_min=20, y_min=0, x_max=80, y_max=60, p=1),
        A.Pad(padding=(5, 0, 0, 0), border_mode=REFLECT, p=1),
    ]
    box = Instance((10, 20, 30, 16), None, None)
    assert [one.visibility for one in _carry(pipeline, box)] == [
        pytest.approx(20 / 30),
        pytest.approx(5 / 30),
    ]
    half = A.Crop(x_min=0, y_min=28, x_max=65, y_max=60, p=1)
    assert [one.visibility for one in _carry([*pipeline, half], box)] == [
        pytest.approx(10 / 30),
        pytest.approx(2.5 / 30),
    ]


def test_what_a_later_crop_takes_away_is_no_copy() -> None:
    pipeline = [
        A.Pad(padding=40, border_mode=REFLECT, p=1),
        A.Crop(x_min=40, y_min=40, x_max=120, y_max=100, p=1),
    ]
    (moved,) = _carry(pipeline, Instance((10, 20, 30, 16), None, None))
    assert (moved.bbox, moved.visibility) == ((10, 20, 30, 16), 1)


def test_what_a_crop_and_pad_crops_is_not_in_its_border() -> None:
    """10 px are cut off above, the other 50 are repeated below: upside down, then upright."""
    moved = _carry(
        [A.CropAndPad(px=(-10, 0, 60, 0), keep_size=False, border_mode=REFLECT, p=1)],
        Instance((10, 5, 20, 10), None, None),
    )
    assert [one.bbox for one in moved] == [(10, 0, 20, 5), (10, 95, 20, 5), (10, 100, 20, 5)]


def test_keypoints_trade_places_where_a_tile_is_mirrored_once() -> None:
    one = Instance((2, 2, 10, 10), None, (3, 4, 2, 9, 4, 2, 0, 0, 0), ((0, 1),))
    again = _again(_carry([A.Pad(padding=(15, 15, 0, 0), border_mode=REFLECT, p=1)], one))
    assert again[-1, 0].keypoints == (
        5,
        19,
        2,
        11,
        19,
        2,
        0,
        0,
        0,
    )  # the second, at 9, is the left one's place now
    assert again[0, -1].keypoints == (24, 10, 2, 18, 10, 2, 0, 0, 0)
    assert again[-1, -1].keypoints == (11, 10, 2, 5, 10, 2, 0, 0, 0)
    assert [(one.mirrored, one.num_keypoints) for one in again.values()] == [
        (False, 2),
        (True, 2),
        (True, 2),
    ]
    wrapped = _again(_carry([A.Pad(padding=(0, 0, 15, 0), border_mode=WRAP, p=1)], one))
    assert wrapped[1, 0].keypoints == (83, 4, 2, 89, 4, 2, 0, 0, 0)


def test_keypoints_of_a_flip_and_a_mirrored_tile_are_as_they_were() -> None:
    one = Instance((2, 2, 10, 10), None, (3, 4, 2, 9, 4, 2), ((0, 1),))
    moved = _carry(
        [A.HorizontalFlip(p=1), A.Pad(padding=(0, 0, 15, 0), border_mode=REFLECT, p=1)], one
    )
    assert [one.keypoints for one in moved] == [(70, 4, 2, 76, 4, 2), (83, 4, 2, 89, 4, 2)]


def test_keypoints_alone_are_repeated_where_one_of_them_shows() -> None:
    one, out = Instance(None, None, (3, 4, 2, 30, 4, 2)), Instance(None, None, (60, 4, 2))
    moved = _carry([A.Pad(padding=(15, 0, 0, 0), border_mode=REFLECT, p=1)], one, out)
    assert [(one.of, one.keypoints, one.num_keypoints) for one in moved] == [
        (None, (18, 4, 2, 45, 4, 2), 2),
        (None, (75, 4, 2), 1),
        (0, (11, 4, 2, 0, 0, 0), 1),
    ]


def test_keypoints_alone_are_repeated_by_a_map_of_pixels() -> None:
    left = Instance(None, None, (3, 30, 2))
    moved = _carry([A.OpticalDistortion(distort_limit=(0.9, 0.9), border_mode=WRAP, p=1)], left)
    assert [one.num_keypoints for one in moved] == [1, 1]
    assert moved[1].tiles == ((1, 0),)


def test_a_hole_is_repeated_with_the_object_that_it_hides() -> None:
    hole = A.XYMasking(
        num_masks_x=(1, 1),
        num_masks_y=(0, 0),
        mask_x_length=(40, 40),
        mask_y_length=(0, 0),
        fill=0,
        p=1,
    )
    carrier = Carrier([hole, A.Pad(padding=(80, 0, 0, 0), border_mode=REFLECT, p=1)])
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[20:36, 10:50] = 255
    carried = carrier(picture, [Instance((10, 20, 40, 16), None, None)], 3)
    shown = (carried.picture[20:36] > 0).all(axis=2).sum(axis=0)
    assert 0 < shown[80:].sum() < 40 * 16
    assert carried.moved[0].visibility == pytest.approx(shown[80:].sum() / 640)
    assert carried.moved[1].visibility == pytest.approx(shown[:80].sum() / 640)


def test_a_crop_that_looks_at_boxes_sees_those_in_the_border() -> None:
    crop, seen = A.BBoxSafeRandomCrop(p=1), []
    ask = crop.get_params_dependent_on_data
    crop.get_params_dependent_on_data = lambda params, data: [
        seen.append(data["bboxes"]),
        ask(params, data),
    ][1]
    _carry(
        [A.Pad(padding=(10, 0, 0, 0), border_mode=REFLECT, p=1), crop],
        Instance((2, 3, 6, 4), None, None),
    )
    assert (seen[0] * (90, 60, 90, 60)).tolist() == pytest.approx(
        np.array([(12, 3, 18, 7), (2, 3, 8, 7)])
    )


def test_a_horizon_in_the_picture_is_refused_by_name() -> None:
    far = A.Perspective(border_mode=REFLECT, fit_output=False, p=1)
    back = np.array(
        [[1, 0, 0], [0, 1, 0], [-0.02, 0, 1.0]]
    )  # what is at x = 50 comes from infinitely far
    far.get_params_dependent_on_data = lambda **_: {
        "matrix": np.linalg.inv(back),
        "max_width": 80,
        "max_height": 60,
        "matrix_bbox": np.eye(3),
    }
    assert len(_carry([far])) == 0, "nothing has to be followed"
    with pytest.raises(
        ValueError, match=r"Perspective has border_mode 2, .* the horizon; write repeated: fill"
    ):
        _carry([far], INSIDE)


def test_too_many_tiles_are_refused_by_name() -> None:
    with pytest.raises(
        ValueError,
        match=r"Pad has border_mode 3, .* it shows the picture 10201 times; write repeated: fill",
    ):
        _carry(
            [A.Pad(padding=200, border_mode=WRAP, p=1)],
            Instance((0, 0, 1, 1), None, None),
            size=(4, 4),
        )


PAD = {"Pad": {"padding": [20, 0, 0, 0], "border_mode": REFLECT, "p": 1}}


def _run(
    folder: Path,
    data: dict[str, Any],
    pipeline: Any,
    *,
    jobs: int = 1,
    out: str = "out",
    **params: Any,
) -> Path:
    (folder / "images").mkdir(exist_ok=True)
    for row in data["images"]:
        picture = np.zeros((row["height"], row["width"], 3), np.uint8)
        (folder / "images" / row["file_name"]).write_bytes(
            cv2.imencode(".png", picture)[1].tobytes()
        )
    step = {
        "id": "more",
        "use": "augment",
        "in": "raw",
        "with": {"pipeline": pipeline, "format": "png", "repeated": "label"} | params,
    }
    path = write_recipe(
        folder, [step], data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    stages.run(stages.prepare(path), out=folder / out, jobs=jobs)
    return folder / out / "steps/more"


def _lines(path: Path) -> list[dict[str, Any]]:
    return (
        [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    )


def _boxes() -> dict[str, Any]:
    """Return three images of 64x48 px: boxes at the left border, one far from it, none."""
    data = coco(3, [(1, 1), (1, 2), (2, 1)])
    for row, box in zip(
        data["annotations"], ([2, 5, 10, 8], [19, 5, 10, 8], [40, 5, 10, 8]), strict=True
    ):
        row |= {"bbox": box, "area": 80}
    return data


@pytest.mark.slow
def test_copies_are_rows_of_their_own_that_the_ledger_names(tmp_path: Path) -> None:
    data = _boxes()
    data["annotations"][0] |= {
        "iscrowd": 1,
        "track": "t7",
        "segmentation": rle.encode(
            np.pad(np.ones((8, 10), bool), ((5, 35), (2, 52))), compressed=False
        ),
    }
    step = _run(tmp_path, data, [PAD], min_visibility=0.2)
    out = json.loads((step / "dataset.json").read_text())
    ids = [row["id"] for row in out["annotations"]]
    assert len(set(ids)) == len(ids) == 4
    (named,) = _lines(step / "repeated.jsonl")
    assert named == {
        "annotation": ids[2],
        "image": out["images"][0]["file_name"],
        "of": data["annotations"][0]["id"],
        "source": f"raw/{data['images'][0]['file_name']}",
        "tiles": [[-1, 0]],
        "mirrored": True,
        "visibility": 1.0,
    }
    own, copy = (
        out["annotations"][0],
        next(row for row in out["annotations"] if row["id"] == named["annotation"]),
    )
    assert [own[key] for key in ("bbox", "area", "iscrowd", "track")] == [
        [22, 5, 10, 8],
        80,
        1,
        "t7",
    ]
    assert [copy[key] for key in ("bbox", "area", "iscrowd", "track")] == [
        [8, 5, 10, 8],
        80,
        1,
        "t7",
    ]
    assert rle.decode(copy["segmentation"])[5:13, 8:18].all()
    assert rle.decode(copy["segmentation"]).sum() == 80
    assert copy["image_id"] == own["image_id"]
    (lost,) = _lines(step / "dropped.jsonl")
    assert lost["id"] == data["annotations"][1]["id"]
    assert "below min_visibility" in lost["reason"]
    assert (lost["visibility"], lost["bbox"], lost["tiles"], lost["mirrored"]) == (
        0.1,
        [0, 5, 1, 8],
        [[-1, 0]],
        True,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "left"),
    [({"min_area_px": 9}, 4), ({"min_area_px": 8}, 5), ({"min_side_px": 2}, 4), ({}, 5)],
)
def test_limits_are_of_each_copy(tmp_path: Path, limit: dict[str, Any], left: int) -> None:
    step = _run(tmp_path, _boxes(), [PAD], **limit)
    assert len(json.loads((step / "dataset.json").read_text())["annotations"]) == left


@pytest.mark.slow
def test_rules_of_a_whole_copy_see_what_a_border_shows(tmp_path: Path) -> None:
    step = _run(tmp_path, _boxes(), [PAD], accept={"no_visibility_between": [0.05, 0.5]})
    assert [
        row["file_name"] for row in _lines(step / "dropped.jsonl") if row["kind"] == "image"
    ] == ["1.jpg"]
    step = _run(tmp_path, _boxes(), [PAD], accept={"min_annotations": 3}, out="other")
    assert [
        row["file_name"] for row in _lines(step / "dropped.jsonl") if row["kind"] == "image"
    ] == ["2.jpg"]


def _files(step: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(step.rglob("*")):
        if path.is_file() and path.name != "manifest.json":
            yield path.relative_to(step).as_posix(), path.read_bytes()


@pytest.mark.slow
def test_workers_change_nothing_and_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    pipeline = [
        {"Affine": {"rotate": [-40, 40], "scale": [0.4, 0.8], "border_mode": REFLECT_101, "p": 1}},
        PAD,
    ]
    one = _run(tmp_path, _boxes(), pipeline, copies=3, out="one")
    two = _run(tmp_path, _boxes(), pipeline, copies=3, jobs=2, out="two")
    assert list(_files(one)) == list(_files(two))
    before = dict(_files(one))
    next((one / "images").iterdir()).unlink()
    again = _run(tmp_path, _boxes(), pipeline, copies=3, out="one")
    assert recorded(again).clock.this_run["images made"] == 1
    assert dict(_files(again)) == before


@pytest.mark.slow
def test_a_reflected_border_mirrors_keypoints_and_directions_as_a_flip_does(tmp_path: Path) -> None:
    data = _boxes()
    data["annotations"][0] |= {"keypoints": [3, 6, 2, 9, 6, 2], "num_keypoints": 2}
    with pytest.raises(
        (RecipeError, StepError), match="no keypoints of category 'cat' are known to trade places"
    ):
        _run(tmp_path, data, [PAD])
    _run(tmp_path, data, [{"Pad": PAD["Pad"] | {"border_mode": WRAP}}], out="wrapped")
    step = _run(tmp_path, data, [PAD], mirrored_keypoints=[[1, 2]], out="paired")
    copy = next(
        row
        for row in json.loads((step / "dataset.json").read_text())["annotations"]
        if row["id"] == _lines(step / "repeated.jsonl")[0]["annotation"]
    )
    assert copy["keypoints"] == [10, 6, 2, 16, 6, 2]
