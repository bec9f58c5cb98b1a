"""What a recipe sets is in the config that is used, or is refused with the parameter that decides
it.
"""

import itertools
from typing import Any

import pytest
from coco_recipe_jobs.job import make
from coco_recipe_mmdet.inside import inference, job_train, settings
from coco_recipe_mmdet.inside.config_source import load
from coco_recipe_mmdet.jobs import EvaluateJob, TrainJob
from coco_recipe_mmdet.train_params import PARAMS
from training import CONFIG, TINY

from coco_recipe import StepProblems
from coco_recipe.language.schema_check import with_defaults

pytest.importorskip("mmdet")
DATA = "pictures and classes are those of the step's inputs"


def _resolved(*, val: bool = True, **with_: Any) -> settings.Tree:
    """Return the config of a training."""
    given = with_defaults(PARAMS, {"config": str(CONFIG), "device": "cpu", **with_})
    job = make(TrainJob, given, key="", seed=0, val=val, images=50, classes=["a"])
    return job_train.resolve(job, "cpu").tree


def _refused(**with_: Any) -> dict[str, str]:
    """Return what is refused, with the hint."""
    try:
        _resolved(**with_)
    except StepProblems as error:
        return {str(problem.path[-1]): problem.hint for problem in error.problems}
    return {}


@pytest.mark.parametrize(
    ("path", "value", "hint"),
    [
        ("val_evaluator.classwise", True, "evaluate"),
        ("val_evaluator", {"proposal_nums": [1, 10, 100]}, "evaluate"),
        ("val_evaluator.metric", ["proposal"], "evaluate"),
        ("train_dataloader.dataset.filter_cfg.min_size", 8, "empty_images"),
        ("train_dataloader.dataset.filter_cfg", {"filter_empty_gt": True}, "empty_images"),
        ("train_dataloader.dataset.ann_file", "mine.json", DATA),
        ("*_dataloader.dataset.data_root", "data/mine/", DATA),
        ("val_dataloader.dataset.metainfo", {"classes": ["b"]}, DATA),
        ("train_dataloader.dataset.type", "LVISV1Dataset", DATA),
        ("model.bbox_head.num_classes", 7, DATA),
        ("default_hooks.checkpoint.interval", 2, "checkpoint_interval"),
        ("default_hooks.checkpoint", {"save_best": "auto"}, "keep"),
        ("randomness.seed", 3, "seed"),
        ("randomness", {"deterministic": True}, "deterministic"),
        ("work_dir", "elsewhere", "the step's folder"),
        ("resume", True, "interrupted"),
        ("env_cfg.dist_cfg.backend", "nccl", "device"),
        ("launcher", "pytorch", "launcher"),
        ("optim_wrapper.type", "AmpOptimWrapper", "amp"),
        ("val_dataloader.dataset.test_mode", False, "never trains"),
        ("test_cfg", {"type": "TestLoop", "fp16": True}, "leave it out"),
    ],
)
def test_what_the_step_decides_is_refused(path: str, value: Any, hint: str) -> None:
    found = _refused(set={path: value})
    assert list(found) == [path]
    assert hint in found[path]


@pytest.mark.parametrize(
    ("path", "value", "parameter"),
    [
        ("train_cfg.max_epochs", 9, {"epochs": 8}),
        ("train_cfg", {"max_epochs": 9}, {"epochs": 8}),
        ("train_cfg.val_interval", 3, {"val_interval": 2}),
        ("train_dataloader.batch_size", 3, {"batch_size": 2}),
        ("*_dataloader.num_workers", 3, {"workers": 1}),
        ("optim_wrapper.optimizer.lr", 0.5, {"learning_rate": 0.1}),
        ("optim_wrapper.clip_grad", None, {"clip_grad": 35}),
        ("optim_wrapper.clip_grad.max_norm", 3, {"clip_grad": 35}),
        ("auto_scale_lr.enable", False, {"scale_lr": 16}),
        ("param_scheduler.0.end", 9, {"warmup": 4}),
        ("model.backbone.frozen_stages", 2, {"freeze": 3}),
        ("train_pipeline.2.scale", [96, 96], {"image_size": 64}),
        ("test_pipeline.1.scale", [96, 96], {"image_size": 64}),
        ("train_pipeline.3.prob", 0.9, {"augmentation": "off"}),
        ("custom_hooks", [{"type": "EMAHook", "momentum": 0.1}], {"ema": False}),
    ],
)
def test_a_parameter_and_another_value_in_set_are_refused(
    path: str, value: Any, parameter: dict[str, Any]
) -> None:
    found = _refused(set={path: value}, **parameter)
    assert list(found) == [path]
    assert next(iter(parameter)) in found[path]
    assert _refused(set={path: value}) == {}


