"""The table says in numbers what a training is going to do."""

from typing import Any

import pytest
from coco_recipe_mmdet.inside import training_table
from coco_recipe_mmdet.inside.training_length import Length
from coco_recipe_mmdet.jobs import TrainJob


def _rows(tree: dict[str, Any], length: Length | None = None, **given: Any) -> dict[str, str]:
    """Return the table of a training."""
    fixed: dict[str, Any] = {"config": "x.py", "set": {}, "classes": ("a",), "key": "", "val": True}
    whole = {"model": {}, "train_dataloader": {"batch_size": 2}, **tree}
    return dict(
        training_table.rows(TrainJob(**{**fixed, **given}), whole, length or Length(12, 100))
    )


@pytest.mark.parametrize(
    ("scaling", "said"),
    [
        ({}, "SGD 0.02 at 4 pictures an iteration"),
        ({"base_batch_size": 4}, "SGD 0.02 at 4 pictures an iteration"),
        (
            {"base_batch_size": 16, "enable": True},
            "SGD 0.02 for 16 pictures an iteration, scaled to 0.005 for 4",
        ),
        (
            {"base_batch_size": 16},
            "SGD 0.02, which is for 16 pictures an iteration, at 4 (scale_lr: true scales it)",
        ),
    ],
)
def test_the_learning_rate_is_that_of_the_batch(scaling: dict[str, Any], said: str) -> None:
    optimizer = {"optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.02}}}
    found = _rows({**optimizer, "auto_scale_lr": scaling}, gpus=2)
    assert found["learning rate"] == said
    assert found["batch"] == "2 in each of 2 processes"


def test_warmup_and_milestones_are_in_iterations() -> None:
    tree = {
        "param_scheduler": [
            {"type": "mmdet.QuadraticWarmupLR", "begin": 0, "end": 3},
            {"type": "MultiStepLR", "milestones": [8, 11]},
            {"type": "CosineAnnealingLR", "by_epoch": False, "begin": 300, "end": 900},
        ]
    }
    found = _rows(tree)
    assert found["warm-up"] == "QuadraticWarmupLR over 300 iterations (25 % of 1200)"
    assert found["then"] == (
        "MultiStepLR times 0.1 at iteration 800, 1100; CosineAnnealingLR from iteration 300 to 900"
    )
    assert _rows({})["warm-up"] == "none"


@pytest.mark.parametrize(
    ("wrapper", "amp", "said"),
    [
        ({}, None, "single"),
        ({"type": "OptimWrapper"}, True, "single; half precision (amp) needs a GPU"),
        (
            {"type": "AmpOptimWrapper", "loss_scale": 512.0},
            None,
            "half where torch takes it (amp), loss scale 512.0",
        ),
    ],
)
def test_the_precision_is_told(wrapper: dict[str, Any], amp: bool | None, said: str) -> None:
    assert _rows({"optim_wrapper": wrapper}, amp=amp)["precision"] == said


def test_average_augmentation_and_frozen_parts_are_told() -> None:
    tree = {
        "model": {"backbone": {"type": "X", "frozen_stages": 1, "norm_eval": True}},
        "custom_hooks": [
            {"type": "EMAHook", "momentum": 0.001},
            {"type": "PipelineSwitchHook", "switch_epoch": 10},
        ],
    }
    found = _rows(tree, freeze="neck")
    assert found["average of weights"] == "ExponentialMovingAverage, momentum 0.001"
    assert found["augmentation"] == "switched off from epoch 11 on"
    expected = "neck; stages up to 1 of backbone; the statistics of batch norms in backbone"
    assert found["frozen"] == expected
    assert _rows(tree, augmentation="off")["augmentation"] == "none"
    assert "ends early" not in found


def test_epochs_and_iterations_are_counted() -> None:
    tree = {"model": {}, "train_dataloader": {}, "optim_wrapper": {}}
    assert _rows(tree, Length(1, 1))["length"] == "1 epoch of 1 iteration"
    assert _rows(tree, Length(2, 3))["length"] == "2 epochs of 3 iterations"
