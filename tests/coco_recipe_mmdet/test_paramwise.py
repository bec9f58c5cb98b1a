"""What is set for some parameters of a model reaches one, or is refused."""

from typing import Any

import pytest
from training import CONFIG

from coco_recipe import StepProblems

pytestmark = pytest.mark.slow

pytest.importorskip("mmdet")


@pytest.fixture(scope="module")
def built() -> Any:
    """Return the model of the small config."""
    from coco_recipe_mmdet.inside import config_source, trial
    from mmdet.utils import register_all_modules

    register_all_modules()
    return trial.model(config_source.load(str(CONFIG)))


def _refused(built: Any, wanted: dict[str, Any]) -> dict[str, str]:
    from coco_recipe_mmdet.inside import config_source, paramwise, settings

    changes = settings.Changes(config_source.load(str(CONFIG)))
    settings.override(changes, wanted)
    try:
        paramwise.refuse(changes.wanted, changes.tree, built)
    except StepProblems as error:
        return {str(one.path[-1]): f"{one.what}: {one.hint}" for one in error.problems}
    return {}


ROOT = "optim_wrapper.paramwise_cfg"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (ROOT, {"norm_decay_multi": 0}, "doesn't read optim_wrapper.paramwise_cfg.norm_decay_mult"),
        (ROOT, {"bias_decay": 0}, "paramwise_cfg.bias_decay: bias_decay_mult?"),
        (
            ROOT,
            {"custom_keys": {"bacbone": {"lr_mult": 0.1}}},
            "no parameter of the model has 'bacbone' in its name: parameters begin with backbone, ",
        ),
        (
            ROOT,
            {"_delete_": True, "custom_keys": {"backbone": {"lr_mul": 0.1}}},
            "neither mmengine nor AdamW reads optim_wrapper.paramwise_cfg.custom_keys.backbone."
            "lr_mul: lr_mult?",
        ),
    ],
)
def test_what_reaches_no_parameter_is_refused(
    built: Any, path: str, value: Any, words: str
) -> None:
    found = _refused(built, {path: value})
    assert list(found) == [path]
    assert words in found[path]


@pytest.mark.parametrize(
    "wanted",
    [
        {ROOT: {"norm_decay_mult": 0, "bias_lr_mult": 2, "bypass_duplicate": True}},
        {ROOT: {"custom_keys": {"backbone.layer1": {"lr_mult": 0.1, "decay_mult": 0}}}},
        {ROOT: {"custom_keys": {"bn": {"betas": [0.9, 0.99], "weight_decay": 0.0}}}},
        {ROOT: None},
        {
            "optim_wrapper.constructor": "LearningRateDecayOptimizerConstructor",
            ROOT: {"decay_rate": 0.7, "decay_type": "layer_wise", "num_layers": 6},
        },
    ],
)
def test_what_reaches_some_is_not(built: Any, wanted: dict[str, Any]) -> None:
    assert _refused(built, wanted) == {}
