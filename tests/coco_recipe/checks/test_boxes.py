"""Boxes that are missing, have no area, lie outside or are of another format; areas at odds."""

from typing import Any

import pytest
from rows_found import Find, changed, rows_found

from coco_recipe.checks import boxes
from coco_recipe.testing import coco

ROWS = "annotations"


@pytest.mark.parametrize(
    ("find", "change"),
    [
        (boxes.without_box, {"bbox": None}),
        (boxes.without_area, {"area": None}),
        (boxes.no_area_boxes, {"bbox": [1, 2, 0, 10]}),
        (boxes.no_area_boxes, {"bbox": [1, 2, 10, -1]}),
        (boxes.outside, {"bbox": [65, 2, 10, 10]}),
        (boxes.outside, {"bbox": [1, -20, 10, 10]}),
        (boxes.past_the_edge, {"bbox": [55, 2, 10.5, 10]}),
        (boxes.past_the_edge, {"bbox": [1, 40, 10, 10]}),
        (boxes.areas_not_positive, {"area": 0}),
        (boxes.areas_not_positive, {"area": -3.5}),
        (boxes.area_not_of_box, {"area": 102.5}),
    ],
)
def test_a_wrong_box_or_area_is_found(find: Find, change: dict[str, Any]) -> None:
    assert rows_found(find, changed(ROWS, {}, change)) == ["annotation 2"]
    assert not rows_found(find, coco())


@pytest.mark.parametrize(
    ("find", "change"),
    [
        (boxes.past_the_edge, {"bbox": [55, 2, 10, 10]}),  # a pixel too far is rounding
        (boxes.past_the_edge, {"bbox": [65, 2, 10, 10]}),  # outside is another finding
        (boxes.area_not_of_box, {"area": 100.5}),
        (boxes.no_area_boxes, {"bbox": [1, 2, 0.1, 0.1]}),
    ],
)
def test_what_is_near_enough_is_none(find: Find, change: dict[str, Any]) -> None:
    assert not rows_found(find, changed(ROWS, {}, change))


@pytest.mark.parametrize("size", [{"width": None}, {"height": None}, {"height": 0}])
def test_an_image_without_a_size_is_found(size: dict[str, Any]) -> None:
    assert rows_found(boxes.without_size, changed("images", {}, {}, size)) == ["image 3 ('3.jpg')"]


def test_boxes_in_shares_of_the_picture_are_found() -> None:
    shares = {"bbox": [0.25, 0.5, 0.5, 0.5]}
    assert len(rows_found(boxes.normalised, changed(ROWS, shares, shares))) == 2
    assert not rows_found(boxes.normalised, coco())


def test_boxes_as_corners_are_found_where_many_reach_out() -> None:
    data = coco(1, [(1, 1)] * 3)
    for row, box in zip(
        data[ROWS], ([20, 10, 50, 45], [40, 20, 60, 44], [33, 9, 62, 40]), strict=True
    ):
        row["bbox"] = box
    assert len(rows_found(boxes.corners, data)) == 3
    assert not rows_found(boxes.corners, coco())


def test_one_odd_box_does_not_clear_the_corners_beside_it() -> None:
    data = coco(1, [(1, 1)] * 24)
    for n, row in enumerate(data[ROWS]):
        row["bbox"] = [33 + n, 24, 60, 45] if n else [33, 24, 33, 45]
    assert len(rows_found(boxes.corners, data)) == 23


@pytest.mark.parametrize(("as_corners", "found"), [(3, 3), (2, 0), (0, 0)])
def test_corners_that_reach_nowhere_out_are_found_by_their_area(
    as_corners: int, found: int
) -> None:
    data = coco(1, [(1, 1)] * 5)  # the last box is x y w h
    for n, row in enumerate(data[ROWS][:4]):
        row |= {"bbox": [2 + n, 3, 12, 9], "area": 6 * (10 - n) if n < as_corners else 7}
    assert len(rows_found(boxes.corners, data)) == found
    assert len(rows_found(boxes.area_not_of_box, data)) == 4 - found
