"""The parameters of check_leakage name the reasons that pairs have."""

from typing import get_args

from coco_recipe_pictures.alike import pairs
from coco_recipe_pictures.alike.leak_params import REASONS


def test_reasons_are_those_of_pairs() -> None:
    assert (*REASONS, "nearest") == get_args(pairs.Reason)
