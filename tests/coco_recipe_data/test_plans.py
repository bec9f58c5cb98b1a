"""What steps on rows say before a run; end_to_end/test_planned_counts tries that it holds."""

from typing import Any

import pytest
from coco_recipe_data import plans

from coco_recipe import Expected, Span, plugins

BEFORE = Expected(Span(5, 9), Span(6, 20), Span(0, 4), {"cat": Span(4, 12), "dog": Span(2, 8)})


def _rules(use: str, **given: Any) -> dict[str, Any]:
    """Return parameters with their defaults."""
    rules = plugins.find().offers[use].step.params["properties"]
    return {name: rule["default"] for name, rule in rules.items() if "default" in rule} | given


def _nothing() -> None:
    return None


def test_classes_that_are_dropped_take_their_boxes_and_perhaps_images() -> None:
    kept = plans.filter_categories(
        _rules("filter_categories", drop=["dog"]), {"dataset": BEFORE}, _nothing
    ).out["dataset"]
    assert (kept.images, kept.boxes, kept.negatives) == (Span(5, 9), Span(0, 18), Span(0, 9))
    assert kept.classes == {"cat": Span(4, 12)}
    params = _rules("filter_categories", keep=["cat"], images_left_empty="drop")
    fewer = plans.filter_categories(params, {"dataset": BEFORE}, _nothing).out["dataset"]
    assert (fewer.images, fewer.negatives) == (Span(0, 9), Span(0, 4))


def test_ids_of_categories_leave_their_numbers_open() -> None:
    params = _rules("filter_categories", drop=[3])
    kept = plans.filter_categories(params, {"dataset": BEFORE}, _nothing).out["dataset"]
    assert kept.boxes == Span(0, 20)


def test_joined_categories_have_the_boxes_of_both() -> None:
    params = _rules("map_categories", map={"cat": "pet", "dog": "pet"})
    found = plans.map_categories(params, {"dataset": BEFORE}, _nothing).out["dataset"]
    assert found.classes == {"pet": Span(6, 20)}


@pytest.mark.parametrize(
    ("use", "given", "told"),
    [
        (
            "filter_categories",
            {"drop": ["背景"], "images_left_empty": "drop"},
            "drops the category 背景, and images that have no other box",
        ),
        ("filter_categories", {"keep": ["a", "b"]}, "keeps only the categories a, b"),
        (
            "filter_annotations",
            {"min_side_px": 4, "no_area": "drop", "past_the_edge": "clip"},
            "drops boxes with a side under 4 px, boxes of no area; clips what reaches past the "
            "edge",
        ),
        ("filter_annotations", {}, "stops at boxes past the edge or of no area"),
        (
            "map_categories",
            {"map": {"sedan": "car", "van": "car", "bus": "coach"}},
            "joins sedan, van as car, calls bus coach",
        ),
        ("map_categories", {}, "leaves the categories as they are"),
        ("reindex", {}, "numbers images from 1, annotations from 1 anew"),
        ("repair", {"area": "recompute"}, "mends area: recompute"),
        ("merge", {}, "joins the data sets, and stops at equal file names"),
        (
            "split",
            {"fractions": {"train": 0.8, "val": 0.2}, "group_by": {"field": "video_id"}},
            "divides into train (0.8), val (0.2); images of one field video_id stay together",
        ),
        ("split", {"every": 5}, "puts each 5th family of images into val, the others into train"),
        ("split", {"folds": 5, "method": "hash"}, "divides into 5 equal parts by method hash"),
        ("add_segmentation", {}, "gives each box without a segmentation its rectangle as one"),
        (
            "export_coco",
            {"images": "none", "to": "data"},
            "writes annotations without pictures in COCO's layout, and publishes them in data",
        ),
    ],
)
def test_each_step_says_what_its_parameters_do(use: str, given: dict[str, Any], told: str) -> None:
    step = plugins.find().offers[use].step
    assert step.tell is not None
    assert step.tell(_rules(use, **given)) == told


@pytest.mark.parametrize(
    ("every", "told"),
    [(2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (21, "21st"), (112, "112th")],
)
def test_families_are_counted_in_english(every: int, told: str) -> None:
    assert f"puts each {told} family of images" in plans.tell_split({"every": every})
