"""Keypoints whose number, flags or count is at odds with the class or with each other."""

from typing import Any

import pytest
from rows_found import Find, changed, rows_found

from coco_recipe.checks import keypoints

NAMES = ["nose", "tail"]
SOUND = [1, 1, 2, 3, 3, 1]


def _data(points: list[Any], count: int | None = None) -> dict[str, Any]:
    data = changed("annotations", {"keypoints": points, "num_keypoints": count})
    data["categories"][0]["keypoints"] = NAMES
    return data


@pytest.mark.parametrize(
    ("find", "points", "count"),
    [
        (keypoints.keypoint_number, [1, 1, 2], 1),
        (keypoints.keypoint_number, [*SOUND, 5, 5, 2], 3),
        (keypoints.keypoint_flags, [1, 1, 3, 3, 3, 1], 2),
        (keypoints.keypoint_flags, [1, 1, 0.5, 3, 3, 1], 2),
        (keypoints.keypoint_counts, SOUND, 1),
        (keypoints.keypoint_counts, [1, 1, 2, 0, 0, 0], 2),
    ],
)
def test_wrong_keypoints_are_found(find: Find, points: list[Any], count: int) -> None:
    assert rows_found(find, _data(points, count)) == ["annotation 1"]


@pytest.mark.parametrize(
    "find", [keypoints.keypoint_number, keypoints.keypoint_flags, keypoints.keypoint_counts]
)
def test_sound_ones_are_none(find: Find) -> None:
    assert not rows_found(find, _data(SOUND, 2))
    assert not rows_found(find, _data([1, 1, 2, 0, 0, 0], 1))
