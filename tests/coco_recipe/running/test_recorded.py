"""What a run recorded: its flows have the ports on both ends, and what publishes is named."""

import json
from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe.errors import RunError
from coco_recipe.running import recorded, stages
from coco_recipe.running.store import Store
from coco_recipe.testing import draw

STEPS = [
    {"id": "parts", "use": "split", "in": "raw", "with": {"every": 3}},
    {
        "id": "out",
        "use": "export_coco",
        "in": {"train": "parts.train", "val": "parts.val"},
        "with": {"to": "published"},
    },
]


def test_flows_published_folders_and_recipe(tmp_path: Path) -> None:
    data = coco(ending="png")
    draw(tmp_path / "images", data)
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    path = write_recipe(tmp_path, STEPS, data, inputs=inputs)
    planned = stages.prepare(path)
    store = Store(tmp_path / "runs" / "test")
    with pytest.raises(RunError, match="is not the directory of a finished run"):
        recorded.facts_of(planned, store)
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0
    facts = recorded.facts_of(planned, store)
    assert [(f.source, f.port, f.target, f.entered) for f in facts.flows] == [
        ("raw", "", "parts", "dataset"),
        ("parts", "train", "out", "train"),
        ("parts", "val", "out", "val"),
    ]
    assert facts.published == {"out": ("published",)}
    assert facts.recipe == path.read_text("utf-8")


def test_findings_are_of_inputs_and_recipe_as_the_recipe_judges_them(tmp_path: Path) -> None:
    data = coco(names=("cat", "dog", "unused", "cat "))
    (tmp_path / "other.json").write_text(json.dumps(data))
    inputs = {name: {"annotations": f"{name}.json"} for name in ("raw", "other")}
    chosen = {"unused_categories": "ignore"}
    path = write_recipe(tmp_path, STEPS[:1], data, inputs=inputs, findings=chosen)
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    facts = recorded.facts_of(stages.prepare(path), Store(tmp_path / "runs" / "test"))
    told = {(one.kind, one.place) for one in facts.findings}
    assert ("unread_inputs", "other") in told
    assert ("classes_left_without_boxes", "parts") in told
    assert "unused_categories" in {one.kind for one in facts.run.findings}
    assert "unused_categories" not in {kind for kind, _ in told}
    assert f"{len(facts.findings)} warnings" in done.stderr
