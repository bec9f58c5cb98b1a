"""The notebook's two detectors: what ``recipes/bottle_caps.yaml`` trains, beside a table of the
notebook's values.
"""

from typing import Any

import pytest
import yaml
from builders import REPOSITORY
from coco_recipe_jobs.job import make
from coco_recipe_mmdet.inside import job_train
from coco_recipe_mmdet.inside.settings import get
from coco_recipe_mmdet.jobs import TrainJob
from coco_recipe_mmdet.train_params import PARAMS

from coco_recipe.language.schema_check import with_defaults

RECIPE = REPOSITORY / "recipes/bottle_caps.yaml"
STAGES = range(3)
# shared/design/notebook.md: of both detectors, of the first, of the second
BOTH = {
    "model.type": "CascadeRCNN",
    "model.backbone.type": "ResNet",
    "model.backbone.depth": 50,
    "model.backbone.frozen_stages": 1,
    "model.backbone.norm_eval": True,
    "model.roi_head.num_stages": 3,
    "model.roi_head.stage_loss_weights": [1, 0.5, 0.25],
    **{f"model.roi_head.bbox_head.{n}.loss_bbox.type": "SmoothL1Loss" for n in STAGES},
    **{f"model.roi_head.bbox_head.{n}.reg_class_agnostic": True for n in STAGES},
    "model.roi_head.bbox_head.0.bbox_coder.target_stds": [0.1, 0.1, 0.2, 0.2],
    "model.roi_head.bbox_head.1.bbox_coder.target_stds": [0.05, 0.05, 0.1, 0.1],
    "model.roi_head.bbox_head.2.bbox_coder.target_stds": [0.033, 0.033, 0.067, 0.067],
    **{
        f"model.train_cfg.rcnn.{n}.assigner.{key}": iou
        for n, iou in enumerate((0.5, 0.6, 0.7))
        for key in ("pos_iou_thr", "neg_iou_thr")
    },
    "model.roi_head.bbox_roi_extractor.roi_layer.type": "RoIAlign",
    "model.roi_head.bbox_roi_extractor.roi_layer.output_size": 7,
    "model.roi_head.bbox_roi_extractor.roi_layer.sampling_ratio": 2,
    "model.train_cfg.rpn_proposal.max_per_img": 2000,
    "model.train_cfg.rpn_proposal.nms.iou_threshold": 0.7,
    "model.test_cfg.rpn.max_per_img": 1000,
    "model.test_cfg.rpn.nms.iou_threshold": 0.7,
    "model.test_cfg.rcnn.score_thr": 0.05,
    "model.test_cfg.rcnn.nms.iou_threshold": 0.5,
    "model.test_cfg.rcnn.max_per_img": 100,
    "model.data_preprocessor.mean": [123.675, 116.28, 103.53],
    "model.data_preprocessor.std": [58.395, 57.12, 57.375],
    "model.data_preprocessor.pad_size_divisor": 32,
    "train_dataloader.dataset.pipeline.3.prob": 0.5,
    "optim_wrapper.optimizer.type": "SGD",
    "optim_wrapper.optimizer.momentum": 0.9,
    "optim_wrapper.optimizer.weight_decay": 0.0001,
    "optim_wrapper.clip_grad": {"max_norm": 35, "norm_type": 2},
    "param_scheduler.0.type": "LinearLR",
    "param_scheduler.0.by_epoch": False,
    "param_scheduler.0.start_factor": 1 / 3,
    "param_scheduler.0.begin": 0,
    "param_scheduler.0.end": 500,
    "param_scheduler.1.type": "MultiStepLR",
    "param_scheduler.1.milestones": [8, 11],
    "param_scheduler.1.gamma": 0.1,
    "train_cfg.max_epochs": 12,
    "load_from": None,
}
FIRST = {
    "model.backbone.init_cfg.checkpoint": "torchvision://resnet50",
    "model.backbone.dcn": None,
    "train_dataloader.dataset.pipeline.2.scale": (1333, 800),
    "val_dataloader.dataset.pipeline.1.scale": (1333, 800),
    "train_dataloader.batch_size": 2,
    "train_dataloader.num_workers": 2,
    "optim_wrapper.optimizer.lr": 0.02,
    "optim_wrapper.type": "OptimWrapper",
    "auto_scale_lr.enable": False,
}
SECOND = {
    "model.backbone.init_cfg": None,
    "model.backbone.dcn.type": "DCN",
    "model.backbone.dcn.deform_groups": 1,
    "model.backbone.stage_with_dcn": (False, True, True, True),
    "train_dataloader.dataset.pipeline.2.scale": [(1333, 800), (1333, 1200)],
    "val_dataloader.dataset.pipeline.1.scale": (1333, 1000),
    "train_dataloader.batch_size": 5,
    "train_dataloader.num_workers": 6,
    "optim_wrapper.optimizer.lr": 0.05,
    "optim_wrapper.type": "AmpOptimWrapper",
    "optim_wrapper.loss_scale": 512.0,
    "auto_scale_lr.enable": False,
}


def _step(name: str) -> dict[str, Any]:
    """Return a step of the recipe."""
    steps = yaml.safe_load(RECIPE.read_text("utf-8"))["steps"]
    found: dict[str, Any] = next(step for step in steps if step["id"] == name)
    return found


@pytest.mark.parametrize(("name", "own"), [("plain", FIRST), ("dconv", SECOND)])
def test_a_detector_is_trained_as_the_notebook_trained_it(name: str, own: dict[str, Any]) -> None:
    pytest.importorskip("mmdet")
    step = _step(name)
    job = make(
        TrainJob,
        with_defaults(PARAMS, step["with"]),
        key="",
        seed=0,
        val=True,
        images=300,
        checkpoint="coco.pth" if "checkpoint" in step["in"] else None,
        classes=["a"] * 10,
        config=str(RECIPE.parent / step["with"]["config"]),
    )
    tree = job_train.resolve(job, "cuda").tree
    table = {**BOTH, **own}
    assert {place: get(tree, place.split(".")) for place in table} == table


def test_the_first_starts_from_imagenet_and_the_second_from_the_plain_checkpoint() -> None:
    steps = yaml.safe_load(RECIPE.read_text("utf-8"))
    assert "checkpoint" not in _step("plain")["in"]
    head = _step(_step("dconv")["in"]["checkpoint"])
    assert head["in"]["checkpoint"] == "coco_plain"
    assert "cascade_rcnn_r50_fpn_1x_coco" in steps["inputs"]["coco_plain"]["checkpoint"]
