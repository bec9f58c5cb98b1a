"""Step ``export_model``: a detector as ONNX or TorchScript, checked against itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from coco_recipe_jobs import process
from coco_recipe_jobs.job import make

from coco_recipe import (
    Checkpoint,
    FactsByPort,
    Package,
    Params,
    Port,
    Step,
    StepContext,
    StepProblem,
)
from coco_recipe_mmdet import configs, params, plans, preflights, with_checkpoints
from coco_recipe_mmdet.jobs import PROGRAM, Exported, ExportJob, Source

ONNX = (Package("onnx"), Package("onnxruntime"))
SUFFIXES = {"onnx": ".onnx", "torchscript": ".pt"}
MULTIPLE_PX = 32
SSD300_PX = 300  # the one family of a fixed size that is no multiple
PARAMS = params.schema(
    ("width", "height"),
    format={
        "enum": list(SUFFIXES),
        "default": "onnx",
        "examples": ["torchscript"],
        "description": "onnx needs the packages onnx and onnxruntime, torchscript none.",
    },
    width={
        "type": "integer",
        "minimum": MULTIPLE_PX,
        "examples": [640],
        "description": "Width of the pictures that the file takes, in px.",
    },
    height={
        "type": "integer",
        "minimum": MULTIPLE_PX,
        "examples": [640],
        "description": "Their height, in px.",
    },
    config=with_checkpoints.CONFIG,
    to={
        "type": "string",
        "minLength": 1,
        "format": "publish-folder",
        "examples": ["model"],
        "description": "Folder, relative to the run directory, where the result appears as well.",
    },
    **{name: rule for name, rule in params.RUNS.items() if name != "workers"},
)


def export_model(ctx: StepContext, *, checkpoint: Checkpoint, **with_: Any) -> Mapping[str, Any]:
    """Write a detector as one file that needs no mmdet, checked against the model's own output.

    The file takes a picture (1, 3, height, width), float32, RGB from 0 to 255, and normalises it
    itself. It gives what the detector finds before equal boxes are joined: ``boxes`` (N, 4), x1 y1
    x2 y2 in px of that picture, ``scores`` (N,) and ``labels`` (N,), numbers of classes from 0. For
    detectors without queries, non-maximum suppression is left to who runs it; the threshold of IoU
    that the config has is told.

    The file's metadata, and ``model.json``, have the class names, the size, and the step's key.
    On pictures of random pixels, the file must give what the model gives; a family that neither
    format can carry, as those that propose regions (mmcv's suppression is in the midst of them), is
    refused.

    Args:
        ctx: the step's context.
        checkpoint: the detector's weights.
        with_: the parameters, by name.

    Returns:
        Nothing: the file is the result.

    Raises:
        ValueError: the family can't be written so; the file's answers aren't the model's.
    """
    job = make(
        ExportJob,
        with_,
        config=configs.absolute(with_["config"]),
        classes=checkpoint.classes,
        checkpoints=[Source(label="exported", path=str(checkpoint.path.absolute()))],
        key=ctx.key,
        file=f"model{SUFFIXES[with_['format']]}",
    )
    made = process.run(ctx, PROGRAM, job, Exported, log="export_model.log")
    ctx.note("differs by at most", made.differences)
    size = f"{with_['width']} x {with_['height']} px"
    ctx.note("summary", f"{made.file} for pictures of {size}, checked against the model")
    process.tidy(ctx)
    return {}


def preflight(ctx: StepContext, with_: Params, facts: FactsByPort) -> None:
    """See whether a config that is named goes together with the parameters, and can be exported.

    Raises:
        StepProblems: it doesn't, or can't.
    """
    job = make(
        ExportJob,
        with_,
        config=configs.absolute(with_.get("config")),
        classes=facts["checkpoint"].classes or preflights.UNKNOWN_CLASSES,
        checkpoints=[],
        key="",
        file="",
    )
    preflights.run(ctx, job)


def _check(with_: Params) -> Iterator[StepProblem]:
    yield from configs.problems(with_)
    for name in ("width", "height"):
        if with_[name] % MULTIPLE_PX and with_[name] != SSD300_PX:
            near = with_[name] // MULTIPLE_PX * MULTIPLE_PX
            what = f"{with_[name]} is no multiple of {MULTIPLE_PX}, by which detectors divide"
            yield StepProblem((name,), what, f"{name}: {near}")


def _needs(with_: Params) -> tuple[Package, ...]:
    here = params.needs(with_)
    return (*here, *(ONNX if here and with_["format"] == "onnx" else ()))


STEP = Step(
    name="export_model",
    run=export_model,
    inputs={"checkpoint": Port(Checkpoint)},
    outputs={},
    params=PARAMS,
    check=_check,
    preflight=preflight,
    needs=_needs,
    also=("coco_recipe_mmdet.inside.job", "coco_recipe_mmdet.inside.job_export"),
    files=configs.built_on,
    forecast=plans.export_model,
    tell=plans.tell_export_model,
    room=plans.room,
    apart=("coco_recipe_mmdet.preflights", "coco_recipe_mmdet.plans"),
    writes=True,
)
