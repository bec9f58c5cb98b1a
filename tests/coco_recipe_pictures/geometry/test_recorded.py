"""What a row records is moved: a bbox as a box, an area in proportion, a segmentation as it is."""

from pathlib import Path
from typing import Any

import pytest
from augmenting import Bench
from builders import coco

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")

from coco_recipe_albumentations.carrier import Carrier  # noqa: E402
from coco_recipe_pictures.geometry import rle  # noqa: E402
from coco_recipe_pictures.geometry.instance import Instance  # noqa: E402

WIDTH, HEIGHT = 120, 80
POLYGON = [20, 10, 50, 10, 50, 50, 35, 48, 20, 50]  # its hull is (20, 10, 30, 40)
OF_POLYGON = 1170
MASK = np.zeros((HEIGHT, WIDTH), bool)
MASK[10:50, 20:50] = True
SIBLINGS: dict[str, dict[str, Any]] = {
    "box beside its polygon": {"bbox": [20, 30, 30, 40], "area": 1200, "segmentation": [POLYGON]},
    "box smaller than its polygon": {
        "bbox": [25, 15, 10, 10],
        "area": 100,
        "segmentation": [POLYGON],
    },
    "box a pixel off": {"bbox": [21, 10, 30, 40], "area": 1170, "segmentation": [POLYGON]},
    "area of a drawn mask": {"bbox": [20, 10, 30, 40], "area": 1185, "segmentation": [POLYGON]},
    "area twice the box's": {"bbox": [20, 10, 30, 40], "area": 2400},
    "area 0 beside a mask": {
        "bbox": [20, 10, 30, 40],
        "area": 0,
        "segmentation": rle.encode(MASK, compressed=False),
    },
}
STILL = [{"NoOp": {"p": 1}}, {"CoarseDropout": {"num_holes_range": [3, 3], "p": 1}}]
# transform, where a box goes, scale of area
UPRIGHT: dict[str, tuple[dict[str, Any], Any, float]] = {
    "flip": ({"HorizontalFlip": {"p": 1}}, lambda x, y, w, h: [WIDTH - x - w, y, w, h], 1),
    "half": ({"Resize": {"height": 40, "width": 60, "p": 1}}, lambda *b: [v / 2 for v in b], 0.25),
    "turn": (
        {"Rotate": {"limit": [90, 90], "p": 1}},
        lambda x, y, w, h: [y + 20, 100 - x - w, h, w],
        1,
    ),
    "pad": ({"Pad": {"padding": 7, "p": 1}}, lambda x, y, w, h: [x + 7, y + 7, w, h], 1),
}


