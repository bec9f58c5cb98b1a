"""merge keeps each image's own license: equal ones once, others renumbered, and none that another
file gives.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from builders import coco
from merging import kinds_found, merged

from coco_recipe.errors import StepError


def _licensed(names: list[str], *used: Any) -> dict[str, Any]:
    data = coco(
        len(used), [], licenses=[{"id": n, "name": name} for n, name in enumerate(names, 1)]
    )
    for image, value in zip(data["images"], used, strict=True):
        image["license"] = value
    return data


def test_images_follow_licenses_that_are_renumbered(tmp_path: Path) -> None:
    data = merged(
        tmp_path,
        _licensed(["CC", "MIT"], 1),
        _licensed(["GPL", "MIT"], 1, 2.0, None),
        _licensed(["GPL"], 1),
    )
    assert [(row["id"], row["name"]) for row in data["licenses"]] == [
        (1, "CC"),
        (2, "MIT"),
        (3, "GPL"),
    ]
    assert [row["license"] for row in data["images"]] == [1, 3, 2.0, None, 3]
    assert "licenses_unlisted" not in kinds_found(tmp_path)


@pytest.mark.parametrize("second", [_licensed(["GPL"], 1, 3), _licensed([], 1, 3)])
def test_a_license_of_another_file_is_refused(second: dict[str, Any], tmp_path: Path) -> None:
    second["images"] = second["images"][1:]
    with pytest.raises(
        StepError,
        match=re.escape(
            "1 image has a license that 'licenses' of b lacks and another data set has: "
            "image 2 ('2.jpg') has license 3, "
            "which after the merge would be that of a; add the row to 'licenses' of b, or "
            "repair: licenses: drop above"
        ),
    ):
        merged(tmp_path, _licensed(["CC", "MIT", "BSD"], 1), second)


def test_a_license_that_a_later_one_would_take_is_refused_too(tmp_path: Path) -> None:
    with pytest.raises(
        StepError, match=r"'licenses' of a lacks .* image 1 \('1.jpg'\) has license 2, .* that of b"
    ):
        merged(tmp_path, _licensed(["CC"], 2), _licensed(["GPL"], 1))


def test_a_license_that_no_file_lists_is_kept_and_found(tmp_path: Path) -> None:
    data = merged(tmp_path, _licensed(["CC"], 1), _licensed(["CC"], 9))
    assert [row["license"] for row in data["images"]] == [1, 9]
    assert kinds_found(tmp_path) == ["licenses_unlisted"]
