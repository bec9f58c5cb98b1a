"""Lines are scaled to their axes; long ones are thinned to means."""

import re

import pytest
from coco_recipe_report.drawing import curves
from coco_recipe_report.drawing.curves import Axis, Line

UNIT = Axis("x", 0, 1), Axis("y", 0, 1)


def test_points_are_scaled_to_the_axes() -> None:
    drawn = curves.draw([Line("a", [(0, 0), (0.5, 1), (1, 0.5)], "red")], *UNIT, "told")
    assert 'points="58.0,222.0 258.0,12.0 458.0,117.0"' in drawn
    assert drawn.count("<circle") == 3
    assert 'aria-label="told"' in drawn


def test_the_best_point_is_marked() -> None:
    drawn = curves.draw([Line("a", [(0, 0), (1, 1)], "red")], *UNIT, "told", best=(0.5, 0.5))
    assert re.search(r'class="at" cx="258.0" cy="117.0"', drawn)


@pytest.mark.parametrize("lines", [[], [Line("a", [], "red")], [Line("a", [(1, 1)], "red")]])
def test_one_point_is_no_line(lines: list[Line]) -> None:
    assert curves.draw(lines, *UNIT, "told") == ""


def test_a_flat_line_has_an_axis_all_the_same() -> None:
    assert "<polyline" in curves.draw(
        [Line("a", [(1, 2), (2, 2)], "red")], Axis("x"), Axis("y"), ""
    )


def test_many_points_are_means_of_neighbours() -> None:
    points = [(float(n), float(n % 2)) for n in range(1000)]
    found = curves.thinned(points)
    assert len(found) <= curves.MOST_POINTS
    assert {round(y, 3) for _, y in found} <= {0.4, 0.5, 0.6}
    assert curves.thinned(points[:9]) == points[:9]


def test_smoothing_keeps_a_constant_and_calms_the_rest() -> None:
    assert curves.smoothed([(0, 3.0), (1, 3.0)]) == [(0, 3.0), (1, 3.0)]
    wild = curves.smoothed([(float(n), float(n % 2)) for n in range(200)])
    assert max(y for _, y in wild[50:]) - min(y for _, y in wild[50:]) < 0.5
    falling = curves.smoothed([(float(n), -float(n)) for n in range(200)])
    assert falling[100] == (100.0, -100.0), "it doesn't lag"
