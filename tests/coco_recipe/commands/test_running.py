"""plan shows what each step leaves, and writes nothing."""

import json
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
    assert not (tmp_path / "runs").exists()
