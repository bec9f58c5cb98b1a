"""Which steps are made again, and why."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, tree, write_recipe

from coco_recipe import events
from coco_recipe.running import stages


def _run(path: Path, folder: Path, **options: Any) -> tuple[stages.RunResult, dict[str, str]]:
    reasons: dict[str, str] = {}

    def note(event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            reasons[event.step] = event.reason

    return stages.run(stages.prepare(path), out=folder, observers=[note], **options), reasons


CLEAN = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}


NUMBERED = {"id": "numbered", "use": "reindex", "in": "clean"}


def test_a_changed_parameter_runs_its_step_and_what_follows_and_says_why(tmp_path: Path) -> None:
    _run(write_recipe(tmp_path, [CLEAN, NUMBERED], coco()), tmp_path / "out")
    path = write_recipe(tmp_path, [CLEAN, NUMBERED | {"with": {"images": 0}}])
    result, reasons = _run(path, tmp_path / "out")
    assert reasons["numbered"] == "parameter images changed: 1 -> 0"
    assert reasons["clean"] == "its rows live in memory, and a later step needs them"
    assert result.reused == ()


def test_comments_and_a_moved_folder_run_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = write_recipe(tmp_path / "a", [CLEAN, NUMBERED], coco())
    _run(path, tmp_path / "a" / "out")
    path.write_text("# a comment\n" + path.read_text())
    (tmp_path / "a").rename(tmp_path / "b")
    result, _ = _run(tmp_path / "b" / "recipe.yaml", tmp_path / "b" / "out")
    assert result.ran == ()


@pytest.mark.parametrize("damage", ["remove", "change"])
def test_a_damaged_result_is_made_again(damage: str, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN, NUMBERED], coco())
    _run(path, tmp_path / "out")
    before = tree(tmp_path / "out")
    victim = tmp_path / "out/steps/numbered/dataset.json"
    victim.unlink() if damage == "remove" else victim.write_text("{}")
    _, reasons = _run(path, tmp_path / "out")
    assert (
        reasons["numbered"] == f"dataset.json {'is gone' if damage == 'remove' else 'has changed'}"
    )
    assert tree(tmp_path / "out") == before
