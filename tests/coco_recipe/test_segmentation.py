"""Compressed run-length masks are read as pycocotools writes them."""

import random

import pytest
from pycocotools import mask as masks

from coco_recipe.geometry.segmentation import checked_runs, runs_of


@pytest.mark.parametrize("seed", range(20))
def test_runs_are_those_that_were_packed(seed: int) -> None:
    chance = random.Random(seed)
    runs = [chance.choice((0, 1, 7, 31, 32, 900, 40_000)) + chance.randrange(40) for _ in range(61)]
    size = [sum(runs), 1]
    packed = masks.frPyObjects({"size": size, "counts": runs}, *size)["counts"].decode()
    assert runs_of(packed) == runs
    assert checked_runs({"size": size, "counts": packed}) == runs


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
        runs_of(counts)


def test_a_run_below_zero_is_told() -> None:
    with pytest.raises(ValueError, match="below 0: -1"):
        checked_runs({"size": [1, 2], "counts": "O3"})
