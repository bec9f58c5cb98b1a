"""A training fits its length: all detectors of the mmdet package that train on boxes of COCO, in
few epochs and in many.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schedules
from builders import times
from coco_recipe_mmdet.inside import (
    job_config,
    learning_rates,
    schedule,
    settings,
    timed_parts,
    training_table,
)
from coco_recipe_mmdet.jobs import TrainJob

from coco_recipe import StepProblems

EPOCHS = (1, 2, 5, 12, 36, 300)
IMAGES = (3, 5000)


def _job(**given: Any) -> TrainJob:
    """Return a training."""
    fixed: dict[str, Any] = {"config": "x.py", "set": {}, "classes": ("a",), "key": "", "val": True}
    return TrainJob(**{**fixed, **given})


@pytest.mark.soak
@pytest.mark.slow
def test_no_config_of_the_package_crashes_in_its_schedule() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("mmdet")
    from mmdet.utils import register_all_modules

    register_all_modules()
    seen, refused, wrong = 0, [], []
    every = 10 // times(10)
    for name, tree, _ in schedules.of_package(every):
        if tree is None:
            continue
        seen += 1
        for epochs in EPOCHS:
            for images in IMAGES:
                changes = settings.Changes(copy.deepcopy(tree))
                job_config.one_data_set(changes)
                length, _ = schedule.fit(changes, _job(epochs=epochs, images=images))
                parameter = torch.nn.Parameter(torch.zeros(1))
                optimizer = torch.optim.SGD([parameter], lr=1.0)
                learning_rates.built(changes.tree, length, optimizer)
                training_table.rows(_job(), changes.tree, length)
                wrong += _out_of_place(f"{name} in {epochs}", changes.tree, length.total, epochs)
        if (
            len(
                [
                    n
                    for _, n in settings.mappings(changes.tree["train_dataloader"], ())
                    if "ann_file" in n
                ]
            )
            > 1
        ):
            refused.append(name.partition("/")[0])
    assert wrong == []
    assert set(refused) <= {"soft_teacher"}, "it learns from labelled and unlabelled pictures"
    assert seen > 600 // every


def _out_of_place(name: str, tree: settings.Tree, total: int, epochs: int) -> Iterator[str]:
    """Yield what has no place in a training."""
    for _, scheduler in learning_rates.schedulers(tree):
        by_iteration = not scheduler.get("by_epoch", True)
        if (
            by_iteration
            and learning_rates.is_warmup(scheduler)
            and scheduler["end"] > max(1, total / 10)
        ):
            yield f"{name}: a warm-up of {scheduler['end']} in {total}"
    off = timed_parts.switched_off(tree, epochs)
    if off is not None and not max(1, epochs / 2) <= off <= epochs:
        yield f"{name}: switched off at {off}"
    if tree["train_cfg"]["max_epochs"] != epochs:
        yield f"{name}: {tree['train_cfg']}"


def test_schedules_by_epoch_are_stretched() -> None:
    tree = {
        "train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": 12},
        "train_dataloader": {},
        "optim_wrapper": {},
        "param_scheduler": [
            {"type": "LinearLR", "by_epoch": False, "begin": 0, "end": 500},
            {"type": "MultiStepLR", "by_epoch": True, "begin": 0, "end": 12, "milestones": [8, 11]},
        ],
    }
    job = _job(epochs=24, val_interval=1)
    schedule.fit(settings.Changes(tree), job)
    assert tree["param_scheduler"] == [
        {"type": "LinearLR", "by_epoch": False, "begin": 0, "end": 500},
        {"type": "MultiStepLR", "by_epoch": True, "begin": 0, "end": 24, "milestones": [16, 22]},
    ]


def _loop(before: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Return the loop of a training."""
    tree = {"train_cfg": before, "train_dataloader": {"sampler": {"type": "InfiniteSampler"}}}
    schedule.fit(settings.Changes(tree), _job(**given))
    assert tree["train_dataloader"]["sampler"]["type"] == "DefaultSampler"
    found: dict[str, Any] = tree["train_cfg"]
    return found


def test_validations_keep_their_places() -> None:
    before = {
        "type": "EpochBasedTrainLoop",
        "max_epochs": 300,
        "val_interval": 10,
        "val_begin": 30,
        "dynamic_intervals": [(280, 1)],
    }
    assert _loop(dict(before), epochs=30) == {
        **before,
        "max_epochs": 30,
        "val_begin": 3,
        "dynamic_intervals": [(28, 1)],
    }
    found = _loop(dict(before), epochs=30, val_interval=2)
    assert (found["val_interval"], found["dynamic_intervals"]) == (2, None)


def test_a_config_that_counts_iterations_needs_epochs() -> None:
    loop = {"type": "IterBasedTrainLoop", "max_iters": 90_000, "val_interval": 5000}
    with pytest.raises(
        StepProblems, match="the config counts iterations, not epochs; say how many"
    ):
        _loop(dict(loop))
    expected = {"type": "EpochBasedTrainLoop", "max_epochs": 3, "val_interval": 1}
    assert _loop(dict(loop), epochs=3) == expected
    legacy = {"by_epoch": True, "max_epochs": 12}
    assert _loop(legacy, epochs=3)["type"] == "EpochBasedTrainLoop"


