"""filter_annotations refuses, clips or drops boxes by rule, and counts what it did."""

from typing import Any

import pytest
from coco_recipe_data.filter_annotations import STEP

from coco_recipe import StepError
from coco_recipe.testing import coco, dataset, run_step

BOXES = ([1, 2, 10, 10], [-4, 2, 10, 10], [60, 40, 10, 10], [5, 5, 0, 3])


def _edgy() -> dict[str, Any]:
    data = coco(1, [(1, 1)] * 4)
    for row, box in zip(data["annotations"], BOXES, strict=True):
        row["bbox"] = box
    return data


def test_bad_boxes_are_refused_by_default() -> None:
    told = r"3 annotations are not valid: annotation 2 on image 1 \('1.jpg'\) reaches out"
    with pytest.raises(StepError, match=told):
        run_step(STEP, dataset=dataset(_edgy()))


def test_boxes_are_clipped_and_dropped_and_counted() -> None:
    outcome = run_step(STEP, dataset=dataset(_edgy()), past_the_edge="clip", no_area="drop")
    assert [(row.bbox, row.area) for row in outcome.value.annotations] == [
        ((1, 2, 10, 10), 100),
        ((0, 2, 6, 10), 60),
        ((60, 40, 4, 8), 32),
    ]
    assert outcome.notes["clipped_boxes"] == 2
    assert [row["id"] for row in outcome.dropped] == [4]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ({"min_side_px": 5}, [1, 3]),
        ({"min_area_px": 60}, [1, 3]),
        ({"max_area_px": 60}, [2]),
        ({"max_aspect_ratio": 3}, [1, 3]),
        ({"crowd": "drop"}, [1, 2]),
    ],
)
def test_boxes_go_by_rule(rule: dict[str, Any], kept: list[int]) -> None:
    data = coco(1, [(1, 1)] * 3)
    data["annotations"][1]["bbox"] = [1, 1, 4, 13]
    data["annotations"][2]["iscrowd"] = 1
    outcome = run_step(STEP, dataset=dataset(data), **rule)
    assert [row.id for row in outcome.value.annotations] == kept
    assert sorted(kept + [row["id"] for row in outcome.dropped]) == [1, 2, 3]
