"""What tile says before a run; that it holds, is tried in end_to_end/test_planned_counts."""

from typing import Any

import pytest

pytest.importorskip("cv2")

from coco_recipe_pictures import tile_plans
from coco_recipe_pictures.tile_params import PARAMS

from coco_recipe import Expected, Span
from coco_recipe.testing import coco, dataset


def _given(**params: Any) -> dict[str, Any]:
    rules = PARAMS["properties"]
    given = {name: rule["default"] for name, rule in rules.items() if "default" in rule}
    return {**given, "slice_width": 32, "slice_height": 24, "overlap_width_ratio": 0.0, **params}


def test_tiles_are_counted_and_boxes_bounded() -> None:
    rows = {"dataset": dataset(coco(2, [(1, 1)]))}
    params = _given(overlap_height_ratio=0.0)
    found = tile_plans.forecast(params, {"dataset": Expected()}, lambda: rows)
    told = found.out["dataset"]
    assert told.images == Span.exact(8), "64 x 48 px have four tiles"
    assert told.boxes == Span(0, 4)
    assert told.classes == {"cat": Span(0, 4), "dog": Span.exact(0)}
    assert 8 + 2 in found.files
    empty = tile_plans.forecast({**params, "ignore_negative_samples": True}, {}, lambda: rows)
    assert empty.out["dataset"].images == Span(0, 8)
    assert empty.out["dataset"].negatives == Span.exact(0)


def test_unknown_rows_leave_all_unknown() -> None:
    assert tile_plans.forecast(_given(), {"dataset": Expected()}, lambda: None).out == {}


def test_it_says_how_large_the_tiles_are() -> None:
    told = tile_plans.tell(_given(overlap_width_ratio=0.2, ignore_negative_samples=True))
    assert told == (
        "cuts pictures into tiles of 32 x 24 px that overlap by 20%, without those that have no box"
    )
