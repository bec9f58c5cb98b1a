"""The size of pictures and their augmentation are changed in all pipelines of many kinds of
configs.
"""

import copy
from typing import Any

import pytest
from coco_recipe_mmdet.inside import config_source, pipelines, settings
from coco_recipe_mmdet.inside.settings import get

from coco_recipe import StepProblems

pytest.importorskip("mmdet")
TRAIN = "train_dataloader.dataset"
VAL = "val_dataloader.dataset.pipeline"
PLAIN = "retinanet/retinanet_r50_fpn_1x_coco.py"
RANGES = "retinanet/retinanet_r50_fpn_ms-640-800-3x_coco.py"
YOLOX = "yolox/yolox_s_8xb8-300e_coco.py"
RTMDET = "rtmdet/rtmdet_tiny_8xb32-300e_coco.py"
LSJ = "mask2former/mask2former_r50_8xb2-lsj-50e_coco.py"
DETR = "detr/detr_r50_8xb2-150e_coco.py"


def _config(name: str) -> settings.Changes:
    """Return a config of the package, to be changed."""
    return settings.Changes(copy.deepcopy(config_source.load(f"mmdet::{name}")))


def _found(node: Any, key: str) -> list[Any]:
    """Return every value of a key below a node."""
    return [child[key] for _, child in settings.mappings(node, ()) if key in child]


@pytest.mark.parametrize(
    ("name", "size", "places"),
    [
        (PLAIN, 640, {f"{TRAIN}.pipeline.2.scale": (640, 640), f"{VAL}.1.scale": (640, 640)}),
        (
            PLAIN,
            [512, 384],
            {f"{TRAIN}.pipeline.2.scale": (512, 384), f"{VAL}.1.scale": (512, 384)},
        ),
        (RANGES, [1000, 400], {f"{TRAIN}.dataset.pipeline.2.scale": [(1000, 320), (1000, 400)]}),
        (
            YOLOX,
            416,
            {
                f"{TRAIN}.pipeline.0.img_scale": (416, 416),
                f"{TRAIN}.pipeline.1.border": (-208, -208),
                f"{TRAIN}.pipeline.2.img_scale": (416, 416),
                f"{TRAIN}.pipeline.5.scale": (416, 416),
                f"{VAL}.1.scale": (416, 416),
                "model.data_preprocessor.batch_augments.0.random_size_range": (320, 512),
            },
        ),
        (
            RTMDET,
            320,
            {
                f"{TRAIN}.pipeline.2.img_scale": (320, 320),
                f"{TRAIN}.pipeline.3.scale": (640, 640),
                f"{TRAIN}.pipeline.4.crop_size": (320, 320),
                f"{TRAIN}.pipeline.7.size": (320, 320),
                f"{VAL}.1.scale": (320, 320),
                f"{VAL}.2.size": (320, 320),
                "custom_hooks.1.switch_pipeline.3.crop_size": (320, 320),
            },
        ),
        (
            LSJ,
            512,
            {
                f"{TRAIN}.pipeline.3.scale": (512, 512),
                f"{TRAIN}.pipeline.4.crop_size": (512, 512),
                "model.data_preprocessor.batch_augments.0.size": (512, 512),
                f"{VAL}.1.scale": (512, 512),
            },
        ),
    ],
    ids=lambda value: value.partition("/")[0] if isinstance(value, str) else "",
)
def test_all_that_makes_a_size_follows(name: str, size: Any, places: dict[str, Any]) -> None:
    changes = _config(name)
    pipelines.resize(changes, size)
    assert {place: get(changes.tree, place.split(".")) for place in places} == places


def test_sizes_that_are_drawn_keep_their_breadth_and_ranges_their_order() -> None:
    changes = _config(DETR)
    pipelines.resize(changes, [667, 400])
    loader = changes.tree["train_dataloader"]
    scales = [scale for found in _found(loader, "scales") for scale in found]
    assert max(max(scale) for scale in scales) < 2200
    low, high = _found(loader, "crop_size")[0]
    assert 0 < low < high < 600


def test_a_model_that_is_built_for_one_size_is_refused() -> None:
    with pytest.raises(StepProblems, match="the model is built for pictures of 300 px"):
        pipelines.resize(_config("ssd/ssd300_coco.py"), 512)


@pytest.mark.parametrize("name", [PLAIN, RANGES, YOLOX, RTMDET, LSJ, DETR, "ssd/ssd300_coco.py"])
def test_nothing_random_is_left_and_a_size_is(name: str) -> None:
    from mmdet.registry import TRANSFORMS
    from mmdet.utils import register_all_modules

    register_all_modules()
    changes = _config(name)
    pipelines.without_augmentation(changes)
    kinds: list[str] = []
    for _, node in settings.mappings(changes.tree["train_dataloader"], ()):
        for step in node.get("pipeline") or ():
            TRANSFORMS.build(dict(step))
            kinds.append(step["type"])
    assert not [kind for kind in kinds if kind.startswith("Random") or kind.endswith("Mosaic")]
    assert {"LoadImageFromFile", "LoadAnnotations", "PackDetInputs"} <= set(kinds)
    assert kinds.count("Resize") == 1
    hooks = [hook["type"] for hook in changes.tree.get("custom_hooks") or []]
    assert "PipelineSwitchHook" not in hooks
    batches = get(changes.tree, ("model", "data_preprocessor", "batch_augments")) or []
    assert not [part for part in batches if "Random" in part["type"]]


def test_a_picture_is_looked_at_as_it_is_and_mirrored() -> None:
    changes = _config("fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py")
    pipelines.look_several_times(changes, "val_dataloader")
    load, several = get(changes.tree, VAL.split("."))
    assert load["type"] == "LoadImageFromFile"
    resize, mirrors, [pack] = several["transforms"]
    assert [step["type"] for step in (*resize, *mirrors)] == ["Resize", "RandomFlip", "RandomFlip"]
    assert [step["prob"] for step in mirrors] == [0.0, 1.0]
    assert {"flip", "flip_direction", "img_id"} <= set(pack["meta_keys"])


def test_the_configs_own_looks_are_taken() -> None:
    changes = _config(RTMDET)
    pipelines.look_several_times(changes, "val_dataloader")
    assert get(changes.tree, VAL.split(".")) == changes.tree["tta_pipeline"]
