"""Clipping: box, polygons and keypoints are cut together, and the area follows what it measured."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from builders import coco, write_recipe
from coco_recipe_data.clipping import Places, clip_ring, clipped, ring_area
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as masks

from coco_recipe import stages
from coco_recipe.coco_json import parse


def _row(**keys: Any) -> Any:
    """Return an annotation with these keys on an image of 120x80."""
    data = {"images": [{"id": 1, "file_name": "a.png", "width": 120, "height": 80}], "categories": [],
            "annotations": [{"id": 1, "image_id": 1, **keys}]}
    return parse(json.dumps(data).encode()).annotations[0]


def _clip(**keys: Any) -> dict[str, Any]:
    row = _row(**keys)
    result: dict[str, Any] = json.loads(msgspec.json.encode(clipped(row, Places.of(row), 120, 80)))
    return result


BOX = {"bbox": [100, 10, 40, 40], "area": 1600}
SQUARE = [100, 10, 140, 10, 140, 50, 100, 50]


def test_box_polygon_keypoints_and_area_are_cut_together() -> None:
    row = _clip(**BOX, segmentation=[SQUARE], keypoints=[110, 20, 2, 135, 20, 2, 0, 0, 0], num_keypoints=2)
    assert row["bbox"] == [100, 10, 20, 40]
    assert ring_area(row["segmentation"][0]) == 800
    assert max(row["segmentation"][0][0::2]) == 120
    assert row["keypoints"] == [110, 20, 2, 0, 0, 0, 0, 0, 0]
    assert (row["num_keypoints"], row["area"]) == (1, 800)


@pytest.mark.parametrize(("keys", "area"), [
    ({**BOX}, 800), ({**BOX, "area": 400}, 200), ({**BOX, "area": 700, "segmentation": []}, 350),
    ({**BOX, "area": 1000, "segmentation": [SQUARE]}, 500),
    ({**BOX, "area": 7, "segmentation": {"size": [80, 120], "counts": [9600]}}, 7),
    ({"bbox": [100.1, 10, 250.73, 40], "area": 250.73 * 40}, 796)])
def test_an_area_at_odds_with_its_shape_is_scaled_and_never_replaced(keys: dict[str, Any], area: float) -> None:
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


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-40, 160), st.integers(-40, 120)), min_size=3, max_size=3))
def test_the_part_inside_has_the_area_of_its_pixels(points: list[tuple[int, int]]) -> None:
    ring = [float(v) for point in points for v in point]
    scale, pad = 8, 40  # drawn by pycocotools on a large canvas, and cut there
    canvas = masks.decode(masks.frPyObjects([[(v + pad) * scale for v in ring]], 160 * scale, 200 * scale))[:, :, 0]
    inside = canvas[pad * scale:(pad + 80) * scale, pad * scale:(pad + 120) * scale].sum() / scale**2
    got = clip_ring(ring, 120, 80)
    border = sum(np.hypot(*(np.subtract(points[n], points[n - 1]))) for n in range(3))
    assert abs((ring_area(got) if got else 0) - inside) <= border / scale + 1
    assert all(0 <= x <= 120 for x in got[0::2])
    assert all(0 <= y <= 80 for y in got[1::2])


def _ran(tmp_path: Path, data: dict[str, Any], **params: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    step = {"id": "x", "use": "filter_annotations", "in": "raw", "with": params}
    stages.run(stages.prepare(write_recipe(tmp_path, [step], data)), out=tmp_path / "out")
    folder = tmp_path / "out/steps/x"
    lines = (folder / "dropped.jsonl").read_text().splitlines() if (folder / "dropped.jsonl").exists() else []
    return json.loads((folder / "dataset.json").read_text())["annotations"], list(map(json.loads, lines))


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
        (1, "reaches out of its image"), (2, "reaches out of its image"), (4, "polygon has no area")]


def test_a_filter_that_nothing_matches_says_so(tmp_path: Path) -> None:
    _ran(tmp_path, coco(), min_side_px=1)
    record = json.loads((tmp_path / "out/steps/x/manifest.json").read_text())["record"]
    assert [finding["kind"] for finding in record["findings"]] == ["filter_matches_nothing"]


def test_a_turned_box_is_judged_by_its_corners_and_not_cut() -> None:
    """CVAT's box of 60x16 px turned by 90 degrees lies in a picture of 120x95 px; unturned, it would not."""
    row = _row(bbox=[-10, 52, 60, 16], attributes={"rotation": 90.0})
    assert not Places.of(row).reaches_out(120, 95)
    assert Places.of(row).reaches_out(120, 80)
