"""Boxes, polygons, masks and keypoints come out where their pixels are."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")

import pixel_truth  # noqa: E402
from coco_recipe_albumentations.carrier import Carrier  # noqa: E402
from coco_recipe_pictures.geometry import rings, rle  # noqa: E402
from coco_recipe_pictures.geometry.instance import Instance, Moved  # noqa: E402

BOX = (10.0, 20.0, 30.0, 16.0)
POLYGON = [[10.0, 20.0, 40.0, 20.0, 40.0, 36.0]]
NEAR = {"interpolation": 0, "mask_interpolation": 0, "p": 1}


def _carry(
    transforms: Any, *instances: Instance, size: tuple[int, int] = (60, 80), key: int = 0
) -> tuple[Moved, ...]:
    return Carrier(transforms)(np.zeros((*size, 3), np.uint8), instances, key).moved


@pytest.mark.slow
def test_boxes_are_where_the_pixels_are() -> None:
    ours, theirs = pixel_truth.boxes_of(80)
    assert len(ours) > 200
    assert np.median(ours) >= 0.99
    assert np.percentile(ours, 1) >= 0.88
    assert np.percentile(ours, 1) > np.percentile(theirs, 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(pixel_truth.KINDS))
def test_polygons_and_masks_with_holes_and_parts_cover_the_pixels(kind: str) -> None:
    for found in zip(*pixel_truth.masks_of(kind, 12), strict=True):
        assert len(found) > 8
        assert np.median(found) >= pixel_truth.MEDIAN
        assert np.percentile(found, 1) >= pixel_truth.FIRST_PERCENTILE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["RandomFog", "Spatter, mud"])
def test_what_fades_hides_what_the_pixels_say(name: str) -> None:
    found = list(pixel_truth.hidden_of(name, 8))
    assert len(found) > 24
    assert np.median(found) >= pixel_truth.MEDIAN
    assert np.percentile(found, 1) >= pixel_truth.FIRST_PERCENTILE


@pytest.mark.slow
@pytest.mark.parametrize("pairs_of", [pixel_truth.rectangles_of, pixel_truth.rings_of])
def test_rectangles_as_polygons_and_rings_as_masks_cover_the_pixels(pairs_of: Any) -> None:
    for found in zip(*pairs_of(30), strict=True):
        assert len(found) > 80
        assert np.median(found) >= pixel_truth.MEDIAN
        assert np.percentile(found, 1) >= pixel_truth.FIRST_PERCENTILE


@pytest.mark.parametrize(
    ("transform", "box"),
    [
        (A.HorizontalFlip(p=1), (40, 20, 30, 16)),
        (A.VerticalFlip(p=1), (10, 24, 30, 16)),
        (A.Transpose(p=1), (20, 10, 16, 30)),
        (A.Crop(x_min=5, y_min=10, x_max=30, y_max=50, p=1), (5, 10, 20, 16)),
        (A.Resize(120, 160, p=1), (20, 40, 60, 32)),
        (A.Pad(padding=7, p=1), (17, 27, 30, 16)),
        (A.Affine(translate_px={"x": 3, "y": -4}, p=1), (13, 16, 30, 16)),
        (A.Affine(scale=0.5, p=1), (25, 25, 15, 8)),
        (A.Rotate(limit=(90, 90), p=1), (30, 30, 16, 30)),
        (A.LongestMaxSize(max_size=40, p=1), (5, 10, 15, 8)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_box_through_one_transform(transform: Any, box: Any) -> None:
    """By hand, in a picture of 80x60 px: the box (10, 20, 30, 16)."""
    assert _carry([transform], Instance(BOX, None, None))[0].bbox == pytest.approx(box, abs=0.02)


def test_what_is_cropped_away_and_padded_again_is_gone() -> None:
    pipeline = [
        A.Crop(x_min=20, y_min=0, x_max=80, y_max=60, p=1),
        A.PadIfNeeded(min_height=60, min_width=100, p=1),
    ]
    moved, away = _carry(pipeline, Instance(BOX, None, None), Instance((2, 2, 10, 10), None, None))
    assert moved.bbox == (20, 20, 20, 16)
    assert moved.visibility == pytest.approx(2 / 3)
    assert (away.bbox, away.visibility) == (None, 0)


@pytest.mark.parametrize(
    "looks", [A.BBoxSafeRandomCrop, lambda p: A.AtLeastOneBBoxRandomCrop(30, 30, p=p)]
)
def test_a_crop_that_looks_at_boxes_sees_them_where_they_are_by_then(looks: Any) -> None:
    """Two turns by 45 degrees are one by 90; the hull of the hull of the first box would be 66x66
    px, not 16x30.
    """
    crop, seen = looks(p=1), []
    ask = crop.get_params_dependent_on_data
    crop.get_params_dependent_on_data = lambda params, data: [
        seen.append(data["bboxes"]),
        ask(params, data),
    ][1]
    turn = A.Rotate(limit=(45, 45), p=1)
    half = A.Crop(x_min=0, y_min=0, x_max=50, y_max=60, p=1)
    carrier, picture = Carrier([turn, turn, half, crop]), np.zeros((60, 80, 3), np.uint8)
    carrier(
        picture,
        [
            Instance((25, 22, 30, 16), None, None),
            Instance((55, 25, 5, 5), None, None),
            Instance((1, 1, 5, 4), None, None),
            Instance(None, [[36, 30, 44, 30, 40, 34]], None),
        ],
        0,
    )
    assert seen[0] * (50, 60, 50, 60) == pytest.approx(
        np.array([(32, 15, 48, 45), (35, 10, 40, 15), (40, 26, 44, 34)]), abs=0.02
    )
    carrier(picture, [], 0)
    assert seen[1].shape == (0, 4)


def test_visibility_is_of_the_original_over_the_whole_pipeline() -> None:
    halves = [
        A.Crop(x_min=0, y_min=0, x_max=25, y_max=60, p=1),
        A.Crop(x_min=0, y_min=0, x_max=25, y_max=28, p=1),
    ]
    assert _carry(halves, Instance(BOX, None, None))[0].visibility == pytest.approx(0.25)
    # of the triangle of 240 px, the part left of x = 25 is a triangle of 15 by 8; a larger picture
    # changes no share
    assert _carry([*halves, A.Resize(280, 250, p=1)], Instance(BOX, POLYGON, None))[
        0
    ].visibility == pytest.approx(60 / 240)


def test_a_polygon_is_cut_at_the_border_with_new_vertices() -> None:
    moved = _carry(
        [A.Crop(x_min=25, y_min=0, x_max=80, y_max=60, p=1)], Instance(BOX, POLYGON, None)
    )[0]
    points = {tuple(point) for point in np.reshape(moved.segmentation, (-1, 2)).tolist()}
    assert points == {
        (0, 20),
        (15, 20),
        (15, 36),
        (0, 28),
    }  # the hypotenuse crosses x = 25 at y = 28
    assert (moved.bbox, moved.area) == ((0, 20, 15, 16), 180)
    assert moved.visibility == pytest.approx(180 / 240)


CORNERS = [(10.0, 20.0), (40.0, 20.0), (40.0, 36.0), (10.0, 36.0)]


@pytest.mark.parametrize("first", range(4))
@pytest.mark.parametrize("turn", [1, -1])
def test_an_upright_rectangle_turns_as_any_polygon_whatever_its_first_vertex(
    first: int, turn: int
) -> None:
    corners = [[value for n in range(4) for value in CORNERS[(first + turn * n) % 4]]]
    moved = _carry([A.Affine(rotate=30, p=1)], Instance(BOX, corners, None))[0]
    assert moved.area == pytest.approx(30 * 16, rel=0.01)
    sides = np.diff(
        np.reshape([*moved.segmentation[0], *moved.segmentation[0][:2]], (-1, 2)), axis=0
    )
    assert sorted(np.hypot(*sides.T).round()) == [16, 16, 30, 30]


def _visible(transform: Any, *later: Any) -> float:
    instance = Instance((10.0, 20.0, 40.0, 20.0), None, None)
    return float(_carry([transform, *later], instance)[0].visibility)


def _cover(left: float, top: float, right: float, bottom: float) -> Any:
    """Return a dropout of one hole at these places in a picture of 80x60."""
    transform = A.CoarseDropout(num_holes_range=(1, 1), fill=0, p=1)
    transform.get_params_dependent_on_data = lambda params, data: {
        "holes": np.array([[left, top, right, bottom]], np.int32),
        "seed": 1,
    }
    return transform


def test_what_lies_behind_holes_is_not_visible() -> None:
    assert _visible(_cover(0, 0, 80, 60)) == 0
    assert _visible(_cover(10, 20, 30, 40)) == pytest.approx(0.5)
    assert _visible(_cover(60, 0, 80, 60)) == 1


def test_holes_are_moved_by_what_comes_after_them() -> None:
    assert _visible(_cover(10, 20, 30, 40), A.HorizontalFlip(p=1)) == pytest.approx(0.5)
    # what is left of the object after the crop is just what the hole covers, or just what it
    # doesn't
    assert _visible(_cover(10, 20, 30, 40), A.Crop(0, 0, 30, 60, p=1)) == pytest.approx(0)
    assert _visible(_cover(10, 20, 30, 40), A.Crop(30, 0, 80, 60, p=1)) == pytest.approx(0.5)
    assert _visible(A.HorizontalFlip(p=1), _cover(30, 0, 50, 60)) == pytest.approx(0.5)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_mask_keeps_its_form_its_holes_and_its_pixels(compressed: bool) -> None:
    mask = np.zeros((60, 80), bool)
    mask[10:40, 10:40] = True
    mask[20:30, 20:30] = False
    mask[45:50, 60:70] = True
    coded = rle.encode(mask, compressed=compressed)
    moved = _carry([A.HorizontalFlip(p=1)], Instance((10, 10, 60, 40), coded, None))[0]
    assert isinstance(moved.segmentation["counts"], str) is compressed
    assert (rle.decode(moved.segmentation) == mask[:, ::-1]).all()
    assert (moved.bbox, moved.area) == ((10, 10, 60, 40), 850)


def test_keypoints_outside_are_zero_and_left_and_right_trade_places_in_a_mirrored_picture() -> None:
    one = Instance(BOX, None, (10, 20, 2, 30, 22, 1, 0, 0, 0), ((0, 1),))
    assert _carry([A.HorizontalFlip(p=1)], one)[0].keypoints == (49, 22, 1, 69, 20, 2, 0, 0, 0)
    assert _carry([A.HorizontalFlip(p=1), A.VerticalFlip(p=1)], one)[0].keypoints == (
        69,
        39,
        2,
        49,
        37,
        1,
        0,
        0,
        0,
    )
    moved = _carry([A.Crop(x_min=20, y_min=0, x_max=80, y_max=60, p=1)], one)[0]
    assert (moved.keypoints, moved.num_keypoints) == ((0, 0, 0, 10, 22, 1, 0, 0, 0), 1)
    through = _carry([A.ElasticTransform(alpha=1e-6, sigma=50, p=1)], one)[0]
    assert through.keypoints == pytest.approx((10, 20, 2, 30, 22, 1, 0, 0, 0), abs=0.51)


def test_what_nothing_moved_is_what_it_was() -> None:
    odd = Instance(
        (10.123456, 0.1, 1e-4, 3), [[10.1, 0.3333333, 11.9, 3.1234567, 10.2, 8]], (1.5, 2.25, 2)
    )
    moved = _carry([A.RandomBrightnessContrast(p=1), A.HorizontalFlip(p=0)], odd)[0]
    assert (moved.bbox, moved.segmentation, moved.keypoints, moved.visibility) == (
        odd.bbox,
        odd.segmentation,
        odd.keypoints,
        1,
    )


def test_transforms_inside_others_are_followed_and_recorded() -> None:
    nested = [A.OneOf([A.Sequential([A.HorizontalFlip(p=1), A.Blur(p=1)], p=1)], p=1)]
    carried = Carrier(nested)(np.zeros((60, 80, 3), np.uint8), [Instance(BOX, None, None)], 0)
    assert carried.moved[0].bbox == (40, 20, 30, 16)
    assert [name for name, _ in carried.applied] == ["HorizontalFlip", "Blur"]


def test_what_cannot_be_followed_or_read_is_refused() -> None:
    with pytest.raises(ValueError, match="Mosaic can't be used here"):
        Carrier([A.Mosaic(p=1)])
    flip = [A.HorizontalFlip(p=1)]
    with pytest.raises(
        ValueError, match=r"a mask is of \[50, 80\] \(height, width\), the picture of \[60, 80\]"
    ):
        _carry(flip, Instance(BOX, {"size": [50, 80], "counts": [4000]}, None))
    with pytest.raises(ValueError, match="sum to 7"):
        _carry(flip, Instance(BOX, {"size": [60, 80], "counts": [7]}, None))
    with pytest.raises(ValueError, match="a polygon has 5 numbers"):
        _carry(flip, Instance(BOX, [[1.0, 2, 3, 4, 5]], None))
    with pytest.raises(ValueError, match="finite"):
        _carry(flip, Instance(BOX, [[1.0, 2, 3, 4, 5, float("inf")]], None))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["box", "polygon", "mask"]))
def test_box_area_and_segmentation_agree_and_stay_inside(key: int, kind: str) -> None:
    mask = rings.fill([[np.reshape(POLYGON[0], (-1, 2))]], 60, 80)
    forms: dict[str, Any] = {
        "box": None,
        "polygon": POLYGON,
        "mask": rle.encode(mask, compressed=False),
    }
    one = Instance(pixel_truth.tight(mask) if kind == "mask" else BOX, forms[kind], None)
    pipeline = [
        A.Affine(rotate=(-90, 90), scale=(0.5, 2), translate_percent=(-0.5, 0.5), p=0.8),
        A.RandomCrop(40, 50, p=0.5),
        A.ElasticTransform(alpha=30, sigma=5, p=0.3),
        A.HorizontalFlip(p=0.3),
        A.Perspective(p=0.5),
    ]
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[mask] = 255
    carried = Carrier(pipeline)(picture, [one], key)
    moved, (height, width) = carried.moved[0], carried.picture.shape[:2]
    assert 0 <= moved.visibility <= 1
    if moved.bbox is None:
        assert (carried.picture > 127).sum() < 3 * 9  # channels, pixels
        return
    x, y, w, h = moved.bbox
    assert 0 <= x < x + w <= width + 1e-6
    assert 0 <= y < y + h <= height + 1e-6
    if kind == "polygon":
        xy = np.concatenate([np.reshape(ring, (-1, 2)) for ring in moved.segmentation])
        assert (*xy.min(axis=0), *xy.max(axis=0)) == pytest.approx((x, y, x + w, y + h), abs=0.011)
    if kind == "mask":
        assert moved.area == rle.decode(moved.segmentation).sum()
        assert moved.bbox == pixel_truth.tight(rle.decode(moved.segmentation))


@pytest.mark.parametrize(
    "transforms",
    [
        [A.HorizontalFlip(p=1), A.HorizontalFlip(p=1)],
        [A.RandomRotate90(p=1)] * 4,
        [A.Resize(60, 80, p=1)],
        [A.PadIfNeeded(9, 9, p=1)],
        [A.Affine(rotate=0, scale=1, translate_percent=0, shear=0, p=1)],
        [A.Crop(0, 0, 80, 60, p=1)],
        [A.Pad((5, 5, 5, 5), p=1), A.CenterCrop(60, 80, p=1)],
    ],
    ids=lambda value: "+".join(type(one).__name__ for one in value),
)
def test_what_is_back_where_it_was_has_its_own_numbers(transforms: Any) -> None:
    odd = Instance(
        (10.123456, 0.1, 5.3333, 3),
        [[10.1, 0.3333333, 11.9, 3.1234567, 10.2, 8]],
        (1.5, 2.25, 2),
        ((0, 0),),
    )
    moved = Carrier(transforms)(np.zeros((60, 80, 3), np.uint8), [odd], 4)
    turned = sum(params.get("factor", 0) for _, params in moved.applied) % 4
    same = (odd.bbox, odd.segmentation, odd.keypoints) == (
        moved.moved[0].bbox,
        moved.moved[0].segmentation,
        moved.moved[0].keypoints,
    )
    assert same is (turned == 0)
    assert moved.moved[0].visibility == 1


def test_a_mask_without_a_box_gets_one_where_nothing_moved() -> None:
    assert _carry([A.HorizontalFlip(p=0)], Instance(None, POLYGON, None))[0].bbox == BOX


def test_a_keypoint_on_the_border_of_the_picture_stays_in_it() -> None:
    one = Instance(BOX, None, (79.8, 30, 2, 0, 59.9, 1))
    assert _carry([A.HorizontalFlip(p=1)], one)[0].keypoints == (0, 30, 2, 79, 59.5, 1)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.floats(0, 600), st.floats(0.02, 58), st.integers(0, 2**32))
def test_a_box_never_passes_the_border_by_the_last_bit(x: float, w: float, key: int) -> None:
    moved = _carry(
        [A.RandomCrop(40, 600, p=1)], Instance((x, 3, w, 30), None, None), size=(40, 658), key=key
    )[0]
    assert moved.bbox is None or moved.bbox[0] + moved.bbox[2] <= 600


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=3, max_size=9, unique=True)
)
@example([(0, 0), (20, 2), (20, 0), (19, 0), (24, 10)])  # a corner lies on another edge
@settings(max_examples=200, deadline=None)
def test_what_rings_cover_is_what_is_drawn(points: list[tuple[int, int]]) -> None:
    ring = np.array(points, dtype=float)
    drawn = rings.fill([[ring * 25]], 1001, 1001).sum() / 625
    assert rings.covered([ring]) == pytest.approx(drawn, abs=3)
    if not rings.crosses_itself(ring):
        assert rings.covered([ring]) == pytest.approx(abs(rings.signed_area(ring)), abs=1e-6)


def test_what_reached_out_of_its_own_picture_is_not_brought_back_by_a_pad() -> None:
    one = Instance((60, 20, 20, 10), [[60.0, 20, 90, 20, 90, 30, 60, 30]], None)
    (padded,) = _carry([A.Pad(padding=20, p=1)], one)
    assert (padded.bbox, padded.area, padded.visibility) == ((80, 40, 20, 10), 200, 1)


def test_a_small_polygon_keeps_its_area_through_an_elastic_transform() -> None:
    one = Instance((20, 20, 4, 4), [[20.0, 20, 24, 20, 24, 24, 22, 24, 20, 24]], None)
    (warped,) = _carry([A.ElasticTransform(alpha=1, sigma=50, **NEAR)], one)
    assert (warped.area, warped.bbox) == (pytest.approx(16, abs=0.2), (20, 20, 4, 4))
