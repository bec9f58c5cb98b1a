"""Shapes: what is cut, crosses itself, or is thin."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")
from coco_recipe_albumentations.carrier import Carrier  # noqa: E402
from coco_recipe_pictures.geometry import rings  # noqa: E402
from coco_recipe_pictures.geometry.instance import Instance, Moved  # noqa: E402


def _carry(
    transforms: Any, *instances: Instance, size: tuple[int, int] = (60, 80), key: int = 0
) -> tuple[Moved, ...]:
    return Carrier(transforms)(np.zeros((*size, 3), np.uint8), instances, key).moved


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-20, 100), st.integers(-20, 80)), min_size=3, max_size=8),
    st.floats(0, 6.3),
    st.floats(-40, 40),
)
def test_what_is_cut_covers_what_was_inside(
    points: list[tuple[int, int]], angle: float, offset: float
) -> None:
    ring = np.array(points, dtype=float) + np.array(
        [0.1234567, 0.0765433]
    )  # so that no edge goes through the middle of a pixel
    line = np.array([np.cos(angle), np.sin(angle), offset])
    pieces = rings.cut(ring, line)
    rows, columns = np.mgrid[0:80, 0:100] + 0.5
    depth = columns * line[0] + rows * line[1] + line[2]
    expected = rings.fill([[ring]], 80, 100) & (depth > 1e-3)
    assert (
        rings.fill([pieces], 80, 100)[np.abs(depth) > 1e-3] == expected[np.abs(depth) > 1e-3]
    ).all()


BOWTIE = [[10.0, 10, 30, 30, 30, 10, 10, 30]]


def test_a_polygon_that_crosses_itself_has_the_area_that_is_drawn() -> None:
    """Two triangles of 100 px each, as pycocotools draws them; the shoelace says 0."""
    one = Instance((10, 10, 20, 20), BOWTIE, None)
    (flipped,) = _carry([A.HorizontalFlip(p=1)], one)
    assert (flipped.area, flipped.visibility, flipped.bbox) == (200, 1, (50, 10, 20, 20))
    (still,) = _carry([A.NoOp(p=1)], one)
    assert (still.area, still.segmentation) == (200, BOWTIE)
    (half,) = _carry([A.Crop(x_min=0, y_min=0, x_max=20, y_max=60, p=1)], one)
    assert (half.area, half.visibility) == (pytest.approx(100), pytest.approx(0.5))


def test_what_is_too_thin_for_an_area_of_two_digits_is_gone() -> None:
    for segmentation in (
        None,
        [[10.0, 20, 10.2, 20, 10.2, 20.02, 10, 20.02]],
        [[10.0, 20, 10.2, 20, 10.2, 20.02]],
    ):
        (moved,) = _carry(
            [A.HorizontalFlip(p=1)], Instance((10, 20, 0.2, 0.02), segmentation, None)
        )
        assert (moved.bbox, moved.area, moved.visibility) == (None, 0, 0)
