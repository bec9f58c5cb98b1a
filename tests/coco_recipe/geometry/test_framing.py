"""What of a polygon is inside a picture."""

import pytest

from coco_recipe.geometry.framing import framed
from coco_recipe.geometry.segmentation import polygon_area

SQUARE = [(2.0, 2.0), (8.0, 2.0), (8.0, 8.0), (2.0, 8.0)]


def _area(points: list[tuple[float, float]]) -> float:
    return polygon_area([side for point in points for side in point])


def test_what_is_inside_stays_as_it_is() -> None:
    assert framed(SQUARE, 10, 10) == SQUARE


@pytest.mark.parametrize(
    ("size", "area"), [((10, 5), 18), ((5, 10), 18), ((5, 5), 9), ((2, 9), 0), ((1, 1), 0)]
)
def test_a_cut_leaves_the_area_inside(size: tuple[int, int], area: float) -> None:
    assert _area(framed(SQUARE, *size)) == area


def test_a_vertex_outside_is_replaced_by_two_on_the_frame() -> None:
    found = framed([(1, 4), (5, 4), (5, -4)], 10, 10)
    assert {*found} == {(1, 4), (5, 4), (5, 0), (3, 0)}


def test_what_is_outside_of_every_side_is_nothing() -> None:
    for dx, dy in ((20, 0), (-20, 0), (0, 20), (0, -20)):
        assert not framed([(x + dx, y + dy) for x, y in SQUARE], 10, 10)