def _copies(folder: Path, transform: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the copy of each sibling."""
    data = coco(1, [(1, 1)] * len(SIBLINGS))
    data["images"][0] |= {"width": WIDTH, "height": HEIGHT}
    data["annotations"] = [
        {"id": n, "image_id": 1, "category_id": 1} | row
        for n, row in enumerate(SIBLINGS.values(), 1)
    ]
    rows = Bench(folder, data).run([transform])["annotations"]
    return dict(zip(SIBLINGS, rows, strict=True))


@pytest.mark.parametrize("transform", STILL, ids=lambda value: next(iter(value)))
def test_what_nothing_moved_keeps_box_area_and_segmentation(
    tmp_path: Path, transform: dict[str, Any]
) -> None:
    for name, row in _copies(tmp_path, transform).items():
        assert {key: row[key] for key in SIBLINGS[name]} == SIBLINGS[name], name


@pytest.mark.parametrize("name", UPRIGHT)
def test_a_box_that_stays_upright_is_moved_and_its_area_scales(tmp_path: Path, name: str) -> None:
    transform, where, scale = UPRIGHT[name]
    for sibling, row in _copies(tmp_path, transform).items():
        recorded = SIBLINGS[sibling]
        assert row["bbox"] == pytest.approx(where(*recorded["bbox"]), abs=0.011), sibling
        assert row["area"] == pytest.approx(recorded["area"] * scale, abs=0.011), sibling


def test_a_crop_cuts_a_box_that_is_not_its_polygons_by_itself(tmp_path: Path) -> None:
    crop = {"Crop": {"x_min": 30, "y_min": 20, "x_max": 120, "y_max": 80, "p": 1}}
    rows = _copies(tmp_path, crop)
    assert {name: row["bbox"] for name, row in rows.items()} == {
        "box beside its polygon": [0, 10, 20, 40],
        "box smaller than its polygon": [0, 0, 5, 5],
        "box a pixel off": [0, 0, 20, 30],  # nearly its polygon's: of what is left of the polygon
        "area of a drawn mask": [0, 0, 20, 30],
        "area twice the box's": [0, 0, 20, 30],
        "area 0 beside a mask": [0, 0, 20, 30],
    }
    assert rows["area twice the box's"]["area"] == 1200
    share = 576.68 / OF_POLYGON
    assert rows["area of a drawn mask"]["area"] == pytest.approx(1185 * share, rel=1e-3)
    assert rows["area 0 beside a mask"]["area"] == 0


def test_a_turned_box_that_is_not_its_polygons_is_that_of_its_own_corners(tmp_path: Path) -> None:
    rows = _copies(tmp_path, {"Rotate": {"limit": [10, 10], "p": 1}})
    sine, cosine = np.sin(np.pi / 18), np.cos(np.pi / 18)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    for name, hull_of in (
        ("box beside its polygon", [(20, 30), (50, 30), (50, 70), (20, 70)]),
        ("area of a drawn mask", np.reshape(POLYGON, (-1, 2))),
    ):
        points = (np.array(hull_of) - (60, 40)) @ turn.T + (60, 40)
        hull = [*points.min(axis=0), *np.ptp(points, axis=0)]
        assert rows[name]["bbox"] == pytest.approx(hull, abs=1), name  # a tip may show in no pixel
    assert rows["area of a drawn mask"]["area"] == pytest.approx(1185, rel=1e-3)
    box = rows["area twice the box's"]
    assert box["area"] == pytest.approx(2 * box["bbox"][2] * box["bbox"][3])


def test_a_mask_has_the_area_of_its_pixels_where_that_is_what_it_had(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["images"][0] |= {"width": WIDTH, "height": HEIGHT}
    data["annotations"][0] |= {
        "bbox": [20, 10, 30, 40],
        "area": 1200,
        "segmentation": rle.encode(MASK, compressed=True),
    }
    turn = {"Affine": {"rotate": [17, 17], "scale": [0.8, 0.8], "p": 1}}
    steps = [turn, {"ElasticTransform": {"p": 1}}]
    (row,) = Bench(tmp_path, data).run(steps)["annotations"]
    assert row["area"] == rle.decode(row["segmentation"]).sum()


def test_a_rectangle_that_a_box_got_as_polygon_turns_and_its_box_is_that_of_the_polygon() -> None:
    corners = [[20.0, 10.0, 50.0, 10.0, 50.0, 50.0, 20.0, 50.0]]  # as add_segmentation writes it
    one = Instance((20.0, 10.0, 30.0, 40.0), corners, None)
    for angle in (0, 15, 45, 90, 180):
        turn = A.Affine(rotate=(angle, angle), fit_output=True, p=1)
        (moved,) = Carrier([turn])(np.zeros((HEIGHT, WIDTH, 3), np.uint8), [one], 0).moved
        points = np.reshape(moved.segmentation[0], (-1, 2))
        hull = [*points.min(axis=0), *np.ptp(points, axis=0)]
        assert moved.bbox == pytest.approx(hull, abs=0.011)
        assert moved.area == pytest.approx(1200, rel=0.01)


def test_a_box_that_a_border_shows_again_is_the_recorded_one() -> None:
    """The polygon is 10 px wide, the box 20 px; both are mirrored at the left border, and the box
    alone is cut there.
    """
    one = Instance((5, 10, 20, 10), [[5.0, 10, 15, 10, 15, 20, 5, 20]], None)
    own, copy = Carrier([A.Pad(padding=(20, 0, 0, 0), border_mode=2, p=1)])(
        np.zeros((60, 80, 3), np.uint8), [one], 0
    ).moved
    assert own.bbox == (25, 10, 20, 10)
    assert copy.bbox == (0, 10, 15, 10)
    assert (copy.of, copy.tiles, copy.area, copy.scale) == (0, ((-1, 0),), 100, 1)
