"""Hooks, averages of weights and parts of models keep their share of a training."""

import copy
from typing import Any

import pytest
from coco_recipe_mmdet.inside import settings, timed_parts
from coco_recipe_mmdet.inside.training_length import Length

SWITCH = {"type": "PipelineSwitchHook", "switch_epoch": 280, "switch_pipeline": []}
YOLOX = {"type": "YOLOXModeSwitchHook", "num_last_epochs": 15}
EMA = {"type": "EMAHook", "ema_type": "ExpMomentumEMA", "momentum": 0.0002}


def _fitted(hook: dict[str, Any], length: Length, **set_: Any) -> tuple[dict[str, Any], list[str]]:
    """Return a hook that is fitted to a training, and what is said."""
    changes = settings.Changes({"custom_hooks": [copy.deepcopy(hook)]})
    settings.override(changes, {f"custom_hooks.0.{key}": value for key, value in set_.items()})
    said = timed_parts.fit(changes, length, as_given=False)
    return changes.tree["custom_hooks"][0], said


@pytest.mark.parametrize(
    ("epochs", "off_from"), [(1, 1), (2, 2), (5, 5), (12, 12), (36, 35), (600, 561)]
)
def test_augmentation_is_switched_off_for_the_same_share(epochs: int, off_from: int) -> None:
    length = Length(epochs, 100, 300)
    found, _ = _fitted(SWITCH, length)
    assert found["switch_epoch"] == off_from - 1
    assert timed_parts.switched_off({"custom_hooks": [found]}, epochs) == off_from
    assert timed_parts.switched_off({"custom_hooks": [SWITCH]}, 300) == 281


@pytest.mark.parametrize("epochs", [1, 2, 5, 10, 36, 300])
def test_yolox_trains_with_mosaics_first_and_without_at_last(epochs: int) -> None:
    """Source: mmdet's YOLOXModeSwitchHook, which switches at epoch + 1 >= max_epochs - last."""
    found, _ = _fitted(YOLOX, Length(epochs, 100, 300))
    plain = [n for n in range(epochs) if n + 1 >= epochs - found["num_last_epochs"]]
    assert plain[-1:] == [epochs - 1]
    assert len(plain) == max(1, round(16 * epochs / 300))
    assert timed_parts.switched_off({"custom_hooks": [found]}, epochs) == plain[0] + 1


def test_an_average_looks_back_over_a_part_of_a_short_training() -> None:
    found, said = _fitted(EMA, Length(24, 25, 24))
    assert found == {**EMA, "gamma": 60, "momentum": pytest.approx(20 / 600)}
    assert said == [
        "the average of weights is fitted to 600 iterations: gamma 60, momentum 0.03333"
    ]
    assert _fitted(EMA, Length(300, 500, 300)) == (EMA, [])
    assert _fitted(EMA, Length(3, 2, 3))[0]["momentum"] == 0.5
    swa = {"type": "mmengine.EMAHook", "ema_type": "StochasticWeightAverage", "begin_epoch": 9}
    assert _fitted(swa, Length(4, 25, 12))[0] == {**swa, "begin_epoch": 3}


def test_what_counts_iterations_can_be_left_as_given() -> None:
    changes = settings.Changes({"custom_hooks": [copy.deepcopy(EMA)]})
    assert timed_parts.fit(changes, Length(24, 25, 24), as_given=True) == []
    assert changes.tree["custom_hooks"] == [EMA]


def test_what_the_recipe_sets_of_a_hook_is_kept() -> None:
    found, _ = _fitted(SWITCH, Length(10, 25, 300), switch_epoch=7)
    assert found["switch_epoch"] == 7


def test_the_first_assigner_of_a_model_keeps_its_share() -> None:
    tree = {"model": {"bbox_head": {}, "train_cfg": {"initial_epoch": 4}}}
    timed_parts.fit(settings.Changes(tree), Length(3, 25, 12), as_given=False)
    assert tree["model"]["train_cfg"] == {"initial_epoch": 1}
