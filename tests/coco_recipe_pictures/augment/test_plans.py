"""What augment says before a run; that it holds, is tried in end_to_end/test_planned_counts."""

from typing import Any

import pytest

pytest.importorskip("albumentations")

from coco_recipe_pictures import pipelines
from coco_recipe_pictures.augment import plans
from coco_recipe_pictures.augment.params import PARAMS

from coco_recipe import Expected, Span, plugins
from coco_recipe.testing import coco, dataset

FLIP = [{"HorizontalFlip": {"p": 0.5}}]
BEFORE = Expected(Span.exact(3), Span.exact(2), Span.exact(1), {"cat": Span.exact(2)})


def _given(pipeline: Any = FLIP, **params: Any) -> dict[str, Any]:
    rules = PARAMS["properties"]
    given = {name: rule["default"] for name, rule in rules.items() if "default" in rule}
    read = pipelines.read(pipeline, plugins.find().backends, allow_files=False)
    return given | {"pipeline": read} | params


def _told(params: dict[str, Any], *, rows: bool = True) -> Expected:
    values = {"dataset": dataset(coco())} if rows else None
    return plans.forecast(params, {"dataset": BEFORE}, lambda: values).out["dataset"]


@pytest.mark.parametrize(
    ("pipeline", "params", "is_exact"),
    [
        (FLIP, {}, True),
        ([{"OneOf": {"transforms": [{"D4": {}}, {"RandomBrightnessContrast": {}}]}}], {}, True),
        (FLIP, {"min_side_px": 3}, False),
        ([{"CoarseDropout": {}}], {}, False),
        ([{"RandomRain": {}}], {}, False),
        ([{"Affine": {"rotate": 5}}], {}, False),
    ],
)
def test_boxes_are_exact_only_where_none_can_be_lost(
    pipeline: Any, params: dict[str, Any], is_exact: bool
) -> None:
    told = _told(_given(pipeline, copies=2, **params))
    assert told.images == Span.exact(6)
    assert told.boxes == (Span.exact(4) if is_exact else Span(0, 4))


@pytest.mark.parametrize(
    "params", [{"accept": {"max_lost": 0}}, {"unchanged": "skip"}, {"bad_images": "quarantine"}]
)
def test_copies_that_may_be_given_up_make_images_a_bound(params: dict[str, Any]) -> None:
    assert _told(_given(**params)).images == Span(0, 3)


def test_unknown_rows_give_bounds_by_the_numbers_that_are_known() -> None:
    assert _told(_given(copies=2), rows=False).images == Span.exact(6)
    where = _told(_given(where={"categories": ["cat"]}), rows=False)
    assert where.images == Span(0, 3)
    balanced = _given(balance={"boxes": 9, "max_copies": 4})
    assert _told(balanced, rows=False).images == Span(0, 12)


def test_classes_that_trade_places_have_the_sum_of_both_at_most() -> None:
    told = _told(_given(mirrored_categories=[["cat", "dog"]]))
    assert told.classes == {"cat": Span(0, 2), "dog": Span(0, 2)}
    assert told.boxes == Span.exact(2)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"copies": 2}, "makes 2 copies of each image by HorizontalFlip"),
        (
            {"where": {"categories": ["猫"], "fields": {"width": 64}}},
            "makes 1 copy of each image that has a box of 猫, width 64 by HorizontalFlip",
        ),
        (
            {"balance": {"boxes": 500, "max_copies": 8}},
            "copies images until classes have near 500 boxes, at most 8 times each "
            "by HorizontalFlip",
        ),
    ],
)
def test_it_says_how_many_copies_of_what_by_what(params: dict[str, Any], told: str) -> None:
    assert plans.tell(_given(**params)) == told
