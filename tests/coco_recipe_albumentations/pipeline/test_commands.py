"""The commands for pipeline files: their exit status, and that no file is written over."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from coco_recipe.cli import cli

pytest.importorskip("albumentations")
SOUND = [{"HorizontalFlip": {"p": 0.5}}]


def test_lint_tells_a_sound_file_from_a_wrong_one(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    for rows, code in ((SOUND, 0), ([{"HorizontalFlop": {}}], 1)):
        path.write_text(json.dumps(rows))
        done = CliRunner().invoke(cli, ["pipeline", "lint", str(path)])
        assert done.exit_code == code
        assert ("nothing is wrong" in done.output) is (code == 0)


def test_migrate_writes_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text("[]")
    (tmp_path / "mine.yaml").write_text("mine")
    words = ["migrate", str(tmp_path / "p.json"), "--out", str(tmp_path / "mine.yaml")]
    done = CliRunner().invoke(cli, ["pipeline", *words])
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert (tmp_path / "mine.yaml").read_text() == "mine"
