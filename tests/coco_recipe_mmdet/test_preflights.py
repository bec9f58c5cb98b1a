"""A config is tried before anything runs."""

from typing import Any

import pytest
from training import CPU, TINY, Shapes, train_step

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


def test_the_first_step_is_tried_and_built_too(shapes: Shapes) -> None:
    wrong = {**TINY, "model.neck.num_outs": 5, "model.backbone.depth": 77}
    said = shapes.fails("tried_first", [train_step(set=wrong)])
    assert (
        "steps[0].with.set.model.backbone.depth: step 'fit' (train): model can't be built" in said
    )
    assert "invalid depth 77 for resnet" in said
    assert not (shapes.folder / "runs/tried_first/steps").exists()


def test_a_config_to_measure_with_is_built_before_the_training(shapes: Shapes) -> None:
    score = {
        "id": "score",
        "use": "evaluate",
        "in": {"checkpoints": "fit.checkpoint", "dataset": "val"},
        "with": {**CPU, "config": "small.py", "set": {"test_pipeline.1.keep_ration": 1}},
    }
    said = shapes.fails("tried_last", [train_step(epochs=7), score])  # nobody has its result
    assert "steps[1].with.set.test_pipeline.1.keep_ration: step 'score' (evaluate): " in said
    assert "test_dataloader can't be built: TypeError" in said
    assert not (shapes.folder / "runs/tried_last/steps").exists()
