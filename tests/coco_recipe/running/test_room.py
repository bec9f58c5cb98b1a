"""About how much a run will write is told before, and held against what is free."""

import json
from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe import system_errors
from coco_recipe.running import room
from coco_recipe.testing import draw

pytest.importorskip("albumentations")
STEPS = [
    {
        "id": "more",
        "use": "augment",
        "in": "raw",
        "with": {"copies": 4, "pipeline": [{"HorizontalFlip": {"p": 1}}]},
    },
    {"id": "out", "use": "export_coco", "in": {"all": "raw"}},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = coco(4)
    draw(tmp_path / "images", data)
    write_recipe(
        tmp_path, STEPS, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    return tmp_path


@pytest.mark.slow
def test_plan_shows_what_steps_will_write_and_what_is_free(folder: Path) -> None:
    done = command("plan", "recipe.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    pixels = 4 * 64 * 48
    assert f"about {system_errors.size(4 * pixels * 0.5)} on disk" in done.stdout
    assert f"to write: about {system_errors.size(2.5 * pixels)}; free: " in done.stdout
    rows = json.loads(command("plan", "recipe.yaml", "--format", "json", cwd=folder).stdout)
    assert [row["bytes"] for row in rows] == [2 * pixels, pixels // 2]
    assert command("run", "recipe.yaml", cwd=folder).returncode == 0
    assert "to write" not in command("plan", "recipe.yaml", cwd=folder).stdout


@pytest.mark.slow
def test_a_sum_of_which_a_part_is_not_known_is_told_as_the_least(folder: Path) -> None:
    pytest.importorskip("albumentations")
    recipe = json.loads((folder / "recipe.yaml").read_text())
    recipe["steps"] = [
        {
            "id": "more",
            "use": "augment",
            "in": "raw",
            "with": {"pipeline": [{"HorizontalFlip": {"p": 1}}]},
        },
        {"id": "out", "use": "export_coco", "in": {"all": "more"}, "with": {"to": "data"}},
    ]
    (folder / "recipe.yaml").write_text(json.dumps(recipe))
    told = command("plan", "recipe.yaml", cwd=folder).stdout
    assert "to write: at least about " in told


@pytest.mark.slow
def test_too_little_room_is_told_before_a_step_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_errors, "free", lambda path: 1000)
    told = "about 30.7 kB to write, 1.0 kB free: 2 steps have too little room for what will be"
    assert told in command("plan", "recipe.yaml", cwd=folder).stderr
    text = (folder / "recipe.yaml").read_text()
    strict = text.replace('"steps"', '"findings": {"little_room_on_disk": "error"}, "steps"')
    (folder / "strict.yaml").write_text(strict)
    done = command("run", "strict.yaml", cwd=folder)
    assert done.returncode == 1
    assert told in done.stderr
    assert not (folder / "runs/test/steps").exists()
    assert command("run", "recipe.yaml", cwd=folder).returncode == 0


def test_enough_room_is_no_finding(tmp_path: Path) -> None:
    assert room.finding(tmp_path / "not/there", {"a": 5}) is None
    assert room.finding(tmp_path, {}) is None
    found = room.finding(tmp_path, {"a": 10**18})
    assert found is not None
    assert "1000000.0 TB to write" in str(found)
