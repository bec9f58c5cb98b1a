"""A config is tried before anything runs."""

from typing import Any

import pytest
from training import Shapes, train_step

NUMBERED = {"id": "numbered", "use": "reindex", "in": "train"}


@pytest.mark.parametrize(
    ("key", "with_", "reason"),
    [
        (
            "set.model.backbon.depth",
            {"set": {"model.backbon.depth": 50}},
            "the config has no 'model.backbon.depth'",
        ),
        (
            "best_by",
            {"best_by": "segm_mAP"},
            "segm_mAP is of masks, and the config's model has none",
        ),
        (
            "scale_lr",
            {"scale_lr": True, "set": {"auto_scale_lr": None}},
            "the config doesn't say which batch size",
        ),
        ("config", {"config": "broken.py"}, "the config broken.py can't be run: ZeroDivisionError"),
    ],
)
def test_a_config_is_tried_before_the_steps_above_run(
    shapes: Shapes, key: str, with_: dict[str, Any], reason: str
) -> None:
    (shapes.folder / "broken.py").write_text("_base_ = 'small.py'\nx = 1 / 0\n")
    later = {
        "id": "later",
        "use": "export_coco",
        "in": {"train": "numbered"},
        "with": {"to": "later"},
    }
    said = shapes.fails("tried", [NUMBERED, later, train_step(**with_)])
    assert f"steps[2].with.{key}: step 'fit' (train): {reason}" in said.replace(
        f"{shapes.folder}/", ""
    )
    assert "the log is" not in said
    assert not (shapes.folder / "runs/tried/steps").exists()
