"""What a run recorded: its flows have the ports on both ends, and what publishes is named."""

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
