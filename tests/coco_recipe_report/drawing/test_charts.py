"""Charts say the figures that they are given."""

import re

from builders import coco
from coco_recipe_report.drawing import charts
from coco_recipe_report.drawing.svg import Palette
from coco_recipe_report.seen.columns import columns_of
from coco_recipe_report.seen.figures import Share, figures_of

from coco_recipe.testing import dataset


def test_slopes_end_with_the_share_of_each_class_and_have_its_error() -> None:
    stages = {
        "raw": {"cat": Share(1, 0.25, 0.1), "dog": Share(3, 0.75, 0.1)},
        "train": {"cat": Share(1, 0.5), "dog": Share(1, 0.5)},
    }
    drawn = charts.slopes(stages, Palette(()))
    assert drawn.count("<polyline") == 2
    assert drawn.count("<circle") == 4
    assert drawn.count('class="error"') == 2
    assert drawn.count("50.0%</tspan>") == 2
    assert "dog: 3 boxes, 75.0% ± 10.0%" in drawn


def test_labels_of_equal_shares_stand_apart() -> None:
    found = charts.apart([(10, "a", "", 0), (10, "b", "", 0), (100, "c", "", 0)])
    assert [y for y, *_ in found] == [10, 27, 100]


def test_a_class_that_a_stage_lacks_falls_to_nothing() -> None:
    drawn = charts.slopes({"a": {"x": Share(1, 1.0)}, "b": {"y": Share(1, 1.0)}}, Palette(()))
    assert "x: 0 boxes, 0.0%" in drawn


def test_sizes_are_shares_with_the_limits_of_coco() -> None:
    data = coco(boxes=[(1, 1)] * 4)
    for row, side in zip(data["annotations"], (10, 40, 41, 200), strict=True):
        row["bbox"] = [0, 0, side, side]
    drawn = charts.sizes({"raw": figures_of(columns_of(dataset(data)))})
    assert "small &lt; 32" in drawn
    assert "large ≥ 96" in drawn
    assert re.findall(r">(\d+%)<", drawn) == ["0%", "20%", "40%"]
    assert charts.sizes({"raw": figures_of(columns_of(dataset(coco(boxes=[]))))}) == ""


def test_places_and_classes_together() -> None:
    figures = figures_of(columns_of(dataset(coco(images=2, boxes=[(1, 1), (1, 2), (2, 1)]))))
    assert charts.places(figures).count('class="heat"') == sum(
        n > 0 for row in figures.places for n in row
    )
    drawn = charts.together(figures)
    assert drawn.count('class="cell"') == 4
    assert "cat + dog: 1 images" in drawn
    assert "cat: 2 images" in drawn
