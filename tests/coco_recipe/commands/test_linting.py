"""The command lint: its forms, its exit codes, and the pages of rules."""

import json
from pathlib import Path

import linted
from builders import command


def _recipe(folder: Path, **top: object) -> Path:
    split = {"id": "parts", "use": "split", "in": "raw", "with": {"every": 2}}
    steps = [split, linted.exported(train="parts.train", val="parts.val")]
    names = [f"cam_frame_{n}.jpg" for n in range(4)]
    return linted.recipe(folder, steps, {"raw": linted.data(names)}, **top)


def test_findings_name_the_recipe_s_line_and_the_rule(tmp_path: Path) -> None:
    path = _recipe(tmp_path)
    done = command("lint", path, "--quick", cwd=tmp_path)
    assert done.returncode == 0
    assert f"{path}:1: warning: parts.train, parts.val: 2 frames" in done.stdout
    assert done.stdout.endswith("0 errors, 1 warning\n")
    assert command("lint", path, "--quick", "--strict", cwd=tmp_path).returncode == 1
    errors = _recipe(tmp_path, findings={"frames_across_parts": "error"})
    assert command("lint", errors, "--quick", cwd=tmp_path).returncode == 1


def test_forms_for_programs(tmp_path: Path) -> None:
    path = _recipe(tmp_path)
    (row,) = json.loads(command("lint", path, "--quick", "--format", "json", cwd=tmp_path).stdout)
    assert row["kind"] == "frames_across_parts"
    done = command("lint", path, "--quick", "--format", "github", cwd=tmp_path)
    assert done.stdout.startswith(f"::warning file={path},line=1::")


def test_a_rule_is_ignored_by_its_name(tmp_path: Path) -> None:
    path = _recipe(tmp_path, findings={"frames_across_parts": "ignore"})
    done = command("lint", path, "--quick", cwd=tmp_path)
    assert done.stdout == "0 errors, 0 warnings; the recipe ignores frames_across_parts\n"


def test_one_rule_alone_and_a_mistyped_one(tmp_path: Path) -> None:
    path = _recipe(tmp_path)
    done = command("lint", path, "--only", "unread_steps", cwd=tmp_path)
    assert done.stdout == "0 errors, 0 warnings\n"
    done = command("lint", path, "--only", "unread_step", cwd=tmp_path)
    assert done.returncode == 2
    assert "unread_steps" in done.stderr


def test_rules_are_listed_and_explained(tmp_path: Path) -> None:
    done = command("lint", "--rules", cwd=tmp_path)
    assert "frames_across_parts" in done.stdout
    done = command("lint", "--explain", "frames_across_parts", cwd=tmp_path)
    assert "Triggers:" in done.stdout
    assert "What to do: split: group_by" in done.stdout
    assert command("lint", cwd=tmp_path).returncode == 2
