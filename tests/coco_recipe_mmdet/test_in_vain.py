"""What a recipe sets is in the config that is used, or is refused with the parameter that decides
it.
"""

import itertools
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_jobs.job import make
from coco_recipe_mmdet.inside import in_vain, inference, job_train, settings
from coco_recipe_mmdet.inside.config_source import load
from coco_recipe_mmdet.jobs import EvaluateJob, TrainJob
from coco_recipe_mmdet.train_params import PARAMS
from training import CONFIG, TINY

from coco_recipe import StepProblems
from coco_recipe.language.schema_check import with_defaults

pytestmark = pytest.mark.slow

pytest.importorskip("mmdet")
DATA = "pictures and classes are those of the step's inputs"


def _said(**with_: Any) -> list[str]:
    """Return what is said of a training's length."""
    given = with_defaults(PARAMS, {"config": str(CONFIG), "device": "cpu", **with_})
    job = make(TrainJob, given, key="", seed=0, val=True, images=50, classes=["a"])
    return job_train.resolve(job, "cpu").shortened


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
        ("test_cfg", {"type": "TestLoop", "fp16": True}, "evaluate"),
        ("test_dataloader.batch_size", 3, "val_dataloader"),
        ("val_cfg.fp16", True, "full precision"),
        ("val_cfg", None, "val"),
        ("train_cfg.by_epoch", False, "epochs"),
        ("train_cfg.type", "IterBasedTrainLoop", "epochs"),
        ("train_dataloader.sampler", {"type": "InfiniteSampler"}, "epochs"),
        ("default_hooks.checkpoint", None, "checkpoint_interval"),
        ("custom_hooks", [{"type": "CheckpointHook", "interval": 2}], "checkpoint_interval"),
        ("default_scope", "mmengine", "package"),
        ("runner_type", "FlexibleRunner", "Runner of its own"),
        ("visualizer.vis_backends", [{"type": "LocalVisBackend"}], "trackers"),
        ("visualizer.save_dir", "elsewhere", "trackers"),
        ("data_preprocessor", {"mean": [0, 0, 0]}, "model.data_preprocessor"),
        ("tta_pipeline", [], "tta"),
        ("model_wrapper_cfg", {"broadcast_buffers": False}, "launcher"),
        ("find_unused_parameters", True, "launcher"),
        ("sync_bn", "torch", "launcher"),
        ("default_hooks.visualization.draw", True, "trackers"),
        ("default_hooks.visualization.interval", 5, "predictions.png"),
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
        {"log_level": "DEBUG", "train_dataloader.batch_sampler": None},
        {"train_cfg.dynamic_intervals": [[4, 1]], "optim_wrapper.accumulative_counts": 4},
        {"visualizer.line_width": 5, "experiment_name": "mine", "compile": True},
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


def test_a_backend_of_the_visualizer_gets_its_folder() -> None:
    board = {"type": "TensorboardVisBackend"}
    assert _refused(set={"vis_backends": [board]}) == {}
    assert _refused(set={"visualizer.vis_backends": [board]}) == {}


def test_without_a_hook_that_steps_them_there_are_no_schedules() -> None:
    assert _resolved(set={"default_hooks.param_scheduler": None}, epochs=6)["param_scheduler"] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("train_cfg", None),
        ("train_cfg.max_iters", 500),
        ("load_from", "coco.pth"),
        ("train_cfg.val_begin", 13),
        ("custom_hooks", [{"type": "EMAHook", "begin_epoch": 13}]),
        ("train_cfg", "EpochBasedTrainLoop"),
        ("model", None),
        ("train_dataloader", None),
        ("custom_hooks", {"type": "EMAHook"}),
        ("custom_hooks", ["EMAHook"]),
        ("default_hooks", []),
        ("param_scheduler", "StepLR"),
        ("train_pipeline", None),
    ],
)
def test_what_is_set_and_can_not_be_is_refused_at_its_place(path: str, value: Any) -> None:
    assert list(_refused(set={path: value})) == [path]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"set": {"param_scheduler.1": {"milestones": [3, 16, 22], "type": "MultiStepLR"}}},
            "param_scheduler.1.milestones: nothing comes of 16, 22, for the training ends at "
            "epoch 6",
        ),
        (
            {"set": {"param_scheduler": [{"type": "StepLR", "step_size": 2, "begin": 6}]}},
            "param_scheduler.0.begin: nothing comes of 6, for the training ends at epoch 6",
        ),
        (
            {"set": {"custom_hooks": [{"type": "PipelineSwitchHook", "switch_epoch": 280}]}},
            "custom_hooks.0.switch_epoch: 280 is not before the end, so that strong augmentation "
            "stays",
        ),
        ({"warmup": 900}, "the warm-up ends at iteration 900, and the training at 42"),
    ],
)
def test_what_is_asked_for_behind_the_end_is_said(given: dict[str, Any], said: str) -> None:
    assert said in _said(epochs=6, **given)
    assert not any("the end" in line or "ends at" in line for line in _said(epochs=6))


INNER = "dict(type='CocoDataset', ann_file='x', pipeline={{_base_.train_pipeline}})"
WRAPPED = {
    "repeated": f"dict(_delete_=True, type='RepeatDataset', times=3, dataset={INNER})",
    "balanced": f"dict(_delete_=True, type='ClassBalancedDataset', oversample_thr=0.1, "
    f"dataset={INNER})",
    "mixed": f"dict(_delete_=True, type='MultiImageMixDataset', dataset={INNER}, pipeline=[])",
    "joined": f"dict(_delete_=True, type='ConcatDataset', datasets=[{INNER}, {INNER}])",
}
SET = "train_dataloader.dataset"


