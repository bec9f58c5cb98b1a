"""Try a config of each family of detectors: validate, adapt, train, average, evaluate.

    python benchmarks/zoo.py              all 24, a table at the end
    python benchmarks/zoo.py SSD DINO     those whose name has one of these words

Pictures are drawn, 128 px wide; pipelines are plain ones, so that the detector is what is tried.
The weights are drawn, so no figure says how good a detector is. An hour on two cores.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests/helpers"))
import shapes
from builders import command as command_line

SIDE = 128
NAMES = ("disc", "square", "triangle")
START = ("triangle", "cup", "disc", "plate", "square")  # the classes that the start was for
# small pictures have fewer places than DINO has queries
FEW_QUERIES = {"model.num_queries": 100, "model.test_cfg.max_per_img": 50}
CPU = {"device": "cpu", "workers": 0}
STAGES = ("validate", "adapt", "train", "average", "evaluate")
BY_STEP = {"train": "'fit'", "average": "'average'", "evaluate": "'score'"}  # in a message


@dataclass(frozen=True, slots=True)
class Family:
    """A config that stands for a family.

    Attributes:
        name: the family's.
        config: its place in mmdet's package.
        masks: whether it is trained with masks.
        set: what it needs beside the plain pipelines.
        side: of its pictures in px.
    """

    name: str
    config: str
    masks: bool = False
    set: Mapping[str, Any] = field(default_factory=dict)
    side: int = SIDE


FAMILIES = (
    Family("RetinaNet", "retinanet/retinanet_r18_fpn_1x_coco.py"),
    Family("Faster R-CNN", "faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py"),
    Family("Mask R-CNN", "mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py", masks=True),
    Family("Cascade R-CNN", "cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py"),
    Family("HTC", "htc/htc-without-semantic_r50_fpn_1x_coco.py", masks=True),
    Family("FCOS", "fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py"),
    Family("ATSS", "atss/atss_r50_fpn_1x_coco.py"),
    Family("TOOD", "tood/tood_r50_fpn_1x_coco.py"),
    Family("VFNet", "vfnet/vfnet_r50_fpn_1x_coco.py"),
    Family("GFL", "gfl/gfl_r50_fpn_1x_coco.py"),
    Family("YOLOX", "yolox/yolox_tiny_8xb8-300e_coco.py"),
    Family("YOLOv3", "yolo/yolov3_mobilenetv2_8xb24-320-300e_coco.py"),
    Family("YOLOF", "yolof/yolof_r50-c5_8xb8-1x_coco.py"),
    Family("SSD300", "ssd/ssd300_coco.py", side=300),
    Family("SSDLite", "ssd/ssdlite_mobilenetv2-scratch_8xb24-600e_coco.py", side=320),
    Family("RTMDet", "rtmdet/rtmdet_tiny_8xb32-300e_coco.py"),
    Family("RTMDet-Ins", "rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py", masks=True),
    Family("DETR", "detr/detr_r50_8xb2-150e_coco.py"),
    Family("Deformable DETR", "deformable_detr/deformable-detr_r50_16xb2-50e_coco.py"),
    Family("DINO", "dino/dino-4scale_r50_8xb2-12e_coco.py", set=FEW_QUERIES),
    Family("Sparse R-CNN", "sparse_rcnn/sparse-rcnn_r50_fpn_1x_coco.py"),
    Family("Mask2Former", "mask2former/mask2former_r50_8xb2-lsj-50e_coco.py", masks=True),
    Family("MaskFormer", "maskformer/maskformer_r50_ms-16xb1-75e_coco.py", masks=True),
    Family("Panoptic FPN", "panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py", masks=True),
)


class Stopped(Exception):
    """A stage that failed, with the last line of what was said."""


def plain(family: Family) -> dict[str, Any]:
    """Return the parameter ``set`` that gives a training plain pipelines of a family's size."""
    load = {"type": "LoadImageFromFile"}
    rows = {"type": "LoadAnnotations", "with_bbox": True, "with_mask": family.masks}
    resize = {"type": "Resize", "scale": [family.side, family.side], "keep_ratio": False}
    keys = ["img_id", "img_path", "ori_shape", "img_shape", "scale_factor"]
    train = [load, rows, resize, {"type": "RandomFlip", "prob": 0.5}, {"type": "PackDetInputs"}]
    val = [load, resize, {"type": "PackDetInputs", "meta_keys": keys}]
    found: dict[str, Any] = {
        "custom_hooks": [],
        "model.backbone.init_cfg": None,  # which would be fetched
        "model.data_preprocessor.batch_augments": None,
    }
    for name, pipeline in (("train", train), ("val", val)):
        dataset = {"_delete_": True, "type": "CocoDataset", "pipeline": pipeline}
        found[f"{name}_dataloader.dataset"] = dataset
    found |= {"val_dataloader.batch_size": 1, "train_dataloader.batch_sampler": None}
    return {**found, **family.set}


