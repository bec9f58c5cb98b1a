"""Areas, boxes and runs of segmentations; pycocotools is the oracle of its own strings."""

import random
from typing import Any

import pytest

from coco_recipe.geometry import segmentation

BOW_TIE = [0, 0, 4, 4, 4, 0, 0, 4]
SQUARE = [1, 1, 5, 1, 5, 5, 1, 5]
FAR = [1e9, 1e9, 1e9 + 2, 1e9, 1e9 + 2, 1e9 + 2, 1e9, 1e9 + 2]


@pytest.mark.parametrize(
    ("polygon", "area", "is_flat"),
    [
        (SQUARE, 16, False),
        (BOW_TIE, 0, False),
        (FAR, 4, False),
        ([0, 0, 1, 1, 2, 2], 0, True),
        ([0, 0, 1, 1], 0, True),
        ([], 0, True),
    ],
)
def test_a_polygon_has_its_area_and_is_flat_only_on_a_line(
    polygon: list[float], area: float, is_flat: bool
) -> None:
    assert segmentation.polygon_area(polygon) == area
    assert segmentation.is_flat(polygon) is is_flat


@pytest.mark.parametrize(
    ("value", "area", "box"),
    [
        ([SQUARE, [10, 10, 12, 10, 12, 12, 10, 12]], 20, (1, 1, 11, 11)),
        ([[0, 0, 1, 1, 2, 2]], 0, None),
        (None, 0, None),
        ({"size": [4, 3], "counts": [5, 2, 5]}, 2, (1, 1, 1, 2)),
        ({"size": [4, 3], "counts": [3, 2, 7]}, 2, (0, 0, 2, 4)),
        ({"size": [4, 3], "counts": [12]}, 0, None),
    ],
)
def test_area_and_box_of_what_is_covered(value: Any, area: float, box: Any) -> None:
    assert segmentation.segmentation_area(value) == area
    assert segmentation.segmentation_box(value) == box
    assert segmentation.has_area(value) is (box is not None)


@pytest.mark.parametrize("runs", [[0, 12], [5, 2, 5], [1, 1, 1, 1, 8], [3, 4, 5]])
def test_runs_are_read_from_both_forms(runs: list[int]) -> None:
    mask = pytest.importorskip("pycocotools.mask")
    packed = mask.frPyObjects({"size": [4, 3], "counts": runs}, 4, 3)["counts"].decode()
    assert segmentation.runs_of(packed) == runs
    assert segmentation.runs_of(runs) == runs
    assert segmentation.checked_runs({"size": [4, 3], "counts": packed}) == runs


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([5, 2, 4], "sum to 11, not to 12"),
        ([-1, 13], "is below 0: -1"),
        ([1.5, 10.5], "isn't a whole number"),
        ([True, 11], "isn't a whole number"),
        ("\x1f", "can't stand in a compressed mask"),
        ("P", "ends in the middle of a run"),
    ],
)
def test_runs_that_cannot_be_are_refused(counts: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        segmentation.checked_runs({"size": [4, 3], "counts": counts})


@pytest.mark.parametrize("seed", range(20))
def test_runs_are_those_that_were_packed(seed: int) -> None:
    masks = pytest.importorskip("pycocotools.mask")
    chance = random.Random(seed)
    runs = [chance.choice((0, 1, 7, 31, 32, 900, 40_000)) + chance.randrange(40) for _ in range(61)]
    size = [sum(runs), 1]
    packed = masks.frPyObjects({"size": size, "counts": runs}, *size)["counts"].decode()
    assert segmentation.runs_of(packed) == runs
    assert segmentation.checked_runs({"size": size, "counts": packed}) == runs


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ("12p", "the letter 'p' can't stand"),
        ("1 2", "the letter ' ' can't stand"),
        ("1\u4eba", "the letter '人' can't stand"),
        ("12`", "ends in the middle of a run"),
    ],
)
def test_a_text_that_is_no_mask_is_told(counts: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        segmentation.runs_of(counts)


def test_a_run_below_zero_is_told() -> None:
    with pytest.raises(ValueError, match="below 0: -1"):
        segmentation.checked_runs({"size": [1, 2], "counts": "O3"})
