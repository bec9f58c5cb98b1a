"""Keypoints are joined by name, with their skeletons and the values for each."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe
from merging import merged

from coco_recipe.errors import DatasetError, StepError
from coco_recipe.running import stages


def _person(
    names: list[str] | None,
    rows: list[list[float]],
    skeleton: list[list[int]] | None = None,
    **other: Any,
) -> dict[str, Any]:
    data = coco(1, [(1, 1)] * len(rows), ["person"])
    if names is not None:
        data["categories"][0] |= {"keypoints": names, **other}
    if skeleton is not None:
        data["categories"][0]["skeleton"] = skeleton
    for row, points in zip(data["annotations"], rows, strict=True):
        row |= {"keypoints": points, "num_keypoints": sum(v > 0 for v in points[2::3])}
    return data


def test_keypoints_in_another_order_are_joined_by_name(tmp_path: Path) -> None:
    first = _person(["left_eye", "right_eye"], [[1, 1, 2, 2, 2, 1]], [[1, 2]])
    second = _person(
        ["right_eye", "nose", "left_eye"], [[20, 20, 2, 30, 30, 1, 10, 10, 2]], [[3, 1], [1, 2]]
    )
    data = merged(tmp_path, first, second)
    (category,) = data["categories"]
    assert category["keypoints"] == ["left_eye", "right_eye", "nose"]
    assert category["skeleton"] == [[1, 2], [2, 3]]
    assert [row["keypoints"] for row in data["annotations"]] == [
        [1, 1, 2, 2, 2, 1, 0, 0, 0],
        [10, 10, 2, 20, 20, 2, 30, 30, 1],
    ]
    assert [row["num_keypoints"] for row in data["annotations"]] == [2, 3]


def test_equal_keypoints_and_rows_without_any_stay_as_they_are(tmp_path: Path) -> None:
    first = _person(["a", "b"], [[1, 1, 2, 2, 2, 1]], [[2, 1]])
    data = merged(tmp_path, first, copy.deepcopy(first), coco(1, [(1, 1)], ["person"]))
    assert data["categories"][0]["skeleton"] == [[2, 1]]
    assert [row.get("keypoints") for row in data["annotations"]] == [[1, 1, 2, 2, 2, 1]] * 2 + [
        None
    ]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            _person(None, [[1, 1, 2, 2, 2, 1]]),
            r"annotation 2 of b: has 6 numbers in 'keypoints', and category 'person' of b "
            r"has no list of keypoint names, .* write the list 'keypoints' into this",
        ),
        (_person(["b", "a"], [[1, 1, 2]]), r"annotation 2: 3 numbers for 2 keypoints"),
        (_person(["b", "b"], [[1, 1, 2, 2, 2, 1]]), r"are no list of different names"),
        (
            _person(["b", "a"], [[1, 1, 2, 2, 2, 1]], [[0, 1]]),
            r"the edge \[0, 1\] of its skeleton names no two of its 2 .* add 1 to",
        ),
        (
            _person(["b", "a"], [[1, 1, 2, 2, 2, 1]], [[1, 3]]),
            r"of b: the edge \[1, 3\] .* mend the skeleton, or remove it",
        ),
    ],
)
def test_keypoints_that_no_name_joins_are_refused(
    second: dict[str, Any], message: str, tmp_path: Path
) -> None:
    second["annotations"][0]["id"] = 2
    with pytest.raises((StepError, DatasetError), match=message):
        merged(tmp_path, _person(["a", "b"], [[1, 1, 2, 2, 2, 1]]), second)


def test_a_list_with_a_value_for_each_keypoint_is_not_left_too_short(tmp_path: Path) -> None:
    first = _person(["a", "b"], [[1, 1, 2, 2, 2, 1]], sigmas=[0.1, 0.2])
    with pytest.raises(
        StepError,
        match=r"'sigmas' has a value for each of its 2 keypoints, and 1 more come to it \(c\)",
    ):
        merged(tmp_path, first, _person(["c"], [[1, 1, 2]]))


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        ("keypoint_scores", [0.2, 0.1], [0.1, 0.2, 0]),
        ("keypoints_conf", [[2, 2], [1, 1]], [[1, 1], [2, 2], [0, 0]]),
        ("keypoints_3d", [2, 2, 2, 2, 1, 1, 1, 1], [1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0]),
        ("keypoint_seen", [True, False], [False, True, False]),
    ],
)
def test_values_for_each_keypoint_follow(
    key: str, values: list[Any], expected: list[Any], tmp_path: Path
) -> None:
    first = _person(["a", "b", "c"], [[1, 1, 2, 2, 2, 1, 0, 0, 0]])
    second = _person(["b", "a"], [[2, 2, 2, 1, 1, 2]])
    second["annotations"][0][key] = values
    row = merged(tmp_path, first, second)["annotations"][1]
    assert (row["keypoints"], row[key]) == ([1, 1, 2, 2, 2, 2, 0, 0, 0], expected)
    second["annotations"][0][key] = [1, 2, 3]
    with pytest.raises(
        StepError,
        match=f"annotation 1 of b: '{key}' has 3 values for the 2 keypoints .* or remove it",
    ):
        merged(tmp_path, first, second)


def test_map_categories_joins_keypoints_by_name_too(tmp_path: Path) -> None:
    data = coco(1, [(1, 1), (1, 2)], ["cat", "dog"])
    data["categories"][0]["keypoints"], data["categories"][1]["keypoints"] = (
        ["nose", "tail"],
        ["tail", "nose"],
    )
    data["annotations"][0]["keypoints"] = [1, 1, 2, 9, 9, 2]
    data["annotations"][1]["keypoints"] = [9, 9, 2, 1, 1, 2]
    step = {
        "id": "x",
        "use": "map_categories",
        "in": "raw",
        "with": {"map": {"cat": "pet", "dog": "pet"}},
    }
    stages.run(stages.prepare(write_recipe(tmp_path, [step], data)), out=tmp_path / "out")
    out = json.loads((tmp_path / "out/steps/x/dataset.json").read_text("utf-8"))
    assert [row["keypoints"] for row in out["annotations"]] == [[1, 1, 2, 9, 9, 2]] * 2
