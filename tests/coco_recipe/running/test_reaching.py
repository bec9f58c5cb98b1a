"""Rows at which a step would stop are told before any step runs, with row, reason and remedy."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

cv2 = pytest.importorskip("cv2")
np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")

FLIP = [{"HorizontalFlip": {"p": 1}}]
SWAPPED = {"segmentation": {"size": [64, 48], "counts": [100, 20, 2952]}}  # of a turned picture
FAR = {"segmentation": [[1, 2, 2e6, 2, 11, 12]]}
STOPPING = "more: 1 row can't be taken by the step: annotation"


def _step(use: str, read: str, name: str = "x", /, **params: Any) -> dict[str, Any]:
    return {"id": name, "use": use, "in": read, "with": params}


def _told(folder: Path, change: dict[str, Any], *steps: dict[str, Any]) -> tuple[int, str, str]:
    """Return the exit code of a run, of a plan's text, and what both tell of a data set of two
    images.
    """
    data = coco(2, [(1, 1), (2, 2)])
    data["annotations"][1] |= change
    (folder / "images").mkdir()
    for n in (1, 2):
        cv2.imwrite(str(folder / f"images/{n}.jpg"), np.full((48, 64, 3), 40 * n, np.uint8))
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    write_recipe(folder, steps, data, inputs=inputs)
    planned = command("plan", "recipe.yaml", cwd=folder)
    done = command("run", "recipe.yaml", cwd=folder)
    return done.returncode, done.stdout + done.stderr, planned.stdout + planned.stderr


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (SWAPPED, "has a mask of [64, 48] (height, width), its image is of [48, 64]"),
        (FAR, "has a polygon with a vertex at 2000000 px"),
        (
            {"segmentation": [[1, 2, 11, 2, 11, 12, -1e7, 12]]},
            "has a polygon with a vertex at -10000000 px",
        ),
        (
            {"segmentation": [[1, 2, 2e6, 12, 2e6, 2, 1, 12]]},
            "has a polygon with a vertex at 2000000 px",
        ),
        (
            {"segmentation": [[1, 2, 11, 2, 11, 12], [1, 1, 3e6, 1, 2e6, 1]]},
            "has a polygon with a vertex at 3000000 px",
        ),
        ({"keypoints": [5, 5, 2, -3e6, 5, 1]}, "has a keypoint at -3000000 px"),
        ({"bbox": [60, 2, 10, 10]}, "has the box [60.0, 2.0, 10.0, 10.0]"),
    ],
    ids=["mask", "far", "far left", "bow tie", "far line", "keypoint", "box"],
)
def test_rows_that_cannot_be_moved_stop_the_run_before_any_step(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    steps = [
        _step("reindex", "raw", "ids", images=0, annotations=0),
        _step("augment", "ids", "more", pipeline=FLIP, mirrored_keypoints=[]),
    ]
    code, ran, planned = _told(tmp_path, change, *steps)
    assert code == 1
    for text in (ran, planned):
        assert f"{STOPPING} 1 on image 1 ('2.jpg'): {reason.replace('.0', '')}" in text.replace(
            ".0", ""
        )
        assert "rows_that_stop_a_step" in text
    assert not list((tmp_path / "runs").glob("*/steps/*"))


def test_a_number_that_no_float_holds_is_told_before_any_step(tmp_path: Path) -> None:
    ring = [[*range(1, 41), 10**350, *range(1, 41), 7]]
    steps = [_step("reindex", "raw", "ids"), _step("augment", "ids", "more", pipeline=FLIP)]
    code, ran, planned = _told(tmp_path, {"segmentation": ring}, *steps)
    assert code == 1
    for text in (ran, planned):
        assert "segmentations_of_unknown_form" in text
    assert not list((tmp_path / "runs").glob("*/steps/*"))


@pytest.mark.slow
@pytest.mark.parametrize("change", [SWAPPED, FAR], ids=["mask", "far"])
def test_rows_that_do_not_come_to_a_step_stop_nothing(
    change: dict[str, Any], tmp_path: Path
) -> None:
    steps = [
        _step("filter_categories", "raw", "cats", keep=["cat"]),
        _step("augment", "cats", "more", pipeline=FLIP),
    ]
    code, ran, planned = _told(tmp_path, change, *steps)
    assert code == 0, ran
    assert "rows_that_stop_a_step" not in ran + planned


@pytest.mark.slow
@pytest.mark.parametrize("change", [SWAPPED, FAR], ids=["mask", "far"])
def test_rows_of_pictures_without_copies_stop_nothing(
    change: dict[str, Any], tmp_path: Path
) -> None:
    where = {"categories": ["cat"]}
    code, ran, _ = _told(
        tmp_path, change, _step("augment", "raw", "more", pipeline=FLIP, where=where)
    )
    assert code == 0, ran


def test_a_mask_of_another_size_stops_clipping_and_nothing_else(tmp_path: Path) -> None:
    clip = _step("filter_annotations", "raw", "more", past_the_edge="clip")
    export = _step("export_coco", "raw", "out", to="data")
    code, ran, planned = _told(tmp_path, SWAPPED, export | {"in": {"all": "raw"}}, clip)
    assert code == 1
    assert f"{STOPPING} 2 on image 2 ('2.jpg'): has a mask of [64, 48]" in ran
    assert "rows_that_stop_a_step" in planned
    assert not (tmp_path / "runs/test/data").exists()


@pytest.mark.parametrize("change", [SWAPPED, FAR], ids=["mask", "far"])
def test_a_file_alone_has_warnings(change: dict[str, Any], tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 2)])
    data["annotations"][1] |= change
    (tmp_path / "raw.json").write_text(json.dumps(data))
    done = command("check", "raw.json", "--format", "json", cwd=tmp_path)
    kinds = {row["kind"]: row["severity"] for row in json.loads(done.stdout)}
    told = kinds.keys() & {
        "masks_of_another_size",
        "polygons_of_huge_numbers",
        "segmentations_far_outside",
    }
    assert [kinds[kind] for kind in told] == ["warning"], "told once"
    assert done.returncode == 0
