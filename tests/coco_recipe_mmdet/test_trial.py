"""All that a config names is built on the meta device, and what can't be is blamed on its cause."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_jobs.job import make
from coco_recipe_mmdet.inside import job_train
from coco_recipe_mmdet.jobs import TrainJob
from coco_recipe_mmdet.train_params import PARAMS
from training import CONFIG

from coco_recipe import StepProblems
from coco_recipe.language.schema_check import with_defaults

pytest.importorskip("mmdet")


def _try(wanted: Mapping[str, object], config: str = str(CONFIG), **with_: Any) -> None:
    """Build what a training builds, with some changes."""
    from coco_recipe_mmdet.inside import added_parts, trial
    from mmdet.utils import register_all_modules

    register_all_modules()

    def build(asked: Mapping[str, object]) -> None:
        given = with_defaults(PARAMS, {"config": config, "set": asked, "device": "cpu", **with_})
        job = make(TrainJob, given, key="", seed=0, val=True, classes=["a"])
        found = job_train.resolve(job, "cpu")
        frozen = added_parts.parts_to_freeze(job.freeze)
        trial.training(job_train.for_runner(job, found.tree, "cpu"), found.length, frozen)

    trial.blamed(wanted, build)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"model.backbone.depth": 77}, "invalid depth 77 for resnet"),
        ({"model.neck.out_chanels": 64}, "unexpected keyword argument 'out_chanels'"),
        ({"train_pipeline.3.probb": 1}, "unexpected keyword argument 'probb'"),
        ({"test_pipeline.1.keep_ration": 1}, "unexpected keyword argument 'keep_ration'"),
        ({"train_dataloader.dataset.cache": 1}, "unexpected keyword argument 'cache'"),
        ({"optim_wrapper.optimizer.lrr": 1}, "unexpected keyword argument 'lrr'"),
        ({"param_scheduler.1.eta_min_rate": 1}, "unexpected keyword argument 'eta_min_rate'"),
        ({"param_scheduler.0.end": 0}, "end should be larger than begin"),
        ({"custom_hooks": [{"type": "EMAHook", "momentum": 7}]}, "momentum must be in range"),
        ({"default_hooks.logger.intervall": 7}, "unexpected keyword argument 'intervall'"),
        ({"train_dataloader.drop_last": True}, "batch_sampler option is mutually exclusive"),
        ({"train_cfg.val_intervall": 2}, "unexpected keyword argument 'val_intervall'"),
        ({"log_level": "LOUD"}, "Unknown level: 'LOUD'"),
        ({"log_processor.window": 5}, "unexpected keyword argument 'window'"),
        ({"visualizer.line_widht": 5}, "unexpected keyword argument 'line_widht'"),
        ({"env_cfg.cudnn_benchmarks": True}, "mmengine has no use for cudnn_benchmarks"),
        ({"env_cfg.mp_cfg.start": "fork"}, "unexpected keyword argument 'start'"),
        ({"auto_scale_lr.enabled": True}, "mmengine has no use for enabled"),
        ({"optim_wrapper.clip_grad": {"max_norms": 3}}, "argument 'max_norms'"),
        (
            {"optim_wrapper.clip_grad": {"_delete_": True, "type": "value", "clip": 3}},
            "argument: 'clip_value'",
        ),
        ({"param_scheduler": [{"type": "ReduceOnPlateauLR"}]}, "waits for 'loss'; validations"),
        (
            {
                "custom_hooks": [
                    {"type": "EarlyStoppingHook", "monitor": "bbox_mAP", "rule": "greater"}
                ]
            },
            "EarlyStoppingHook waits for 'bbox_mAP'; validations measure coco/bbox_mAP, coco/",
        ),
        ({"env_cfg.mp_cfg.mp_start_method": "spawnn"}, "cannot find context for 'spawnn'"),
        (
            {"log_processor.custom_cfg": [{"data_src": "loss", "method_name": "median"}]},
            "there is no method_name 'median'; known: current, max, mean, min",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_built_is_blamed_on_its_path(wanted: dict[str, Any], said: str) -> None:
    harmless = {"train_dataloader.batch_size": 2, "model.test_cfg.score_thr": 0.1}
    with pytest.raises(StepProblems) as error:
        _try({**harmless, **wanted})
    [problem] = error.value.problems
    assert problem.path == ("set", next(iter(wanted)))
    assert said in problem.what


def test_a_wrapper_of_data_sets_is_held_against_its_arguments(tmp_path: Path) -> None:
    path = tmp_path / "repeated.py"
    path.write_text(
        f"_base_ = {str(CONFIG)!r}\n"
        "data = dict(type='CocoDataset', ann_file='x', pipeline={{_base_.train_pipeline}})\n"
        "train_dataloader = dict(dataset=dict(_delete_=True, type='RepeatDataset', times=3,\n"
        "    dataset=data))\n"
    )
    with pytest.raises(StepProblems, match="unexpected keyword argument 'ann_file'") as error:
        _try({"train_dataloader.dataset.ann_file": "mine.json"}, str(path))
    assert error.value.problems[0].path == ("set", "train_dataloader.dataset.ann_file")


@pytest.mark.slow
def test_what_no_change_explains_is_blamed_on_the_config(tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(f"_base_ = {str(CONFIG)!r}\nmodel = dict(neck=dict(in_channels=3))\n")
    with pytest.raises(StepProblems) as error:
        _try({"train_dataloader.batch_size": 2}, str(path))
    [problem] = error.value.problems
    assert problem.path == ("config",)
    assert problem.what.startswith("model can't be built: ")


@pytest.mark.slow
def test_a_part_to_freeze_must_be_there() -> None:
    with pytest.raises(StepProblems, match=r"freeze: the model has no part 'neckk'; it has .*neck"):
        _try({}, freeze=["neckk"])
    _try({}, freeze=["neck", "backbone.layer1"])
    with pytest.raises(StepProblems, match="freeze: nothing of the model is left that learns"):
        _try({}, freeze=["backbone", "neck", "bbox_head"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "wanted",
    [
        {"optim_wrapper.clip_grad": {"_delete_": True, "type": "value", "clip_value": 0.5}},
        {
            "param_scheduler": [
                {"type": "ReduceOnPlateauLR", "monitor": "coco/bbox_mAP_50", "rule": "greater"}
            ]
        },
        {"custom_hooks": [{"type": "EarlyStoppingHook", "monitor": "coco/bbox_mAP"}]},
    ],
    ids=lambda wanted: next(iter(wanted)),
)
def test_what_waits_for_a_measured_figure_or_clips_by_value_is_built(
    wanted: dict[str, Any],
) -> None:
    _try(wanted)


@pytest.mark.slow
def test_batch_norms_of_several_processes_are_built_in_a_group(tmp_path: Path) -> None:
    from coco_recipe_mmdet.inside import stack

    path = tmp_path / "together.py"
    norm = "dict(type='MMSyncBN', requires_grad=True)"
    path.write_text(f"_base_ = {str(CONFIG)!r}\nmodel = dict(backbone=dict(norm_cfg={norm}))\n")
    with pytest.raises(StepProblems, match="process group has not been initialized"):
        _try({}, str(path))
    stack.join_alone()
    try:
        _try({}, str(path), launcher="pytorch", gpus=2)
    finally:
        stack.leave()
