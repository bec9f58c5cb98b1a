"""The rate of a training, and the one that the config's rule gives."""

from typing import Any

import pytest
from coco_recipe_mmdet.inside import rates
from coco_recipe_mmdet.jobs import Rate, TrainJob


def _tree(rate: Any, *, clip: Any = None, batch: int = 2, **scaling: Any) -> dict[str, Any]:
    return {
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": rate}, "clip_grad": clip},
        "train_dataloader": {"batch_size": batch},
        "auto_scale_lr": scaling,
    }


def _job(**given: Any) -> TrainJob:
    fixed: dict[str, Any] = {"config": "x.py", "set": {}, "classes": ("a",), "key": "", "val": True}
    return TrainJob(**{**fixed, **given})


def test_a_rate_is_that_of_the_batch_over_all_processes() -> None:
    own = _tree(0.02, base_batch_size=16)
    assert rates.of(_job(gpus=2), own, _tree(0.01, base_batch_size=16)) == Rate(
        "SGD", 0.01, 0.02, 4, 16, clips=False
    )
    scaled = _tree(0.02, clip={"max_norm": 35}, base_batch_size=16, enable=True)
    assert rates.of(_job(), own, scaled) == Rate("SGD", 0.0025, 0.02, 2, 16, clips=True)


@pytest.mark.parametrize("rate", [None, 0, "auto", True])
def test_what_is_no_rate(rate: Any) -> None:
    assert rates.of(_job(), _tree(0.02), _tree(rate)) is None
    assert rates.of(_job(more_epochs=2), _tree(0.02), _tree(0.02)) is None
    assert rates.of(_job(), {"optim_wrapper": None}, _tree(0.02)) is None
