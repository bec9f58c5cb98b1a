"""Run-length masks whose runs don't make up their picture."""

from typing import Any

import pytest
from rows_found import changed, rows_found, values_found

from coco_recipe.checks import masks

SIDES = [48, 64]
AREA = 48 * 64


@pytest.mark.parametrize(
    ("size", "counts", "told"),
    [
        (SIDES, [10, AREA], f"the runs of a mask of 48x64 sum to {AREA + 10}, not to {AREA}"),
        (SIDES, [10, -5, AREA - 5], "a run of a mask of 48x64 is below 0: -5"),
        (SIDES, [0.5, AREA - 0.5], "a run of a mask isn't a whole number"),
        (SIDES, [10.0, AREA - 10], "the run 10.0 isn't written as a whole number"),
        (SIDES, "0\x7f", "can't stand in a compressed mask"),
        ([-1, 64], [0], "size [-1,64] is no height and width in pixels"),
        ([2**32, 1], [0], "is no height and width in pixels"),
    ],
)
def test_wrong_runs_are_found_with_the_reason(size: Any, counts: Any, told: str) -> None:
    data = changed("annotations", {}, {"segmentation": {"size": size, "counts": counts}})
    assert rows_found(masks.wrong_runs, data) == ["annotation 2"]
    (value,) = values_found(masks.wrong_runs, data)
    assert told in value


@pytest.mark.parametrize("counts", [[AREA], [0, AREA], [1, 2, AREA - 3], "0P0"])
def test_sound_runs_are_none(counts: Any) -> None:
    size = [16, 1] if counts == "0P0" else SIDES
    counts = [6, 1, 9] if counts == "0P0" else counts
    mask = {"size": size, "counts": counts}
    assert not rows_found(masks.wrong_runs, changed("annotations", {"segmentation": mask}))
