"""Findings of segmentations: one data set with the fault for each kind, and the message that it
gives.
"""

import json
from typing import Any

import pytest
from builders import coco

pytest.importorskip("numpy")

from coco_recipe_pictures.checks import mask_checks, mask_kinds

from coco_recipe import coco_json

SQUARE = [1, 2, 11, 2, 11, 12, 1, 12]
FLAT = [n + side for n in range(20) for side in (1, 2)]  # the checks of rows tell shorter ones
MASK = {"size": [48, 64], "counts": [1 * 48 + 2, 10, 3072 - 60]}
BOW_TIE = [
    1,
    2,
    11,
    12,
    11,
    2,
    *[side for n in range(30) for side in (11 - n / 3, 2 + n / 3)],
    1,
    12,
]
CASES: list[tuple[str, dict[str, Any], str]] = [
    (
        "segmentations_of_no_area",
        {"segmentation": [FLAT]},
        "1 segmentation has no area: annotation 1: [[1, 2, 2, 3, 3, 4, 4, 5, ",
    ),
    (
        "polygons_too_short",
        {"segmentation": [SQUARE, [*BOW_TIE, 3], SQUARE]},
        "1 polygon has an odd number of coordinates or fewer than 6: annotation 1: 1 "
        "polygon has an odd number",
    ),
    (
        "polygons_of_no_area",
        {"segmentation": [SQUARE, [1, 2, 3, 4, 5, 6]]},
        "1 segmentation has polygons of no area beside others: annotation 1: 1 of 2",
    ),
    (
        "segmentations_outside",
        {"segmentation": [[70, 2, 80, 2, 80, 12]], "bbox": [70, 2, 10, 10]},
        "1 segmentation lies outside of its picture: annotation 1: x 70 to 80, y 2 to 12 "
        "in 64x48 px",
    ),
    (
        "segmentations_past_the_edge",
        {"segmentation": [[60, 2, 70, 2, 70, 12]]},
        "1 segmentation reaches out of its picture: annotation 1: x 60 to 70, y 2 to 12 in "
        "64x48 px",
    ),
    (
        "segmentations_far_outside",
        {"segmentation": [[1, 2, 5000, 2, 5000, 12]]},
        "1 segmentation has vertices far outside of its picture: annotation 1: x 1 to 5000",
    ),
    (
        "bbox_not_of_segmentation",
        {"segmentation": [SQUARE], "bbox": [1, 2, 30, 30]},
        "1 box is at odds with its segmentation: annotation 1: bbox [1, 2, 30, 30], "
        "segmentation [1, 2, 10, 10]",
    ),
    (
        "area_not_of_segmentation",
        {"segmentation": [SQUARE], "area": 500},
        "1 area is at odds with its segmentation: annotation 1: area 500, segmentation 100",
    ),
    (
        "crowds_with_polygons",
        {"segmentation": [SQUARE], "iscrowd": 1},
        "1 crowd (iscrowd 1) has polygons, where COCO has a run-length mask: annotation 1",
    ),
]


@pytest.mark.parametrize(("kind", "change", "text"), CASES, ids=[case[0] for case in CASES])
def test_each_kind_is_found_with_number_row_and_value(
    kind: str, change: dict[str, Any], text: str
) -> None:
    found = _found(change)
    assert str(found[kind]).startswith(f"raw: {text}")


def _found(change: dict[str, Any]) -> dict[str, Any]:
    data = coco(1, [(1, 1), (1, 2)])
    data["annotations"][0] |= change
    dataset = coco_json.parse(json.dumps(data).encode())
    return {finding.kind.name: finding for finding in mask_checks.check(dataset, "raw")}


def test_every_kind_has_a_case() -> None:
    assert {case[0] for case in CASES} == {kind.name for kind in mask_kinds.KINDS}


@pytest.mark.parametrize(
    "change",
    [
        {"segmentation": [SQUARE]},
        {"segmentation": []},
        {"segmentation": MASK, "bbox": [1, 2, 1, 10], "area": 10},
        {"segmentation": MASK, "bbox": [1, 2, 1, 10], "area": 10, "iscrowd": 1},
        {},
        {"segmentation": [BOW_TIE]},
    ],
    ids=str,
)
def test_a_sound_segmentation_has_none(change: dict[str, Any]) -> None:
    assert _found(change) == {}


@pytest.mark.parametrize("counts", [[1, 2], "abc", [5000, -5], None], ids=str)
def test_masks_that_cannot_be_read_are_left_to_the_checks_of_rows(counts: Any) -> None:
    assert _found({"segmentation": MASK | {"counts": counts}}) == {}


@pytest.mark.parametrize("width", [0, None, -3])
@pytest.mark.parametrize(
    "polygon", [[70, 2, 80, 2, 80, 12], [-30, 2, -20, 2, -20, 12], [1, 2, 1e9, 2, 1e9, 12]], ids=str
)
def test_an_image_of_unknown_size_judges_no_segmentation(
    polygon: list[float], width: int | None
) -> None:
    data = coco(1, [(1, 1)])
    data["images"][0].pop("width")
    data["images"][0] |= {} if width is None else {"width": width}
    left, right = min(polygon[0::2]), max(polygon[0::2])
    area = (right - left) * 5
    data["annotations"][0] |= {
        "segmentation": [polygon],
        "bbox": [left, 2, right - left, 10],
        "area": area,
    }
    assert list(mask_checks.check(coco_json.parse(json.dumps(data).encode()), "raw")) == []
