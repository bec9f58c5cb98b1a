"""Clipping: box, polygons and keypoints are cut together, and the area follows what it measured."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from builders import coco, recorded, write_recipe
from coco_recipe_data.clipping import Places, clip_ring, clipped, ring_area
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as masks

from coco_recipe import TurnedBox, framed
from coco_recipe.coco_json import parse
from coco_recipe.errors import FindingsError
from coco_recipe.running import stages


def _row(**keys: Any) -> Any:
    """Return an annotation with these keys on an image of 120x80."""
    data = {
        "images": [{"id": 1, "file_name": "a.png", "width": 120, "height": 80}],
        "categories": [],
        "annotations": [{"id": 1, "image_id": 1, **keys}],
    }
    return parse(json.dumps(data).encode()).annotations[0]


def _clip(**keys: Any) -> dict[str, Any]:
    row = _row(**keys)
    result: dict[str, Any] = json.loads(msgspec.json.encode(clipped(row, Places.of(row), 120, 80)))
    return result


BOX = {"bbox": [100, 10, 40, 40], "area": 1600}
SQUARE = [100, 10, 140, 10, 140, 50, 100, 50]


def test_box_polygon_keypoints_and_area_are_cut_together() -> None:
    row = _clip(
        **BOX, segmentation=[SQUARE], keypoints=[110, 20, 2, 135, 20, 2, 0, 0, 0], num_keypoints=2
    )
    assert row["bbox"] == [100, 10, 20, 40]
    assert ring_area(row["segmentation"][0]) == 800
    assert max(row["segmentation"][0][0::2]) == 120
    assert row["keypoints"] == [110, 20, 2, 0, 0, 0, 0, 0, 0]
    assert (row["num_keypoints"], row["area"]) == (1, 800)


@pytest.mark.parametrize(
    ("keys", "area"),
    [
        ({**BOX}, 800),
        ({**BOX, "area": 400}, 200),
        ({**BOX, "area": 700, "segmentation": []}, 350),
        ({**BOX, "area": 1000, "segmentation": [SQUARE]}, 500),
        ({**BOX, "area": 7, "segmentation": {"size": [80, 120], "counts": [9600]}}, 7),
        ({"bbox": [100.1, 10, 250.73, 40], "area": 250.73 * 40}, 796),
    ],
)
def test_an_area_at_odds_with_its_shape_is_scaled_and_never_replaced(
    keys: dict[str, Any], area: float
) -> None:
    assert _clip(**keys)["area"] == area


def test_computed_numbers_carry_no_dust() -> None:
    assert _clip(bbox=[-0.1, 0, 0.4, 10])["bbox"] == [0, 0, 0.3, 10]
    assert _clip(bbox=[119.7, 0, 0.4, 10])["bbox"] == [119.7, 0, 0.3, 10]


def test_a_polygon_outside_goes_and_its_siblings_stay() -> None:
    row = _clip(**BOX, segmentation=[SQUARE, [130, 60, 150, 60, 150, 70]])
    assert len(row["segmentation"]) == 1


U_SHAPE = [-20, 10, 40, 10, 40, 20, -10, 20, -10, 40, 40, 40, 40, 50, -20, 50]


def test_what_joins_two_parts_outside_leaves_no_spike_beyond_them() -> None:
    corner = [-10, -30, 30, 10, 20, 10, -30, -20]
    assert min(clip_ring(corner, 120, 80)[1::2]) >= 0
    assert ring_area(clip_ring([float(v) for v in U_SHAPE], 120, 80)) == 800


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-40, 160), st.integers(-40, 120)), min_size=3, max_size=3))
def test_the_part_inside_has_the_area_of_its_pixels(points: list[tuple[int, int]]) -> None:
    ring = [float(v) for point in points for v in point]
    scale, pad = 8, 40  # drawn by pycocotools on a large canvas, and cut there
    canvas = masks.decode(
        masks.frPyObjects([[(v + pad) * scale for v in ring]], 160 * scale, 200 * scale)
    )[:, :, 0]
    inside = (
        canvas[pad * scale : (pad + 80) * scale, pad * scale : (pad + 120) * scale].sum() / scale**2
    )
    got = clip_ring(ring, 120, 80)
    border = sum(np.hypot(*(np.subtract(points[n], points[n - 1]))) for n in range(3))
    assert abs((ring_area(got) if got else 0) - inside) <= border / scale + 1
    assert all(0 <= x <= 120 for x in got[0::2])
    assert all(0 <= y <= 80 for y in got[1::2])


def _ran(
    tmp_path: Path, data: dict[str, Any], **params: Any
) -> tuple[list[dict[str, Any]], list[Any]]:
    step = {"id": "x", "use": "filter_annotations", "in": "raw", "with": params}
    stages.run(stages.prepare(write_recipe(tmp_path, [step], data)), out=tmp_path / "out")
    folder = tmp_path / "out/steps/x"
    lines = (
        (folder / "dropped.jsonl").read_text().splitlines()
        if (folder / "dropped.jsonl").exists()
        else []
    )
    return json.loads((folder / "dataset.json").read_text())["annotations"], list(
        map(json.loads, lines)
    )


def test_rows_without_a_box_and_polygons_outside_are_seen(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)] * 4)  # 64x48
    rows = data["annotations"]
    del rows[0]["bbox"]
    rows[0]["segmentation"] = [[60, 40, 80, 40, 80, 60, 60, 60]]
    rows[1]["segmentation"] = [[1, 2, 70, 2, 70, 12, 1, 12]]
    rows[2]["segmentation"] = [[1, 2, 64.6, 2, 64.6, 12, 1, 12]]  # by less than 1 px
    del rows[3]["bbox"]
    rows[3]["segmentation"] = [[1, 1, 5, 5, 9, 9]]
    kept, lost = _ran(tmp_path, data, past_the_edge="drop", no_area="drop")
    assert [row["id"] for row in kept] == [3]
    assert [(line["id"], line["reason"]) for line in lost] == [
        (1, "reaches out of its image"),
        (2, "reaches out of its image"),
        (4, "polygon has no area"),
    ]


def test_a_filter_that_nothing_matches_says_so(tmp_path: Path) -> None:
    _ran(tmp_path, coco(), min_side_px=1)
    record = recorded(tmp_path / "out/steps/x")
    assert [finding.kind for finding in record.findings] == ["filter_matches_nothing"]


def test_a_turned_box_is_judged_by_its_corners() -> None:
    """CVAT's box of 60x16 px turned by 90 degrees lies in a picture of 120x95 px; unturned, it
    would not.
    """
    row = _row(bbox=[-10, 52, 60, 16], attributes={"rotation": 90.0})
    assert not Places.of(row).reaches_out(120, 95)
    assert Places.of(row).reaches_out(120, 80)


def _turned(degrees: float, *bbox: float) -> dict[str, Any]:
    return {"bbox": list(bbox), "area": bbox[2] * bbox[3] / 2, "attributes": {"rotation": degrees}}


@pytest.mark.parametrize("degrees", [0.0, 90.0, 180.0, 270.0])
def test_an_upright_turned_box_is_cut_at_the_edge(degrees: float, tmp_path: Path) -> None:
    data = coco(
        1, [(1, 1)]
    )  # 64x48 px; seen, the box is 20 wide and 10 high, and 6 px past the right edge
    box = (50, 10, 20, 10) if degrees % 180 == 0 else (55, 5, 10, 20)
    data["annotations"][0] |= _turned(degrees, *box)
    (row,), lost = _ran(tmp_path, data, past_the_edge="clip")
    corners = TurnedBox(tuple(row["bbox"]), degrees).corners()
    assert [min(x for x, _ in corners), max(x for x, _ in corners)] == pytest.approx([50, 64])
    assert [min(y for _, y in corners), max(y for _, y in corners)] == pytest.approx([10, 20])
    assert row["area"] == pytest.approx(70)  # half the box's, as before
    assert (row["attributes"]["rotation"], lost) == (degrees, [])


def test_an_askew_box_keeps_its_angle_and_what_is_inside(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= _turned(30.0, 30, 20, 40, 10)
    (row,), _ = _ran(tmp_path, data, past_the_edge="clip")
    before, after = TurnedBox((30, 20, 40, 10), 30.0), TurnedBox(tuple(row["bbox"]), 30.0)
    inside = [
        [side for point in framed(box.corners(), 64, 48) for side in point]
        for box in (before, after)
    ]
    assert ring_area(inside[0]) == pytest.approx(ring_area(inside[1]), abs=1e-3)
    assert row["bbox"][2] < 40
    assert row["bbox"][3] == pytest.approx(10)
    (tmp_path / "again").mkdir()
    data["annotations"] = [row]
    (again,), _ = _ran(tmp_path / "again", data, past_the_edge="clip")
    assert again["bbox"] == pytest.approx(row["bbox"], abs=1e-5)


def test_a_turned_box_outside_has_no_area(tmp_path: Path) -> None:
    data = coco(1, [(1, 1), (1, 2)])
    data["annotations"][0] |= _turned(30.0, 100, 20, 20, 10)
    (kept,), (lost,) = _ran(tmp_path, data, past_the_edge="clip", no_area="drop")
    assert (kept["id"], lost["id"], lost["reason"]) == (2, 1, "box has no area")


@pytest.mark.parametrize(
    ("keys", "after"),
    [
        (
            {"face_box": [60, 2, 10, 10], "face_valid": True},
            {"face_box": [60, 2, 4, 10], "face_valid": True},
        ),
        (
            {"lefthand_box": [70, 2, 10, 10], "lefthand_valid": True},
            {"lefthand_box": [0, 0, 0, 0], "lefthand_valid": False},
        ),
        ({"righthand_kpts": [5, 5, 0.4, 70, 5, 0.6]}, {"righthand_kpts": [5, 5, 0.4, 0, 0, 0]}),
        (
            {"foot_kpts": [5, 50, 2] * 6, "foot_valid": True},
            {"foot_kpts": [0, 0, 0] * 6, "foot_valid": False},
        ),
        ({"face_kpts": [5, 5, 2] * 68}, {"face_kpts": [5, 5, 2] * 68}),
        ({"face_box": None}, {"face_box": None}),
        (
            {"face_box": [0, 0, 0, 0], "face_valid": False},
            {"face_box": [0, 0, 0, 0], "face_valid": False},
        ),
    ],
    ids=str,
)
def test_parts_of_a_person_are_clipped(
    keys: dict[str, Any], after: dict[str, Any], tmp_path: Path
) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= keys
    (row,), _ = _ran(tmp_path, data, past_the_edge="clip")
    assert {key: row[key] for key in after} == after
    assert (row["bbox"], row["area"]) == ([1, 2, 10, 10], 100)
    record = recorded(tmp_path / "out/steps/x")
    assert record.notes["clipped_boxes"] == (keys != after)


@pytest.mark.parametrize("size", [[48, 60], [64, 48], [96, 128], None], ids=str)
@pytest.mark.parametrize("counts", ["0", [10]], ids=str)
def test_a_mask_of_another_size_is_refused_by_name(size: Any, counts: Any, tmp_path: Path) -> None:
    data = coco(1, [(1, 1), (1, 1)])
    data["annotations"][1] |= {
        "segmentation": {"counts": counts} | ({"size": size} if size else {}),
        "iscrowd": 1,
    }
    told = (
        r"1 row can't be taken by the step: annotation 2 on image 1 \('1.jpg'\): has a mask of .*"
        r"its image is of \[48, 64\].*take the annotation out"
    )
    with pytest.raises(FindingsError, match=told):
        _ran(tmp_path, data, past_the_edge="clip")


def test_a_mask_keeps_its_area_where_the_box_is_cut(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    mask = {"size": [48, 64], "counts": [5, 7, 48 * 64 - 12]}
    data["annotations"][0] |= {
        "bbox": [60, 2, 10, 10],
        "area": 7,
        "segmentation": mask,
        "iscrowd": 1,
    }
    (row,), _ = _ran(tmp_path, data, past_the_edge="clip")
    assert (row["bbox"], row["area"], row["segmentation"]) == ([60, 2, 4, 10], 7, mask)


INSIDE, HALF, OUTSIDE = (
    [1, 2, 11, 2, 11, 12, 1, 12],
    [54, 2, 74, 2, 74, 12, 54, 12],
    [70, 2, 80, 2, 80, 12, 70, 12],
)


@pytest.mark.parametrize(
    ("keys", "area"),
    [
        ({"bbox": [54, 2, 20, 10], "area": 0}, 0),
        ({"bbox": [54, 2, 20, 10], "area": 400}, 200),
        ({"bbox": [54, 2, 20, 10], "area": 50.5, "iscrowd": 1}, 25.25),
        ({"area": 300, "segmentation": [HALF]}, 150),
        ({"area": 300, "segmentation": [INSIDE, HALF]}, 200),
        (
            {"area": 300, "segmentation": [HALF, [1, 2, 3, 4]]},
            150,
        ),  # two points are as good as absent
        ({"area": 300, "segmentation": [OUTSIDE]}, 300),  # no polygon is left, and the box is whole
        ({"bbox": [54, 2, 20, 10], "area": 300, "segmentation": [OUTSIDE]}, 150),
        ({"bbox": [54, 2, 20, 10], "area": 300, "segmentation": [INSIDE]}, 300),
        ({"bbox": [54, 2, 20, 10], "area": 300, "segmentation": []}, 150),
    ],
    ids=str,
)
def test_the_area_follows_the_mask_or_else_the_box(
    keys: dict[str, Any], area: float, tmp_path: Path
) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= keys
    (row,), _ = _ran(tmp_path, data, past_the_edge="clip")
    assert row["area"] == area


def test_a_row_without_an_area_gets_none_and_one_without_a_place_is_dropped(tmp_path: Path) -> None:
    data = coco(1, [(1, 1), (1, 1), (1, 1)])
    one, two, three = data["annotations"]
    del one["area"], two["bbox"], three["bbox"]
    one["bbox"], two["segmentation"], three["segmentation"] = [54, 2, 20, 10], [HALF], [OUTSIDE]
    two["area"] = 60
    kept, lost = _ran(tmp_path, data, past_the_edge="clip", no_area="drop")
    assert [row.get("area") for row in kept] == [None, 30]
    assert [(line["id"], line["reason"]) for line in lost] == [(3, "polygon has no area")]
