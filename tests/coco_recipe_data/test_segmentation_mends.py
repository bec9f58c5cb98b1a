"""Mends of a segmentation's form: each mends its own fault, and leaves all else as it is."""

from typing import Any

import pytest
from coco_recipe_data.segmentation_mends import MENDED, NAMES, mended

from coco_recipe.testing import coco, dataset, run_step

TRIANGLE = [1, 2, 11, 2, 11, 12]
MASK = {"size": [2, 3], "counts": [1, 2, 3]}


@pytest.mark.parametrize(
    ("mend", "before", "after"),
    [
        ("close", [TRIANGLE], [[*TRIANGLE, 1, 2]]),
        ("close", [[1, 2, 11, 2]], [[1, 2, 11, 2]]),  # two points are no ring
        ("flat_to_list", TRIANGLE, [TRIANGLE]),
        ("pairs_to_list", [[1, 2], [11, 2], [11, 12]], [TRIANGLE]),
        ("pairs_to_list", [[[1, 2], [11, 2], [11, 12]], TRIANGLE], [TRIANGLE, TRIANGLE]),
        ("drop_degenerate", [TRIANGLE, [1, 2, 3, 4], [1, 2, 3], [0, 0, 1, 1, 2, 2]], [TRIANGLE]),
        ("to_numbers", [["1", "2", "11", "2", "11", "12"]], [TRIANGLE]),
    ],
)
def test_a_mend_mends_its_fault_once(mend: str, before: Any, after: Any) -> None:
    assert mended(before, mend) == after
    assert mended(after, mend) == after


@pytest.mark.parametrize("mend", NAMES)
@pytest.mark.parametrize("value", [None, [], MASK, [[*TRIANGLE, 1, 2]]], ids=str)
def test_what_is_right_goes_through(mend: str, value: Any) -> None:
    assert mended(value, mend) == value


def test_every_mend_says_which_findings_are_gone_behind_it() -> None:
    assert {*MENDED} == {*NAMES}


def test_repair_closes_rings_and_makes_crowds() -> None:
    from coco_recipe_data.repair import STEP

    data = coco()
    data["annotations"][0]["segmentation"] = [TRIANGLE]
    params = {"segmentations": "close", "crowd": {"categories": ["dog"]}}
    out = run_step(STEP, dataset=dataset(data), **params).value
    assert bytes(out.annotations[0].segmentation) == b"[[1,2,11,2,11,12,1,2]]"
    assert [row.iscrowd for row in out.annotations] == [0, 1]
