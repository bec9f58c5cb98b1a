"""One small training has everything that parameters add, and is looked at from all sides."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_mmdet.inside import added_parts, flat_config, settings
from coco_recipe_mmdet.jobs import TrainJob
from training import CPU, TINY, Shapes, provenance, train_step

from coco_recipe import StepProblems


def _fitted(tree: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Return a config with what some parameters add."""
    job = TrainJob(config="x.py", set={}, classes=("a",), key="", val=True, **given)
    added_parts.fit(settings.Changes(tree), job)
    return tree


@pytest.fixture(scope="module")
def extended(shapes: Shapes, trained: Path) -> Path:
    """Train with every parameter from a finished training's weights; return the steps' folder."""
    step = train_step(
        epochs=4,
        image_size=64,
        augmentation="off",
        freeze="backbone",
        ema=0.2,
        clip_grad=5,
        early_stopping=1,
        learning_rate=1e-12,
        checkpoint_interval=3,
        strict=False,
        set={key: value for key, value in TINY.items() if "scale" not in key},
    )
    step["in"]["checkpoint"] = "start"
    look = {"tta": True, **CPU}
    score = {
        "id": "score",
        "use": "evaluate",
        "in": {"checkpoints": "fit.checkpoint", "dataset": "val"},
        "with": look,
    }
    guess = {"id": "guess", "use": "predict", "in": {"checkpoint": "fit.checkpoint"}}
    guess["with"] = {"folder": "val/images", **look}
    place = Path(os.path.relpath(trained, shapes.folder)) / "fit/checkpoints/epoch_3.pth"
    return shapes.run("extended", [step, score, guess], start={"checkpoint": str(place)})


@pytest.mark.slow
def test_every_parameter_is_in_the_config(extended: Path) -> None:
    tree = flat_config.read((extended / "fit/config.py").read_text())
    train = tree["train_dataloader"]["dataset"]["pipeline"]
    assert [step["type"] for step in train] == [
        "LoadImageFromFile",
        "LoadAnnotations",
        "Resize",
        "PackDetInputs",
    ]
    assert train[2]["scale"] == (64, 64)
    assert tree["val_dataloader"]["dataset"]["pipeline"][1]["scale"] == (64, 64)
    assert tree["optim_wrapper"]["clip_grad"] == {"max_norm": 5, "norm_type": 2}
    [average] = tree["custom_hooks"]
    assert (average["type"], average["momentum"]) == ("EMAHook", 0.5)  # 20 iterations are few


@pytest.mark.slow
def test_what_is_frozen_is_not_changed_and_nothing_gets_better(
    extended: Path, trained: Path
) -> None:
    import torch

    before, after = (
        torch.load(path, weights_only=True)["state_dict"]
        for path in (
            trained / "fit/checkpoints/epoch_3.pth",
            extended / "fit/checkpoints/epoch_2.pth",
        )
    )
    backbone = [key for key in before if key.startswith("backbone.")]
    assert len(backbone) > 50
    assert all(torch.equal(before[key], after[key]) for key in backbone)
    assert provenance(extended, "fit").notes["metrics"].keys() == {"epoch_1", "epoch_2"}
    # the end came before the third epoch, after which a checkpoint was due
    assert [path.name for path in (extended / "fit/checkpoints").iterdir()] == ["epoch_2.pth"]


@pytest.mark.slow
def test_a_table_says_what_is_going_to_be_done(extended: Path) -> None:
    schedule = provenance(extended, "fit").notes["schedule"]
    assert schedule["length"] == "4 epochs of 5 iterations"
    assert schedule["batch"] == "8"
    assert "over 2 iterations" in schedule["warm-up"]
    assert schedule["augmentation"] == "none"
    assert schedule["frozen"] == "backbone"
    assert schedule["ends early"] == "after 1 validation without a better bbox_mAP"
    assert "the warm-up of 30 iterations is shortened to 2 of 20" in schedule["shortened"][0]
    log = (extended / "fit/train.log").read_text("utf-8")
    assert log.index("4 epochs of 5 iterations") < log.index("Epoch(train)")


@pytest.mark.slow
def test_several_looks_find_other_boxes(extended: Path, shapes: Shapes) -> None:
    several = json.loads(next((extended / "score/results").rglob("*.bbox.json")).read_text())
    once = {
        "id": "score",
        "use": "evaluate",
        "in": {"checkpoints": "start", "dataset": "val"},
        "with": CPU,
    }
    place = Path(os.path.relpath(extended, shapes.folder)) / "fit/checkpoints/epoch_2.pth"
    steps = shapes.run("once", [once], start={"checkpoint": str(place)})
    [path] = (steps / "score/results").rglob("*.bbox.json")
    alone = json.loads(path.read_text())
    assert several
    assert several != alone
    assert {row["image_id"] for row in several} <= {row["image_id"] for row in alone}
    assert json.loads((extended / "guess/results/predictions.bbox.json").read_text())


def test_stages_of_a_backbone_are_frozen_where_it_can() -> None:
    pytest.importorskip("mmdet")
    tree = _fitted({"model": {"backbone": {"type": "ResNet", "frozen_stages": 1}}}, freeze=2)
    assert tree["model"]["backbone"]["frozen_stages"] == 2
    with pytest.raises(StepProblems, match="can't freeze some of its stages"):
        _fitted({"model": {"backbone": {"type": "HourglassNet"}}}, freeze=2)


@pytest.mark.parametrize(
    ("hooks", "ema", "expected"),
    [
        ([], True, [added_parts.EMA]),
        ([{"type": "EMAHook", "momentum": 0.1}], False, []),
        ([{"type": "EMAHook", "momentum": 0.1}], 0.2, [{"type": "EMAHook", "momentum": 0.2}]),
        ([{"type": "EMAHook"}, {"type": "X"}], True, [{"type": "X"}, {"type": "EMAHook"}]),
        ([{"type": "X"}], None, [{"type": "X"}]),
    ],
)
def test_an_average_is_added_changed_or_taken_out(
    hooks: list[Any], ema: bool | float | None, expected: list[Any]
) -> None:
    assert _fitted({"model": {}, "custom_hooks": hooks}, ema=ema)["custom_hooks"] == expected


def test_clipping_is_set_and_taken_out() -> None:
    own = {"clip_grad": {"max_norm": 35}}
    assert _fitted({"model": {}, "optim_wrapper": dict(own)}, clip_grad=False)["optim_wrapper"] == {
        "clip_grad": None
    }
    assert _fitted({"model": {}, "optim_wrapper": dict(own)})["optim_wrapper"] == own
