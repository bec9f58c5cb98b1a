"""Families of the package whose heads aren't known by name are adapted by their configs."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("mmdet") is None:
    pytest.skip("the training stack is not installed: make test does it", allow_module_level=True)

import torch
from answers import BOX_AND_SCORE, NEW, OLD, differ, tensors
from coco_recipe_mmdet.inside import config_source, job_class_rows, job_config, settings
from coco_recipe_mmdet.jobs import ClassRows, ClassRowsJob
from coco_recipe_torch.class_rows import Layout, NewRows, adapted, make_plan

pytestmark = pytest.mark.slow
FIRST_FIVE = tuple(range(5))
PER_LEVEL = Layout(groups=3, before=5, kept_before=FIRST_FIVE)
BACKGROUND = Layout(after=1, kept_after=(0,))
# a config, and how the rows of some of its tensors lie
FAMILIES: dict[str, tuple[str, dict[str, tuple[Layout, ...]]]] = {
    "DINO": (
        "dino/dino-4scale_r50_8xb2-12e_coco.py",
        {
            "bbox_head.cls_branches.6.weight": (Layout(),),
            "dn_query_generator.label_embedding.weight": (Layout(),),
        },
    ),
    "DETR": ("detr/detr_r50_8xb2-150e_coco.py", {"bbox_head.fc_cls.weight": (BACKGROUND,)}),
    "Mask2Former": (
        "mask2former/mask2former_r50_8xb2-lsj-50e_coco.py",
        {"panoptic_head.cls_embed.bias": (BACKGROUND,)},
    ),
    "QueryInst": (
        "queryinst/queryinst_r50_fpn_1x_coco.py",
        {
            "roi_head.bbox_head.5.fc_cls.weight": (Layout(),),
            "roi_head.mask_head.0.conv_logits.bias": (Layout(),),
        },
    ),
    "PointRend": (
        "point_rend/point-rend_r50-caffe_fpn_ms-1x_coco.py",
        {
            "roi_head.mask_head.fc_logits.weight": (Layout(width=49),),
            "roi_head.point_head.fc_logits.weight": (
                Layout(),
                Layout(axis=1, before=256, kept_before=tuple(range(256)), reads=True),
            ),
        },
    ),
    "Double-Head": (
        "double_heads/dh-faster-rcnn_r50_fpn_1x_coco.py",
        {"roi_head.bbox_head.fc_reg.weight": (Layout(width=4),)},
    ),
    "CrowdDet": (
        "crowddet/crowddet-rcnn_refine_r50_fpn_8xb2-30e_crowdhuman.py",
        {
            "roi_head.bbox_head.fc_reg.1.bias": (Layout(width=4),),
            "roi_head.bbox_head.fc_reg_ref.0.weight": (Layout(width=4),),
        },
    ),
    "Seesaw": (
        "seesaw_loss/mask-rcnn_r50_fpn_seesaw-loss_sample1e-3-ms-2x_lvis-v1.py",
        {
            "roi_head.bbox_head.fc_cls.weight": (Layout(after=2, kept_after=(0, 1)),),
            "roi_head.bbox_head.loss_cls.cum_samples": (BACKGROUND,),
        },
    ),
    "Swin": (
        "swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py",
        {"roi_head.mask_head.conv_logits.weight": (Layout(),)},
    ),
    "batch norm over processes": (
        "strong_baselines/mask-rcnn_r50_fpn_rpn-2conv_4conv1fc_syncbn-all_lsj-50e_coco.py",
        {"roi_head.bbox_head.fc_cls.bias": (BACKGROUND,)},
    ),
    "RPN": ("rpn/rpn_r50_fpn_1x_coco.py", {}),
}
# heads that answer to features: a config, the head's key, channels of each level of features
HEADS = {
    "YOLOv3": ("yolo/yolov3_d53_8xb8-320-273e_coco.py", "bbox_head", (512, 256, 128)),
    "YOLOF": ("yolof/yolof_r50-c5_8xb8-1x_coco.py", "bbox_head", (512,)),
    "YOLACT": ("yolact/yolact_r50_1xb8-55e_coco.py", "bbox_head", (256,) * 5),
    "TOOD": ("tood/tood_r50_fpn_1x_coco.py", "bbox_head", (256,) * 5),
    "AutoAssign": ("autoassign/autoassign_r50-caffe_fpn_1x_coco.py", "bbox_head", (256,) * 5),
    "SOLO": ("solo/solo_r50_fpn_1x_coco.py", "mask_head", (256,) * 5),
    "RTMDet": ("rtmdet/rtmdet_tiny_8xb32-300e_coco.py", "bbox_head", (96,) * 3),
}


class Quiet:
    """Takes what a job reports."""

    first = True

    def note(self, key: str, value: object) -> None:
        """Take a note."""


def rows_of(config: str, shapes: Mapping[str, Any], **given: Any) -> ClassRows:
    job = ClassRowsJob(
        config=f"mmdet::{config}",
        classes=NEW,
        old=len(OLD),
        shapes={key: list(shape) for key, shape in shapes.items()},
        device="cpu",
        **{"set": {}, **given},
    )
    return job_class_rows.class_rows(job, Quiet())  # type: ignore[arg-type]


def tree_of(config: str) -> settings.Tree:
    job_class_rows.stack.begin(ClassRowsJob(config=None, set={}, classes=(), old=1, device="cpu"))
    return config_source.load(f"mmdet::{config}")


def shapes_of(tree: settings.Tree, classes: int) -> dict[str, Any]:
    with job_class_rows._alone():
        return job_class_rows.shapes_of(job_class_rows.build(tree, classes))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_rows_of_a_family_lead_from_one_model_to_the_other(family: str) -> None:
    config, some = FAMILIES[family]
    tree = tree_of(config)
    old, new = shapes_of(tree, len(OLD)), shapes_of(tree, len(NEW))
    found = rows_of(config, old)
    assert found.missing == []
    assert {key: found.layouts[key] for key in some} == some
    assert bool(found.layouts) is bool(some)
    for key, shape in old.items():
        made = list(shape)
        for layout in found.layouts.get(key, ()):
            made[layout.axis] = layout.new_rows(len(NEW))
        assert tuple(made) == new[key], key


def head_of(tree: settings.Tree, key: str, classes: tuple[str, ...]) -> Any:
    from mmdet.registry import MODELS
    from mmengine.config import Config

    changes = settings.Changes(Config(tree).to_dict())
    job_config.bind_classes(changes, classes)
    head = {**changes.tree["model"][key], "train_cfg": None, "test_cfg": None}
    return MODELS.build(Config({"head": head}).head).double().eval()


@pytest.mark.parametrize("family", HEADS)
def test_kept_classes_keep_their_logits_and_the_rest_stays_bit_for_bit(family: str) -> None:
    config, key, channels = HEADS[family]
    tree = tree_of(config)
    old, new = (head_of(tree, key, classes) for classes in (OLD, NEW))
    torch.manual_seed(0)
    state = {
        name: torch.rand(tensor.shape, dtype=torch.float64) * 0.1 + 0.01
        if tensor.is_floating_point()
        else tensor
        for name, tensor in old.state_dict().items()
    }
    old.load_state_dict(state)
    layouts = rows_of(config, shapes_of(tree, len(OLD))).layouts
    plan = make_plan(NEW, OLD, "by_name", {}, "normal")
    rows = NewRows("normal", 0.01, torch.Generator().manual_seed(0))
    made = {
        name: adapted(tensor, name, layouts.get(f"{key}.{name}", ()), plan, rows)
        for name, tensor in state.items()
    }
    new.load_state_dict(made, strict=True)
    features = [
        torch.rand(1, width, side, side, dtype=torch.float64)
        for width, side in zip(channels, (8, 4, 2, 2, 1), strict=False)
    ]
    with torch.no_grad():
        before, after = ([*tensors(head(features))] for head in (old, new))
    first = BOX_AND_SCORE if family == "YOLOv3" else 0
    assert list(differ(before, after, first=first)) == []
    assert any(a.shape != b.shape for a, b in zip(before, after, strict=True))


def test_another_config_is_told_by_its_tensors() -> None:
    shapes = shapes_of(tree_of(FAMILIES["DINO"][0]), len(OLD))
    with pytest.raises(
        ValueError, match=r"config: the checkpoint doesn't fit the config .*is missing"
    ):
        rows_of("tood/tood_r50_fpn_1x_coco.py", shapes)
    with pytest.raises(ValueError, match=r"neck\..* has shape .*, the config's model"):
        rows_of(FAMILIES["DINO"][0], shapes, set={"model.neck.out_channels": 128})


def test_more_old_classes_than_there_are_rows_for_are_refused() -> None:
    tree = tree_of("tood/tood_r50_fpn_1x_coco.py")
    for rows in (3, 80):
        with pytest.raises(
            ValueError, match=rf"bbox_head\.tood_cls\.\w+ has {rows} rows.*; from_classes names"
        ):
            rows_of("tood/tood_r50_fpn_1x_coco.py", shapes_of(tree, rows))


def test_a_config_whose_model_cannot_be_built_is_told_with_the_ways_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ClassRowsJob(config="none.py", set={}, classes=NEW, old=len(OLD), device="cpu")
    monkeypatch.chdir(tmp_path)
    for text, reason in (
        ("x = 1", "config: it has no model; config: names"),
        ("model = dict(type='RetinaNet')", "config: its model can't be built here: TypeError: "),
    ):
        Path("none.py").write_text(text)
        with pytest.raises(ValueError, match=reason):
            job_class_rows.class_rows(given, Quiet())  # type: ignore[arg-type]
