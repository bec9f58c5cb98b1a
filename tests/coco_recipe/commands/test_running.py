"""plan shows what each step leaves, and writes nothing."""

import json
import re
from pathlib import Path

import pytest
from builders import coco, command, write_recipe

CLEAN = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}


NUMBERED = {"id": "numbered", "use": "reindex", "in": "clean"}


@pytest.mark.slow
def test_plan_counts_what_each_step_leaves_without_writing(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN, NUMBERED], coco())
    rows = json.loads(command("plan", path, "--format", "json", cwd=tmp_path).stdout)
    assert [(row["step"], row["runs"], row["why"]) for row in rows] == [
        ("clean", True, "not done yet"),
        ("numbered", True, "not done yet"),
    ]
    assert rows[1]["out"]["dataset"] == {"images": 3, "annotations": 1, "categories": {"cat": 1}}
    assert rows[1]["expected"]["dataset"]["negatives"] == {"least": 2, "most": 2}
    assert rows[0]["classes_lost"] == {"dog": {"least": 1, "most": 1}}
    assert rows[1]["in"] == {"dataset": ["clean.dataset"]}
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_plan_shows_a_table_with_classes_and_a_picture_on_demand(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN, NUMBERED], coco())
    shown = command("plan", path, "--classes", cwd=tmp_path).stdout
    lines = [line.split() for line in shown.splitlines()]
    assert ["raw", "3", "2", "1"] in lines
    assert ["clean", "3", "1", "-1", "2", "+1"] in lines
    assert ["dog", "gone", "-1"] in lines
    assert shown.endswith("2 of 2 steps to run\n")
    graph = command("plan", path, "--graph", "mermaid", cwd=tmp_path).stdout
    assert graph.startswith("flowchart TD\n")
    assert command("plan", path, "--graph", "svg", cwd=tmp_path).stdout.startswith("<svg ")
    assert command("run", path, cwd=tmp_path).returncode == 0
    again = command("plan", path, cwd=tmp_path).stdout
    assert again.endswith("nothing to do: all steps are unchanged\n")
    assert again.count(" s last time") == 2


@pytest.mark.slow
def test_a_run_ends_with_time_counts_and_warnings(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN, NUMBERED], coco(boxes=[(1, 1), (1, 1)]))
    done = command("run", path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ended = done.stderr.splitlines()[-1]
    assert re.fullmatch(
        r"done in [\d.]+ s: 2 steps run, 0 reused; dataset: 3 images, 2 boxes; \d warnings?", ended
    ), ended
    again = command("run", path, cwd=tmp_path).stderr
    assert "0 steps run, 2 reused" in again
    assert "done in" not in command("run", path, "-q", cwd=tmp_path).stderr
