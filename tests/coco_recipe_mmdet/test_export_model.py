"""A detector as a file: what it answers is what `predict` finds."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_recipe_mmdet import export_model
from training import Shapes

from coco_recipe import Facts
from coco_recipe.language.schema_check import with_defaults
from coco_recipe.running.context import Context


def _step(**with_: Any) -> dict[str, Any]:
    return {
        "id": "file",
        "use": "export_model",
        "in": {"checkpoint": "start"},
        "with": {"format": "torchscript", "width": 96, "height": 96, "device": "cpu", **with_},
    }


def _torchscript(path: Path) -> tuple[Any, dict[str, Any]]:
    """Return what asks a file, and what its metadata tell."""
    import torch

    extra = {"model.json": ""}
    model = torch.jit.load(str(path), _extra_files=extra)
    return model, json.loads(extra["model.json"])


def _onnx(path: Path) -> tuple[Any, dict[str, Any]]:
    """Return what asks a file, and what its metadata tell."""
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def ask(picture: Any) -> Any:
        return map(torch.from_numpy, session.run(None, {"picture": picture.numpy()}))

    told = session.get_modelmeta().custom_metadata_map
    return ask, {key: json.loads(value) for key, value in told.items()}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["torchscript", "onnx"])
def test_the_file_finds_on_a_picture_what_predict_finds(
    form: str, shapes: Shapes, trained: Path
) -> None:
    import torch
    from mmcv.ops import batched_nms
    from PIL import Image

    if form == "onnx":
        pytest.importorskip("onnx", reason="pip install onnx onnxruntime")
        pytest.importorskip("onnxruntime", reason="pip install onnx onnxruntime")
    file = os.path.relpath(trained / "fit/checkpoints/epoch_3.pth", shapes.folder)
    step = _step(to="model", format=form)
    steps = shapes.run(f"exported_{form}", [step], start={"checkpoint": file})
    name = f"model{export_model.SUFFIXES[form]}"
    model, told = {"torchscript": _torchscript, "onnx": _onnx}[form](steps / "file" / name)
    assert told == json.loads((steps / "file/model.json").read_text())
    assert told["classes"] == ["disc", "square", "triangle"]
    assert (told["width"], told["height"], told["iou_threshold"]) == (96, 96, 0.5)
    assert told["key"] == json.loads((steps / "file/manifest.json").read_text())["key"]
    assert (steps.parent / "model" / name).is_file()

    images = json.loads((trained / "guess/images.json").read_text())["images"]
    results = json.loads((trained / "guess/results/predictions.bbox.json").read_text())
    for image in images[:4]:
        with Image.open(shapes.folder / "val/images" / image["file_name"]) as picture:
            pixels = np.asarray(picture.convert("RGB"), np.float32).transpose(2, 0, 1)
        boxes, scores, labels = model(torch.from_numpy(pixels.copy())[None])
        clear = {"type": "nms", "iou_threshold": told["iou_threshold"]}
        kept, order = batched_nms(boxes, scores, labels, clear)
        theirs = sorted(
            (row for row in results if row["image_id"] == image["id"]),
            key=lambda row: -row["score"],
        )
        ours = kept[:5].detach().numpy()
        assert ours[:, 4] == pytest.approx([row["score"] for row in theirs[:5]], abs=1e-4)
        x, y, width, height = theirs[0]["bbox"]
        assert ours[0, :4] == pytest.approx([x, y, x + width, y + height], abs=0.1)
        assert int(labels[order[0]]) + 1 == theirs[0]["category_id"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "wanted", "said"),
    [
        (
            "mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py",
            {},
            "with.config: step 'file' (export_model): FasterRCNN can't be exported: it picks",
        ),
        (
            "small.py",
            {"model.neck.num_out": 3},
            "with.set.model.neck.num_out: step 'file' (export_model): model can't be built: ",
        ),
    ],
)
def test_what_can_not_be_exported_is_told_before_the_training(
    config: str, wanted: dict[str, Any], said: str, shapes: Shapes
) -> None:
    step = {**_step(config=config, set=wanted), "in": {"checkpoint": "drawn"}}
    drawn = {
        "id": "drawn",
        "use": "init_weights",
        "with": {"config": "small.py", "classes": ["disc"], "device": "cpu"},
    }
    assert f"steps[1].{said}" in shapes.fails("untold", [drawn, step])
    assert not (shapes.folder / "runs/untold/steps").exists()


def test_a_side_that_detectors_can_not_divide_is_told_with_the_next_one() -> None:
    given = with_defaults(export_model.PARAMS, {"width": 650, "height": 640, "trust": "."})
    (problem,) = export_model._check(given)
    assert (problem.path, problem.hint) == (("width",), "width: 640")


def test_without_a_config_there_is_nothing_to_look_at_before_the_run(tmp_path: Path) -> None:
    given = with_defaults(export_model.PARAMS, {"width": 96, "height": 96, "trust": "."})
    context = Context("file", 1, tmp_path)
    export_model.preflight(context, given, {"checkpoint": Facts()})
    assert list(tmp_path.iterdir()) == [], "no process was started"


def test_ssd300_has_the_size_that_it_is_made_for() -> None:
    given = with_defaults(export_model.PARAMS, {"width": 300, "height": 300, "trust": "."})
    assert list(export_model._check(given)) == []


def test_onnx_needs_its_packages_and_torchscript_none() -> None:
    needed = {
        form: {package.module for package in export_model._needs({"format": form})}
        for form in ("onnx", "torchscript")
    }
    assert needed["onnx"] - needed["torchscript"] == {"onnx", "onnxruntime"}
    assert not export_model._needs({"format": "onnx", "python": "/opt/bin/python"})
