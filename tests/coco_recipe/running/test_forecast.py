"""What is known of a recipe's values before anything runs."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe.errors import RecipeError, RunError
from coco_recipe.running import forecast, stages
from coco_recipe.running.session import Session


def _run(folder: Path, steps: list[dict[str, Any]], *plugins: Path) -> Session:
    return Session.open(
        stages.prepare(write_recipe(folder, steps, coco()), plugin_files=plugins), folder / "out"
    )


PLUGIN = """\
from coco_recipe import (
    Checkpoint,
    Dataset,
    Port,
    Step,
    hookimpl,
)

def many(ctx, *, dataset):
    parts = tuple(ctx.workdir / f"{n}.pth" for n in (1, 2))
    for path in parts:
        path.write_text(path.name)
    return {"several": tuple(Checkpoint(path, label=path.stem) for path in parts)}

def take(ctx, *, checkpoints):
    ctx.note("labels", [c.label for c in checkpoints])
    return {}

def one(ctx, *, checkpoint):
    return {}

def draw(ctx, target, images, *, dataset):
    target.write_text(f"{ctx.step_id} {images} {len(dataset.images)}")

def resume(ctx, *, dataset):
    left = ctx.workdir / "left"
    ctx.note("found", left.read_text() if left.exists() else "")
    ctx.note("earlier", ctx.earlier is not None)
    ctx.note("code", ctx.environment["code"])
    left.write_text("half")
    if not ctx.earlier and not ctx.notes["found"]:
        raise ValueError("stopped half-way")
    return {}

@hookimpl
def coco_recipe_steps():
    yield Step(name="many", run=many, inputs={"dataset": Port(Dataset, reads_only=True)},
               outputs={"several": Port(Checkpoint, many=True)}, writes=True, preview=draw)
    yield Step(name="take", run=take, inputs={"checkpoints": Port(Checkpoint, many=True)}, outputs={}, writes=True)
    yield Step(name="one", run=one, inputs={"checkpoint": Port(Checkpoint)}, outputs={}, writes=True)
    yield Step(name="resume", run=resume, inputs={"dataset": Port(Dataset, reads_only=True)}, outputs={}, writes=True,
               resumes=True)
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    return path


def test_several_values_under_one_port_arrive_flat(tmp_path: Path, plugin: Path) -> None:
    planned = _run(
        tmp_path,
        [
            {"id": "m", "use": "many", "in": "raw"},
            {"id": "t", "use": "take", "in": ["m.several", "m.several"]},
        ],
        plugin,
    ).plan
    stages.run(planned, out=tmp_path / "out")
    manifest = (tmp_path / "out/steps/t/manifest.json").read_text()
    assert manifest.count('"1"') == manifest.count('"2"') == 2
    with pytest.raises(RecipeError, match="is several Checkpoints, expected one"):
        _run(
            tmp_path,
            [{"id": "m", "use": "many", "in": "raw"}, {"id": "o", "use": "one", "in": "m"}],
            plugin,
        )


def test_a_plan_passes_over_values_without_rows(tmp_path: Path, plugin: Path) -> None:
    steps = [
        {"id": "m", "use": "many", "in": "raw"},
        {"id": "t", "use": "take", "in": "m"},
        {"id": "r", "use": "reindex", "in": "raw"},
    ]
    planned = _run(tmp_path, steps, plugin).plan
    stages.run(planned, out=tmp_path / "out")
    shown = command("plan", "recipe.yaml", "--out", "out", "--plugin", plugin, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "reuse  m (many): unchanged\nreuse  t (take): unchanged\n" in shown.stdout
    assert shown.stdout.count(" boxes (") == 1, "of reindex"


def test_a_preview_is_drawn_by_the_step_from_what_comes_to_it(tmp_path: Path, plugin: Path) -> None:
    state = _run(
        tmp_path,
        [{"id": "m", "use": "many", "in": "raw"}, {"id": "t", "use": "take", "in": "m"}],
        plugin,
    )
    forecast.preview(state, "m", tmp_path / "sheet.png", images=4)
    assert (tmp_path / "sheet.png").read_text() == "m 4 3"
    assert not (tmp_path / "out").exists()
    with pytest.raises(RunError, match="has no preview"):
        forecast.preview(state, "t", tmp_path / "sheet.png", images=4)
    with pytest.raises(RunError, match="there is no step 'x'"):
        forecast.preview(state, "x", tmp_path / "sheet.png", images=4)
