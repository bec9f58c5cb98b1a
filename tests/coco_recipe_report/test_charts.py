"""Charts say the figures that they are given."""

import re

import pytest
from builders import coco

from coco_recipe.testing import dataset

pytest.importorskip("markupsafe")

from coco_recipe_report import charts


def test_slopes_end_with_the_share_of_each_class() -> None:
    drawn = charts.slopes({"raw": {"cat": 1, "dog": 3}, "train": {"cat": 1, "dog": 1}})
    assert "cat 50.0%" in drawn
    assert "dog 50.0%" in drawn
    assert drawn.count("<polyline") == 2
    assert drawn.count("<circle") == 4


def test_labels_of_equal_shares_stand_apart() -> None:
    drawn = charts.slopes({"a": dict.fromkeys("xyz", 1)})
    heights = [float(y) for y in re.findall(r'<text x="\d+" y="([\d.]+)" fill', drawn)]
    assert min(b - a for a, b in zip(sorted(heights), sorted(heights)[1:], strict=False)) >= 15


def test_sizes_count_every_box_with_an_area() -> None:
    data = coco(boxes=[(1, 1)] * 4)
    for row, side in zip(data["annotations"], (4, 40, 41, 0), strict=True):
        row["bbox"] = [0, 0, side, side]
    drawn = charts.sizes({"raw": dataset(data)})
    assert sum(int(n) for n in re.findall(r"raw: (\d+) boxes", drawn)) == 3
    assert "raw: 2 boxes of 32 to 45 px" in drawn


def test_places_are_the_middles_of_boxes_inside_the_frame() -> None:
    data = coco(boxes=[(1, 1)] * 3)
    for row, box in zip(
        data["annotations"], ([0, 0, 2, 2], [63, 47, 2, 2], [-900, 0, 1, 1]), strict=True
    ):
        row["bbox"] = box
    drawn = charts.places(dataset(data))
    cells = re.findall(r'class="heat" x="(\d+)" y="(\d+)"', drawn)
    last = str(8 * (charts.GRID - 1))
    assert sorted(cells) == sorted([("0", "0"), (last, last)])
    assert "2 boxes" in drawn


@pytest.mark.parametrize("series", [{}, {"loss": [1.0]}])
def test_one_value_is_no_curve(series: dict[str, list[float]]) -> None:
    assert charts.curves(series) == ""


def test_curves_are_scaled_to_the_largest_value() -> None:
    drawn = charts.curves({"loss": [4.0, 2.0], "mAP": [0.0, 1.0]})
    assert 'points="30.0,10.0 450.0,90.0"' in drawn
    assert 'points="30.0,170.0 450.0,130.0"' in drawn
