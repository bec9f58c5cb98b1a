"""What findings a repair's parameters mend, take in or refuse."""

from typing import Any

import pytest
from coco_recipe_data import mended_kinds


@pytest.mark.parametrize(
    ("parameters", "kinds"),
    [
        ({"area": "to_numbers"}, set()),
        ({"area": "recompute"}, {"area_not_of_box", "areas_of_wrong_type"}),
        ({"file_names": {"trim": True}}, {"missing_pictures", "unsafe_file_names"}),
        ({"num_keypoints": "recompute"}, {"num_keypoints_at_odds"}),
    ],
)
def test_what_is_gone_behind_a_parameter(parameters: dict[str, Any], kinds: set[str]) -> None:
    found = set(mended_kinds.mends(parameters))
    assert found >= kinds
    assert bool(found) == bool(kinds)


def test_several_mends_of_segmentations_add_up() -> None:
    one = set(mended_kinds.mends({"segmentations": "drop_degenerate"}))
    other = set(mended_kinds.mends({"segmentations": ["flat_to_list"]}))
    both = set(mended_kinds.mends({"segmentations": ["flat_to_list", "drop_degenerate"]}))
    assert one
    assert other
    assert both == one | other


def test_reading_and_making_anew_are_two() -> None:
    assert set(mended_kinds.understands({"bbox": "to_numbers"})) == {"boxes_of_wrong_type"}
    assert not set(mended_kinds.understands({"bbox": "from_segmentation"}))
    assert set(mended_kinds.refuses({"bbox": "from_segmentation"})) == {"masks_with_wrong_runs"}
    assert not set(mended_kinds.refuses({"bbox": "to_numbers", "sizes": "to_numbers"}))
    assert "cut_off_pictures" in set(mended_kinds.refuses({"sizes": "from_pictures"}))
