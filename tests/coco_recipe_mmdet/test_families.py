"""What families of detectors need beside the number of classes, seen at mmdet's own configs."""

import copy
import importlib.util
from typing import Any

import pytest

pytest.importorskip("mmdet")
from coco_recipe_mmdet.inside import config_source, families, job_config, settings

from coco_recipe import StepProblems

CLASSES = ("cap", "cup", "lid")


def _fitted(config: str, **change: Any) -> settings.Changes:
    tree = config_source.load(f"mmdet::{config}")
    for path, value in change.items():
        settings.Changes(tree).set(path.replace("__", "."), value)
    changes = settings.Changes(tree)
    job_config.bind_classes(changes, CLASSES)
    return changes


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        "mask2former/mask2former_r50_8xb2-lsj-50e_coco.py",
        "mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py",
        "maskformer/maskformer_r50_ms-16xb1-75e_coco.py",
    ],
)
def test_a_model_of_queries_is_built_for_things_alone_and_answers_with_instances(
    config: str,
) -> None:
    import torch
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules
    from mmengine.config import Config

    tree = _fitted(config, model__backbone__init_cfg=None).tree
    assert job_config.has_masks(tree)
    register_all_modules(init_default_scope=True)
    with torch.device("meta"):
        model = MODELS.build(Config(tree).model)
    head = model.panoptic_head
    assert head.cls_embed.weight.shape[0] == 3 + 1
    assert head.class_weight == [1.0, 1.0, 1.0, 0.1]
    assert model.test_cfg["instance_on"]
    assert not model.test_cfg["panoptic_on"]


@pytest.mark.parametrize(
    "config",
    [
        "panoptic_fpn/panoptic-fpn_r101_fpn_ms-3x_coco.py",
        "maskformer/maskformer_r50_ms-16xb1-75e_coco.py",
    ],
)
def test_a_panoptic_config_reads_boxes_and_masks_and_says_what_is_left_out(config: str) -> None:
    changes = _fitted(config)
    assert families.LEFT_OUT in changes.made
    assert "LoadPanopticAnnotations" not in str(changes.tree["train_dataloader"])
    assert "'with_mask': True" in str(changes.tree["train_dataloader"])
    assert not families.is_panoptic(changes.tree)
    assert job_config.has_masks(changes.tree)


def test_panoptic_fpn_without_stuff_is_a_mask_rcnn() -> None:
    model = _fitted("panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py").tree["model"]
    assert model["type"] == "MaskRCNN"
    assert "semantic_head" not in model
    assert model["roi_head"]["mask_head"]["num_classes"] == 3


def test_weights_of_classes_follow_where_all_are_alike_and_are_asked_for_where_not() -> None:
    model: dict[str, Any] = {
        "bbox_head": {"num_classes": 2, "loss_cls": {"class_weight": [2.0, 2.0, 0.1]}},
        "mask_head": {"num_classes": 2, "loss_mask": {"class_weight": [3.0, 3.0]}},
    }
    changes = settings.Changes({"model": copy.deepcopy(model)})
    job_config.bind_classes(changes, CLASSES)
    found = changes.tree["model"]
    assert found["bbox_head"]["loss_cls"]["class_weight"] == [2.0, 2.0, 2.0, 0.1]
    assert found["mask_head"]["loss_mask"]["class_weight"] == [3.0, 3.0, 3.0]
    model["bbox_head"]["loss_cls"]["class_weight"] = [2.0, 1.0, 0.1]
    with pytest.raises(StepProblems, match=r"its own 2 classes one by one, in model.bbox_head"):
        families.fit(settings.Changes({"model": copy.deepcopy(model)}), CLASSES)
    said = [1.0, 2.0, 3.0, 0.1]  # by the recipe, with the number of classes
    model["bbox_head"]["num_classes"] = model["mask_head"]["num_classes"] = 3
    model["bbox_head"]["loss_cls"]["class_weight"] = said
    changes = settings.Changes({"model": model})
    families.fit(changes, CLASSES)
    assert changes.tree["model"]["bbox_head"]["loss_cls"]["class_weight"] == said


def test_a_detector_that_reads_is_asked_for_the_classes_and_needs_no_fairscale() -> None:
    config = "mm_grounding_dino/grounding_dino_swin-t_finetune_8xb4_20e_cat.py"
    tree = config_source.load(f"mmdet::{config}")
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        tree[loader]["dataset"].pop("return_classes", None)
    tree["test_dataloader"]["dataset"]["pipeline"][-1]["meta_keys"] = ("img_id", "ori_shape")
    changes = settings.Changes(tree)
    job_config.bind_classes(changes, CLASSES)
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        job_config.bind_loader(changes, loader, CLASSES, "data/val.json")
        dataset = changes.tree[loader]["dataset"]
        assert dataset["return_classes"] is True
        assert dataset["metainfo"]["classes"] == CLASSES
    keys = changes.tree["test_dataloader"]["dataset"]["pipeline"][-1]["meta_keys"]
    assert keys == ("img_id", "ori_shape", "text", "custom_entities")
    layers = changes.tree["model"]["encoder"]["num_cp"]
    assert layers == (6 if importlib.util.find_spec("fairscale") else 0)


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (("lid (red)", "cup", "lid (blue)"), "reads 'lid \\(red\\)' and 'lid \\(blue\\)' as 'lid'"),
        (("crown_cap", "Crown cap"), "as 'crown cap'"),
        (("(瓶盖)", "cup"), "reads '\\(瓶盖\\)' as ''"),
    ],
)
def test_names_that_a_reading_detector_cannot_tell_apart_are_refused(
    classes: tuple[str, ...], said: str
) -> None:
    changes = settings.Changes({"model": {"type": "GroundingDINO", "language_model": {}}})
    with pytest.raises(StepProblems, match=said):
        families.fit(changes, classes)


def test_a_detector_of_boxes_is_left_as_it_is() -> None:
    changes = _fitted("retinanet/retinanet_r18_fpn_1x_coco.py")
    assert changes.made == ["model.bbox_head.num_classes: 80 -> 3"]
