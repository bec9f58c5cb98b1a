"""repair: for each finding that names it, a data set with the fault, the repair, and the finding
gone.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco
from mending import ledger_of, repaired

from coco_recipe import coco_json
from coco_recipe.checks import row_checks
from coco_recipe.errors import RecipeError


def _found(data: dict[str, Any]) -> dict[str, str]:
    dataset = coco_json.parse(json.dumps(data).encode())
    return {finding.kind.name: finding.remedy for finding in row_checks.findings(dataset, "raw")}


def _changed(**keys: Any) -> dict[str, Any]:
    data = coco(names=("cat", "dog"))
    for key, value in keys.items():
        if value is None:
            del data["annotations"][0][key]
        else:
            data["annotations"][0][key] = value
    return data


TRIANGLE = [1, 2, 11, 2, 11, 12]
PAIRS: list[tuple[str, dict[str, Any], dict[str, Any], Any]] = [
    (
        "annotations_without_box",
        _changed(bbox=None, segmentation=[TRIANGLE], area=50),
        {"bbox": "from_segmentation"},
        ("bbox", [1, 2, 10, 10]),
    ),
    ("annotations_without_area", _changed(area=None), {"area": "recompute"}, ("area", 100)),
    ("annotations_without_crowd_flag", _changed(iscrowd=None), {"crowd": "fill"}, ("iscrowd", 0)),
    (
        "annotations_without_area",
        _changed(area=None, segmentation=[TRIANGLE]),
        {"area": "recompute"},
        ("area", 50),
    ),
    ("areas_not_positive", _changed(area=0), {"area": "recompute"}, ("area", 100)),
    ("area_not_of_box", _changed(area=7), {"area": "recompute"}, ("area", 100)),
    (
        "segmentations_flat",
        _changed(segmentation=TRIANGLE),
        {"segmentations": "flat_to_list"},
        ("segmentation", [TRIANGLE]),
    ),
    (
        "segmentations_of_pairs",
        _changed(segmentation=[[1, 2], [11, 2], [11, 12]]),
        {"segmentations": "pairs_to_list"},
        ("segmentation", [TRIANGLE]),
    ),
    (
        "segmentations_of_pairs",
        _changed(segmentation=[[[1, 2], [11, 2], [11, 12]]]),
        {"segmentations": ["pairs_to_list"]},
        ("segmentation", [TRIANGLE]),
    ),
    (
        "polygons_too_short",
        _changed(segmentation=[TRIANGLE, [1, 2, 3, 4]]),
        {"segmentations": "drop_degenerate"},
        ("segmentation", [TRIANGLE]),
    ),
    (
        "num_keypoints_at_odds",
        _changed(keypoints=[1, 2, 2, 0, 0, 0], num_keypoints=2),
        {"num_keypoints": "recompute"},
        ("num_keypoints", 1),
    ),
    ("unused_categories", coco(names=("cat", "dog", "cow")), {"categories": "drop_unused"}, None),
]


@pytest.mark.parametrize(
    ("kind", "data", "params", "mended"),
    PAIRS,
    ids=[f"{n}-{row[0]}" for n, row in enumerate(PAIRS)],
)
def test_the_remedy_that_a_finding_names_takes_it_away(
    kind: str, data: dict[str, Any], params: dict[str, Any], mended: Any, tmp_path: Path
) -> None:
    ((key, value),) = params.items()
    named = value[0] if isinstance(value, list) else value
    assert _found(data)[kind] == f"repair: {key}: {named}"
    out = repaired(tmp_path, data, **params)
    assert kind not in _found(out)
    if mended:
        old = data["annotations"][0].get(mended[0])
        assert out["annotations"][0][mended[0]] == mended[1]
        assert ledger_of(tmp_path) == [
            {"row": "annotation 1", "key": mended[0], "old": old, "new": mended[1]}
        ]


def test_texts_are_written_as_text(tmp_path: Path) -> None:
    data = coco(2, [])
    data["images"][0]["date_captured"], data["images"][1]["date_captured"] = 0, "today"
    assert _found(data)["texts_of_wrong_type"] == "repair: texts: to_text"
    assert [
        row["date_captured"] for row in repaired(tmp_path, data, texts="to_text")["images"]
    ] == ["0", "today"]
    assert ledger_of(tmp_path) == [
        {"row": "image 1 ('1.jpg')", "key": "date_captured", "old": 0, "new": "0"}
    ]


def test_licenses_that_are_none_go(tmp_path: Path) -> None:
    data = coco(5, [], licenses=[{"id": 2, "name": "MIT"}])
    for row, value in zip(data["images"], ("CC", 2, -1, None, 3), strict=True):
        row["license"] = value
    assert _found(data)["licenses_of_wrong_type"] == "repair: licenses: drop"
    out = repaired(tmp_path, data, licenses="drop")["images"]
    assert [row.get("license", "none") for row in out] == ["none", 2, "none", None, "none"]
    assert [(line["old"], line["new"]) for line in ledger_of(tmp_path)] == [
        ("CC", None),
        (-1, None),
        (3, None),
    ]


def test_rows_that_are_right_stay_as_they_are(tmp_path: Path) -> None:
    data = _changed(
        bbox=[1.25, 2, 9.5, 10],
        area=95.004,
        segmentation=[[1.3, 2, 10.7, 2, 10.7, 12.1, 1.3, 12.1]],
    )
    out = repaired(
        tmp_path,
        data,
        bbox="from_segmentation",
        area="recompute",
        segmentations=["drop_degenerate", "flat_to_list"],
    )
    assert out["annotations"] == data["annotations"]
    assert ledger_of(tmp_path) == []


def test_computed_numbers_carry_no_dust(tmp_path: Path) -> None:
    data = _changed(bbox=[0.1, 0.2, 10.1, 24.825], area=None)
    assert repaired(tmp_path, data, area="recompute")["annotations"][0]["area"] == 250.73


def test_a_repair_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="mends nothing"):
        repaired(tmp_path, coco())