def test_a_training_that_goes_on_has_the_last_learning_rate_of_the_one_that_ended() -> None:
    pytest.importorskip("mmdet")
    from mmdet.utils import register_all_modules

    register_all_modules()
    tree = {
        "train_cfg": {
            "type": "EpochBasedTrainLoop",
            "max_epochs": 12,
            "dynamic_intervals": [(9, 1)],
        },
        "train_dataloader": {"batch_size": 2},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.02}},
        "custom_hooks": [
            {"type": "PipelineSwitchHook", "switch_epoch": 9},
            {"type": "YOLOXModeSwitchHook", "num_last_epochs": 3},
            {"type": "EMAHook", "ema_type": "ExpMomentumEMA", "momentum": 0.0002, "gamma": 2000},
        ],
        "model": {"bbox_head": {"initial_epoch": 4}},
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "begin": 0, "end": 10},
            {"type": "MultiStepLR", "milestones": [8, 11], "gamma": 0.1},
        ],
    }
    length, said = schedule.fit(settings.Changes(tree), _job(epochs=6, more_epochs=4, images=20))
    assert (length.epochs, length.iterations) == (4, 10)
    assert tree["optim_wrapper"]["optimizer"]["lr"] == pytest.approx(0.0002)
    assert tree["param_scheduler"] == []
    loop = tree["train_cfg"]
    assert (loop["max_epochs"], loop["dynamic_intervals"]) == (4, None)
    first, second, _ = tree["custom_hooks"]
    assert (first["switch_epoch"], second["num_last_epochs"]) == (0, 4)
    assert tree["model"]["bbox_head"]["initial_epoch"] == 0
    (told,) = said
    assert "fitted to 40 iterations" in told, "its own, and no word of the warm-up that is over"


def test_a_learning_rate_that_metrics_have_lowered_is_told_where_a_training_goes_on() -> None:
    pytest.importorskip("mmdet")
    tree: dict[str, Any] = {
        "train_cfg": {"max_epochs": 4},
        "train_dataloader": {"batch_size": 2},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.02}},
        "param_scheduler": [{"type": "ReduceOnPlateauLR", "monitor": "coco/bbox_mAP"}],
    }
    _, said = schedule.fit(settings.Changes(tree), _job(more_epochs=1, images=20))
    (told,) = said
    assert "ReduceOnPlateauLR" in told
    assert "it is 0.02 again" in told


@pytest.mark.parametrize(("ends_at", "is_told"), [(0.0, True), (0.002, False)])
def test_a_training_that_goes_on_at_next_to_no_learning_rate_says_so(
    ends_at: float, is_told: bool
) -> None:
    pytest.importorskip("mmdet")
    cosine = {"type": "CosineAnnealingLR", "by_epoch": False, "eta_min": ends_at, "T_max": 40}
    tree: dict[str, Any] = {
        "train_cfg": {"max_epochs": 4},
        "train_dataloader": {"batch_size": 2},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.02}},
        "param_scheduler": [{**cosine, "begin": 0, "end": 40}],
    }
    _, said = schedule.fit(settings.Changes(tree), _job(more_epochs=1, images=19))
    assert any("hardly change" in line for line in said) == is_told


def test_an_epoch_has_the_pictures_that_are_repeated_for_their_rare_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mmdet")
    rows = [(image, 1) for image in range(10)] + [(4, 2)]
    data = {
        "images": [
            {"id": n, "file_name": f"{n}.png", "width": 64, "height": 64} for n in range(10)
        ],
        "annotations": [
            {
                "id": n,
                "image_id": i,
                "category_id": c,
                "bbox": [0, 0, 9, 9],
                "area": 81,
                "iscrowd": 0,
            }
            for n, (i, c) in enumerate(rows, 1)
        ],
        "categories": [{"id": 1, "name": "common"}, {"id": 2, "name": "rare"}],
    }
    leaf = {"type": "CocoDataset", "ann_file": "x"}
    kind = "ClassBalancedDataset"
    balanced = {"type": kind, "oversample_thr": 0.9, "dataset": leaf}
    tree = {
        "train_dataloader": {"batch_size": 1, "dataset": balanced},
        "train_cfg": {"max_epochs": 2},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.1}},
    }
    job = _job(images=10, classes=("common", "rare"))
    monkeypatch.chdir(tmp_path)
    assert schedule.fit(settings.Changes(copy.deepcopy(tree)), job)[0].iterations == 10
    (tmp_path / "data").mkdir()
    (tmp_path / job_config.TRAIN).write_text(json.dumps(data))
    # the rare one is on a tenth of the pictures: its picture comes sqrt(0.9 / 0.1) = 3 times
    assert schedule.fit(settings.Changes(tree), job)[0].iterations == 12
