"""A command does its work in a process that is as the steps of its recipe need it."""

import json
from pathlib import Path

import pytest
from builders import coco, write_recipe

from coco_recipe.commands import options
from coco_recipe.running import stages

PLUGIN = '''
import os

from coco_recipe import Dataset, Package, Port, Step, hookimpl

def seen(number):
    return os.environ.get("FAR_LIBRARY")

def far(ctx, *, dataset):
    """Note what the workers see."""
    ctx.note("seen", sorted(set(ctx.map(seen, range(4)))))
    return {"dataset": dataset}

@hookimpl
def coco_recipe_steps():
    yield Step(name="far", run=far, inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset},
               needs=(Package("json", environment={"FAR_LIBRARY": "quiet"}),))
'''


@pytest.mark.parametrize(("theirs", "seen"), [("", "quiet"), ("loud", "loud")])
def test_variables_are_set_unless_the_user_has_set_them(
    theirs: str, seen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAR_LIBRARY", theirs)
    if not theirs:
        monkeypatch.delenv("FAR_LIBRARY")
    (tmp_path / "far.py").write_text(PLUGIN)
    path = write_recipe(tmp_path, [{"id": "x", "use": "far", "in": "raw"}], coco())
    planned = options.plan_of(path, (), [tmp_path / "far.py"])
    stages.run(planned, out=tmp_path / "out", jobs=1)
    manifest = json.loads((tmp_path / "out/steps/x/manifest.json").read_text())
    assert manifest["record"]["notes"]["seen"] == [seen]
    monkeypatch.delenv("FAR_LIBRARY")  # or it would outlive the test


@pytest.mark.slow
def test_workers_have_the_variables_of_a_step(tmp_path: Path) -> None:
    (tmp_path / "far.py").write_text(PLUGIN)
    path = write_recipe(tmp_path, [{"id": "x", "use": "far", "in": "raw"}], coco())
    planned = stages.prepare(path, plugin_files=[tmp_path / "far.py"])
    stages.run(planned, out=tmp_path / "out", jobs=2)
    manifest = json.loads((tmp_path / "out/steps/x/manifest.json").read_text())
    assert manifest["record"]["notes"]["seen"] == ["quiet"]
