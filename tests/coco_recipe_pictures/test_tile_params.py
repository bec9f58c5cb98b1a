"""Tiles have a size, and share less than all of themselves with their neighbours."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cv2")
from coco_recipe_pictures.tile import STEP

from coco_recipe import RecipeError
from coco_recipe.testing import Bench, dataset, run_step


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"slice_width": 0}, "with.slice_width"),
        ({"overlap_width_ratio": 1}, "with.overlap_width_ratio"),
        ({"min_visibility": -0.1}, "with.min_visibility"),
        ({"slice_height": 1.5}, "with.slice_height"),
    ],
)
def test_a_number_out_of_bounds_is_refused(
    params: dict[str, Any], told: str, tmp_path: Path
) -> None:
    sound = {"slice_width": 40, "slice_height": 30}
    with pytest.raises(RecipeError, match=told):
        run_step(STEP, Bench(tmp_path), dataset=dataset(), **(sound | params))
