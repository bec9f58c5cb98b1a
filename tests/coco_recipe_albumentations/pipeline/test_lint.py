"""lint names what a pipeline's file has that is refused, ignored, replaced or asks for a choice."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import real_data
from click.testing import CliRunner, Result

from coco_recipe.cli import cli

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")


def _run(*arguments: str | Path) -> Result:
    """Run a command of the group in this process."""
    return CliRunner().invoke(cli, ["pipeline", *map(str, arguments)])


def test_migrate_and_lint_name_a_border_that_repeats_the_picture(tmp_path: Path) -> None:
    source = real_data("field_cases") / "08_migrate" / "old.json"
    done = _run("migrate", source, "-o", tmp_path / "new.json")
    assert done.exit_code == 0
    for run in (
        done.stderr,
        _run("lint", source).stdout,
        _run("lint", tmp_path / "new.json").stdout,
    ):
        named = [line for line in run.splitlines() if "repeats the picture" in line]
        assert len(named) == 2, run
        assert all(
            "note: " in line and "repeated: label" in line and "repeated: fill" in line
            for line in named
        )
    assert "note: transforms[2]: ShiftScaleRotate has border_mode 4" in done.stderr
    rows = json.loads((tmp_path / "new.json").read_text())["transform"]["transforms"]
    assert [row.get("border_mode") for row in rows] == [4, None, 4]


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ({"Affine": {"border_mode": 2, "p": 1}}, 1),
        ({"Rotate": {"border_mode": 3, "p": 1}}, 1),
        ({"PadIfNeeded": {"min_height": 99, "min_width": 99, "border_mode": 4, "p": 1}}, 1),
        (
            {
                "RandomCrop": {
                    "height": 9,
                    "width": 9,
                    "pad_if_needed": True,
                    "border_mode": 4,
                    "p": 1,
                }
            },
            1,
        ),
        (
            {
                "RandomCrop": {
                    "height": 9,
                    "width": 9,
                    "pad_if_needed": False,
                    "border_mode": 4,
                    "p": 1,
                }
            },
            0,
        ),
        ({"Affine": {"border_mode": 1, "p": 1}}, 0),
        ({"Affine": {"p": 1}}, 0),
        ({"HorizontalFlip": {"p": 1}}, 0),
        (
            {
                "OneOf": {
                    "p": 1,
                    "transforms": [
                        {"ElasticTransform": {"border_mode": 4, "p": 1}},
                        {"Rotate": {"p": 1}},
                    ],
                }
            },
            1,
        ),
    ],
)
def test_lint_names_each_border_mode_that_repeats(
    row: dict[str, Any], count: int, tmp_path: Path
) -> None:
    (tmp_path / "p.yaml").write_text(yaml.safe_dump([row]), "utf-8")
    done = _run("lint", tmp_path / "p.yaml")
    assert done.exit_code == 0
    assert done.stdout.count("repeats the picture") == count


def test_lint_names_what_is_refused_ignored_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "transform:\n  __class_fullname__: Compose\n  bbox_params: {format: coco, "
        "min_visibility: 0.3}\n  transforms:\n"
        "  - __class_fullname__: HorizontalFlip\n  - __class_fullname__: "
        "ShiftScaleRotate\n    p: 0.5\n"
        "  - __class_fullname__: Normalize\n    p: 1\n  - __class_fullname__: Blur\n    p: "
        "1\n    radius: 3\n",
        "utf-8",
    )
    done = _run("lint", tmp_path / "p.yaml")
    assert done.exit_code == 1
    assert done.stdout.replace(f"{tmp_path}/", "").splitlines() == [
        "p.yaml:8: Normalize gives no 8-bit picture, as a copy must be; leave Normalize to "
        "training",
        "p.yaml:12: Blur of Albumentations 2.0.8 has no argument 'radius'; known here: "
        "blur_limit, p",
        "note: p.yaml:3: bbox_params is replaced by the step's own; write its min_area and "
        "min_visibility as min_area_px and "
        "min_visibility of the step",
        "note: p.yaml:5: HorizontalFlip has no p: its default, 0.5, is used; write it",
        "note: p.yaml:6: ShiftScaleRotate is a special case of Affine transform. Please "
        "use Affine transform instead.",
    ]


def test_lint_of_a_sound_file_ends_well_and_builds_it(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("- HorizontalFlip: {p: 0.5}\n", "utf-8")
    done = _run("lint", tmp_path / "p.yaml")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'p.yaml'}: nothing is wrong\n")
    (tmp_path / "p.yaml").write_text("- Blur: {p: 0.5, blur_limit: -4}\n", "utf-8")
    assert "Blur: blur_limit" in _run("lint", tmp_path / "p.yaml").stdout