@pytest.mark.parametrize(
    ("wrapper", "path", "value", "refused"),
    [
        ("repeated", f"{SET}.dataset.ann_file", "mine.json", True),
        ("repeated", f"{SET}.dataset.metainfo", {"classes": ["b"]}, True),
        ("repeated", f"{SET}.times", 2, False),
        ("repeated", "train_pipeline.2.scale", [96, 96], False),
        ("balanced", f"{SET}.dataset.data_prefix", {"img": "mine"}, True),
        ("balanced", f"{SET}.oversample_thr", 0.5, False),
        ("mixed", f"{SET}.dataset.ann_file", "mine.json", True),
        ("mixed", f"{SET}.max_refetch", 5, False),
        ("joined", f"{SET}.datasets.*.ann_file", "mine.json", True),
        ("joined", f"{SET}.datasets.1.max_refetch", 5, True),
        ("joined", f"{SET}.ignore_keys", ["classes"], True),
        ("joined", "train_pipeline.2.scale", [96, 96], False),
        ("joined", f"{SET}.datasets.*.pipeline.2.scale", [96, 96], False),
    ],
)
def test_settings_of_wrapped_data_sets(
    wrapper: str, path: str, value: Any, refused: bool, tmp_path: Path
) -> None:
    config = tmp_path / "wrapped.py"
    data = WRAPPED[wrapper]
    config.write_text(f"_base_ = {str(CONFIG)!r}\ntrain_dataloader = dict(dataset={data})\n")
    assert list(_refused(config=str(config), set={path: value})) == [path] * refused


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
        ("val_dataloader.batch_size", 3, "test_dataloader"),
        ("tta_pipeline", [{"type": "LoadImageFromFile"}], "tta"),
        ("train_cfg.max_epochs", 3, "leave it out"),
        ("optim_wrapper.optimizer.lr", 0.1, "leave it out"),
        ("custom_hooks", [{"type": "EMAHook"}], "leave it out"),
        ("val_cfg.fp16", True, "leave it out"),
        ("env_cfg.cudnn_benchmark", True, "leave it out"),
    ],
)
def test_what_a_measuring_step_decides_is_refused(path: str, value: Any, hint: str) -> None:
    job = EvaluateJob(config=str(CONFIG), set={path: value}, classes=("a",), batch_size=2)
    with pytest.raises(StepProblems) as error:
        inference.resolve(job, load(str(CONFIG)), "cpu")
    [problem] = error.value.problems
    assert (problem.path, hint in problem.hint) == (("set", path), True)


def test_what_is_drawn_for_a_tracker_and_what_several_processes_need_is_kept() -> None:
    draws = {"default_hooks.visualization.draw": True}
    assert _refused(set=draws, trackers=["tensorboard"]) == {}
    assert _refused(set={"find_unused_parameters": True}, launcher="pytorch", gpus=2) == {}


def test_a_step_that_builds_a_model_alone_looks_at_nothing_else() -> None:
    changes = settings.Changes(load(str(CONFIG)))
    wanted = {"model.neck.num_outs": 4, "train_cfg.max_epochs": 3, "tta_pipeline": []}
    settings.override(changes, wanted)
    with pytest.raises(StepProblems) as error:
        in_vain.expect_used(changes, ("model",))
    assert [problem.path[-1] for problem in error.value.problems] == list(wanted)[1:]


@pytest.mark.parametrize(
    "wanted",
    [
        {"param_scheduler": [{"type": "PolyLR", "by_epoch": False, "begin": 0, "end": 84}]},
        {"param_scheduler.0.start_factor": 0.5},
        {"optim_wrapper.optimizer.lr": 0.01},
        {"custom_hooks": [{"type": "EMAHook", "begin_epoch": 2}]},
        {"train_cfg.dynamic_intervals": [[8, 1]]},
    ],
)
def test_a_training_that_goes_on_takes_what_the_ended_one_was_set(wanted: dict[str, Any]) -> None:
    assert _refused(set=wanted) == {}
    assert _refused(set=wanted, more_epochs=2) == {}


def test_settings_of_half_precision_are_refused_where_there_is_none() -> None:
    scale = {"optim_wrapper.loss_scale": 512.0}
    assert "needs a GPU" in _refused(set=scale, amp=True)["optim_wrapper.loss_scale"]


def test_a_training_that_goes_on_tells_what_is_set_beside_a_parameter() -> None:
    beside = {"set": {"optim_wrapper.optimizer.lr": 0.01}, "learning_rate": 0.1}
    assert list(_refused(**beside)) == list(_refused(**beside, more_epochs=2))
    assert "optim_wrapper.optimizer.lr" in _refused(**beside, more_epochs=2)


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


def test_pictures_that_fill_no_batch_are_too_few() -> None:
    wanted = {"train_dataloader.batch_sampler.drop_last": True}
    with pytest.raises(StepProblems, match="the 50 pictures fill no batch") as error:
        _resolved(set=wanted, batch_size=64)
    assert error.value.problems[0].path == ("batch_size",)
    assert _refused(set=wanted, batch_size=50) == {}
    assert _refused(batch_size=64) == {}