def test_all_that_is_refused_is_told_at_once() -> None:
    paths = ["val_evaluator.classwise", "randomness.seed", "model.bbox_head.num_classes"]
    assert list(_refused(set=dict.fromkeys(paths, 77))) == paths


@pytest.mark.parametrize(
    "wanted",
    [
        TINY,
        {"train_dataloader.batch_size": 3, "train_cfg.val_interval": 2},
        {"*_dataloader.num_workers": 2, "train_dataloader.num_workers": 1},
        {"param_scheduler": [{"type": "MultiStepLR", "milestones": [3, 4], "end": 6}]},
        {"param_scheduler.1.eta_min_ratio": 0.1, "param_scheduler.0.end": 200},
        {"optim_wrapper.clip_grad": None, "load_from": None, "model.backbone.init_cfg": None},
        {"val_evaluator.metric": ["bbox"], "model.bbox_head.num_classes": 1},
        {"custom_hooks": [{"type": "CheckInvalidLossHook", "interval": 5}]},
        {"model.neck": {"_delete_": True, "type": "FPN", "out_channels": 64}},
        {"train_pipeline": [{"type": "LoadImageFromFile"}, {"type": "PackDetInputs"}]},
        {"default_hooks.logger.interval": 1, "env_cfg.cudnn_benchmark": True},
    ],
)
def test_what_is_not_refused_is_in_the_config(wanted: dict[str, Any]) -> None:
    tree = _resolved(set=wanted, epochs=6)
    for path, value in wanted.items():
        now = settings.get(tree, path.replace("*", "val").split("."))
        if isinstance(value, dict):
            assert {key: now[key] for key in value if key != "_delete_"}.items() <= value.items()
        else:
            assert settings.short(now).replace("(", "[").replace(")", "]") == settings.short(value)


def test_a_loader_for_which_there_is_no_input_is_not_set() -> None:
    assert list(_refused(val=False, set={"val_dataloader.batch_size": 2})) == [
        "val_dataloader.batch_size"
    ]
    assert _refused(val=False, set={"*_dataloader.batch_size": 2, **TINY}) == {}


@pytest.mark.parametrize(
    ("path", "value", "hint"),
    [
        ("test_dataloader.dataset.ann_file", "mine.json", DATA),
        ("model.bbox_head.num_classes", 7, DATA),
        ("test_evaluator.classwise", True, "metrics.json"),
        ("*_evaluator.metric", "proposal", "metrics.json"),
        ("test_dataloader.batch_size", 3, "batch_size"),
    ],
)
def test_what_a_measuring_step_decides_is_refused(path: str, value: Any, hint: str) -> None:
    job = EvaluateJob(config=str(CONFIG), set={path: value}, classes=("a",), batch_size=2)
    with pytest.raises(StepProblems) as error:
        inference.resolve(job, load(str(CONFIG)), "cpu")
    [problem] = error.value.problems
    assert (problem.path, hint in problem.hint) == (("set", path), True)


def test_a_star_reaches_only_what_is_there() -> None:
    tree = {"model": {"a": {"depth": 1}, "b": {"width": 2}}, "x_dataloader": {}}
    changes = settings.Changes(tree)
    settings.override(changes, {"model.*.depth": 5})
    assert tree["model"] == {"a": {"depth": 5}, "b": {"width": 2}}
    for path in ("model.*.height", "*_dataloader.pin_memory", "model.?.height", "mod*.new"):
        with pytest.raises(StepProblems, match="the config has no"):
            settings.override(changes, {path: 1})
    settings.override(changes, {"model.b.height": 1})
    assert tree["model"]["b"] == {"width": 2, "height": 1}


def test_what_is_left_out_of_a_list_moves_what_was_set_behind_it() -> None:
    tree = {"model": {"parts": [{"n": 1}, {"n": 2}, {"n": 3}]}}
    changes = settings.Changes(tree)
    settings.override(changes, {"model.parts.2.n": 7})
    changes.drop(("model", "parts", "0"))
    assert [leaf.place for leaf in changes.wanted] == [("model", "parts", "1", "n")]
    assert list(itertools.chain(*(part.values() for part in tree["model"]["parts"]))) == [2, 7]