def recipes(family: Family) -> dict[str, list[dict[str, Any]]]:
    """Return the steps of a family's recipe: up to the adapted head, and all.

    Where ``set`` changes the model, the checkpoint's own config says what it is.
    """
    config = f"mmdet::{family.config}"
    changed = plain(family)
    of_model = {key: value for key, value in changed.items() if key.startswith("model.")}
    is_changed = any(key in family.set for key in of_model)
    shared = {"config": config, "set": changed, **CPU}
    drawn = {"config": config, "set": of_model, **CPU, "classes": list(START)}
    start = {"id": "start", "use": "init_weights", "with": drawn}
    adapted = {
        "id": "adapted",
        "use": "adapt_head",
        "in": {"checkpoint": "start", "dataset": "train"},
        **({} if is_changed else {"with": {"config": config}}),
    }
    fit = {
        "id": "fit",
        "use": "train",
        "in": {"train": "train", "val": "val", "checkpoint": "adapted"},
        "with": {**shared, "epochs": 2, "batch_size": 2, "val_interval": 2},
    }
    average = {"id": "average", "use": "average_weights", "in": "fit.checkpoints"}
    score = {
        "id": "score",
        "use": "evaluate",
        "in": {"checkpoints": ["fit.checkpoint", "average"], "dataset": "val"},
        "with": CPU,
    }
    alone = {**fit, "in": {"train": "train", "val": "val"}}
    return {
        "adapt": [start, adapted],
        "whole": [start, adapted, fit, average, score],
        "without": [alone, average, score],
    }


def try_family(family: Family, folder: Path) -> dict[str, str]:
    """Return what became of each stage: ``yes``, ``no: ...``, or ``not tried``.

    A family whose head can't be adapted is trained from drawn weights.

    Args:
        family: the family.
        folder: has ``train`` and ``val``; recipes and runs are written into it.
    """
    found = dict.fromkeys(STAGES, "not tried")
    steps = recipes(family)
    try:
        _command(folder, family, "adapt", steps["adapt"], "run")
        found["adapt"] = "yes"
    except Stopped as error:
        found["adapt"] = f"no: {error}"
    return found | try_training(family, folder, "whole" if found["adapt"] == "yes" else "without")


def try_training(family: Family, folder: Path, name: str = "without") -> dict[str, str]:
    """Return what became of each stage but ``adapt``; see `try_family`.

    Args:
        family: the family.
        folder: has ``train`` and ``val``.
        name: of the steps of `recipes`.
    """
    steps = recipes(family)[name]
    found = {stage: "not tried" for stage in STAGES if stage != "adapt"}
    try:
        _command(folder, family, name, steps, "validate")
        found["validate"] = "yes"
        _command(folder, family, name, steps, "run")
        return dict.fromkeys(found, "yes")
    except Stopped as error:
        if found["validate"] != "yes":
            return found | {"validate": f"no: {error}"}
        # what names no step stands below a step's folder, or before the first step
        named = [stage for stage, step in BY_STEP.items() if step in str(error)]
        last = named[0] if named else "evaluate" if ".score" in str(error) else "train"
        for stage in BY_STEP:
            if stage == last:
                return found | {stage: f"no: {error}"}
            found[stage] = "yes"
        raise


def _command(
    folder: Path, family: Family, name: str, steps: Sequence[Mapping[str, Any]], command: str
) -> None:
    inputs = {
        part: {"annotations": f"{part}/annotations.json", "images": f"{part}/images"}
        for part in ("train", "val")
    }
    name = f"{Path(family.config).stem.replace('.', '-')}-{name}"
    recipe = {"coco_recipe": 1, "name": name, "seed": 1, "inputs": inputs, "steps": list(steps)}
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(recipe), "utf-8")
    done = command_line(command, path, cwd=folder)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        told = [line for line in lines if "step '" in line or ".yaml:" in line] or lines
        raise Stopped(told[-1])


def draw(folder: Path, *, train: int = 2, val: int = 2) -> None:
    """Draw the data sets: so many pictures to train on, and to measure on."""
    shapes.draw(folder / "train", train, 1, side=SIDE)
    shapes.draw(folder / "val", val, 2, side=SIDE)
    for part in ("train", "val"):
        path = folder / part / "annotations.json"
        data = json.loads(path.read_text("utf-8"))
        for row in data["annotations"]:
            x, y, width, height = row["bbox"]
            row["segmentation"] = [[x, y, x + width, y, x + width, y + height, x, y + height]]
        path.write_text(json.dumps(data), "utf-8")


def table(rows: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield the lines of the table: a row for each family, and what stopped one below."""
    yield "family            " + "".join(f"{stage:10}" for stage in STAGES) + "seconds"
    for name, row in rows.items():
        short = "".join(f"{row[stage].partition(':')[0]:10}" for stage in STAGES)
        yield f"{name:18}{short}{row['seconds']:>7}"
        yield from (f"    {stage}: {row[stage]}" for stage in STAGES if row[stage][:3] == "no:")


def main(words: Sequence[str]) -> int:
    """Try the families whose names have one of the words; return 1 if one fails anywhere."""
    chosen = [
        family
        for family in FAMILIES
        if not words or any(word.lower() in family.name.lower() for word in words)
    ]
    rows: dict[str, dict[str, str]] = {}
    folder = Path(tempfile.mkdtemp())
    try:
        draw(folder)
        for family in chosen:
            began = time.monotonic()
            found = try_family(family, folder)
            rows[family.name] = {**found, "seconds": f"{time.monotonic() - began:.0f}"}
            print(f"{family.name}: {found}", file=sys.stderr, flush=True)
            shutil.rmtree(folder / "runs", ignore_errors=True)
    finally:
        shutil.rmtree(folder)
    print("\n".join(table(rows)))
    return int(any(row[stage] != "yes" for row in rows.values() for stage in STAGES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
