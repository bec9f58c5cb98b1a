"""A plugin of steps with several values, with a preview, and with what an interrupted run left."""

from pathlib import Path
from typing import Any

from builders import coco, write_recipe

from coco_recipe.running import stages
from coco_recipe.running.session import Session


def opened(folder: Path, steps: list[dict[str, Any]], *plugins: Path) -> Session:
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
    yield Step(name="take", run=take, inputs={"checkpoints": Port(Checkpoint, many=True)},
               outputs={}, writes=True)
    yield Step(name="one", run=one, inputs={"checkpoint": Port(Checkpoint)},
               outputs={}, writes=True)
    yield Step(name="resume", run=resume, inputs={"dataset": Port(Dataset, reads_only=True)},
               outputs={}, writes=True, resumes=True)
"""
