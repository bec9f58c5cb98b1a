"""Boxes that CVAT has turned about their middle."""

from typing import Any

import pytest

from coco_recipe.geometry.turned_box import TurnedBox, turned_box
from coco_recipe.testing import coco, dataset


def _row(attributes: Any, bbox: Any = (10, 10, 20, 10)) -> Any:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= {"bbox": list(bbox), "attributes": attributes}
    return dataset(data).annotations[0]


def test_a_quarter_turn_moves_the_first_corner_to_the_right() -> None:
    corners = TurnedBox((10, 10, 20, 10), 90).corners()
    assert [(round(x), round(y)) for x, y in corners] == [(25, 5), (25, 25), (15, 25), (15, 5)]


@pytest.mark.parametrize("rotation", [0, None, "30", True, [30]])
def test_what_turns_nothing_is_none(rotation: Any) -> None:
    assert turned_box(_row({"rotation": rotation})) is None
    assert turned_box(_row(rotation)) is None


def test_an_upright_one_counts_where_that_is_asked_for() -> None:
    found = turned_box(_row({"rotation": 0}), or_upright=True)
    assert found == TurnedBox((10.0, 10.0, 20.0, 10.0), 0.0)
    assert turned_box(_row({"rotation": 45}, (10, 10, 0, 10))) is None


def test_a_box_inside_stays_one_outside_goes_and_an_upright_one_is_cut() -> None:
    inside = TurnedBox((10, 10, 20, 10), 30)
    assert inside.within(64, 48) is inside
    assert TurnedBox((200, 10, 20, 10), 30).within(64, 48) is None
    cut = TurnedBox((50, 10, 20, 10), 0).within(64, 48)
    assert cut
    assert cut.box == pytest.approx((50, 10, 14, 10))
