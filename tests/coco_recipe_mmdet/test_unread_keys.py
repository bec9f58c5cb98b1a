"""A key of train_cfg or test_cfg that no code of the model reads is refused, with the one that is
like it.
"""

from typing import Any

import pytest
from training import CONFIG

from coco_recipe import StepProblems

pytestmark = pytest.mark.slow

pytest.importorskip("mmdet")


@pytest.fixture(scope="module")
def built() -> tuple[dict[str, Any], Any]:
    """Return the small config, and its model."""
    from coco_recipe_mmdet.inside import config_source, trial
    from mmdet.utils import register_all_modules

    register_all_modules()
    tree = config_source.load(str(CONFIG))
    tree["model"]["backbone"]["init_cfg"] = None
    return tree, trial.model(tree)


def _refused(built: tuple[dict[str, Any], Any], wanted: dict[str, Any]) -> dict[str, str]:
    from coco_recipe_mmdet.inside import settings, unread_keys

    tree, model = built
    changes = settings.Changes(tree)
    settings.override(changes, wanted)
    try:
        unread_keys.refuse(changes.wanted, tree, model)
    except StepProblems as error:
        return {str(one.path[-1]): f"{one.what}: {one.hint}" for one in error.problems}
    return {}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("model.test_cfg.score_thrs", 0.1, "RetinaNet reads model.test_cfg.score_thrs: score_thr?"),
        ("model.test_cfg", {"nms_prae": 5}, "model.test_cfg.nms_prae: nms_pre?"),
        ("model.test_cfg.nms.iou_treshold", 0.5, "iou_treshold: iou_threshold?"),
        ("model.train_cfg.my_own_switch", True, "my_own_switch: leave it out"),
    ],
)
def test_what_nothing_reads_is_refused(
    built: tuple[dict[str, Any], Any], path: str, value: Any, words: str
) -> None:
    found = _refused(built, {path: value})
    assert list(found) == [path]
    assert words in found[path]


@pytest.mark.parametrize(
    "wanted",
    [
        {"model.test_cfg.score_thr": 0.1, "model.test_cfg.nms.iou_threshold": 0.6},
        {"model.test_cfg": {"max_per_img": 5, "min_bbox_size": 2, "nms_pre": 9}},
        {"model.test_cfg.with_nms": False},
        {"model.train_cfg": {"pos_weight": -1, "assigner": {"pos_iou_thr": 0.6}}},
        {"model.test_cfg.nms": {"_delete_": True, "type": "soft_nms", "sigma": 0.5}},
        {"model.bbox_head.anchor_generator.no_such_key": 1, "train_cfg.max_epochs": 3},
    ],
)
def test_what_is_read_or_taken_by_a_class_is_not(
    built: tuple[dict[str, Any], Any], wanted: dict[str, Any]
) -> None:
    assert _refused(built, wanted) == {}
