"""The config of a training is resolved."""

from typing import Any

import pytest
from coco_recipe_jobs.job import make
from coco_recipe_mmdet.inside import job_train
from coco_recipe_mmdet.jobs import TrainJob
from coco_recipe_mmdet.train_params import PARAMS
from training import Shapes

from coco_recipe import StepProblems
from coco_recipe.language.schema_check import with_defaults


def _resolved(
    shapes: Shapes, config: str = "small.py", **with_: Any
) -> tuple[dict[str, Any], list[str]]:
    """Return the config of a training with some parameters, and what was changed in it."""
    given = with_defaults(PARAMS, {"config": config, "device": "cpu", **with_})
    job = make(
        TrainJob,
        given,
        key="",
        seed=0,
        val=True,
        classes=["a"],
        config=str(shapes.folder / config),
    )
    found = job_train.resolve(job, "cpu")
    return found.tree, found.changed


def test_a_checkpoint_that_the_config_starts_from_is_not_left_out_without_a_word(
    shapes: Shapes,
) -> None:
    (shapes.folder / "fine.py").write_text(
        "_base_ = 'small.py'\nload_from = 'coco.pth'\nresume = True\n"
    )
    with pytest.raises(
        ValueError,
        match=r"it starts from the checkpoint coco.pth \(load_from\).* in: {checkpoint: ...}",
    ):
        _resolved(shapes, "fine.py")
    tree, changed = _resolved(shapes, "fine.py", set={"load_from": None})
    assert (tree["load_from"], tree["resume"]) == (None, False)
    assert "resume: True -> False" in changed


def test_what_is_set_is_undone_by_no_default(shapes: Shapes) -> None:
    wanted = {
        "*_dataloader.num_workers": 3,
        "train_cfg.val_interval": 4,
        "auto_scale_lr": {"enable": True},
    }
    tree, _ = _resolved(shapes, epochs=8, set=wanted)
    assert [tree[name]["num_workers"] for name in ("train_dataloader", "val_dataloader")] == [3, 3]
    assert (tree["train_cfg"]["max_epochs"], tree["train_cfg"]["val_interval"]) == (8, 4)
    assert tree["auto_scale_lr"]["enable"] is True
    with pytest.raises(StepProblems) as error:
        _resolved(shapes, epochs=8, set=wanted, workers=0, val_interval=2, scale_lr=False)
    assert {problem.path: problem.hint for problem in error.value.problems} == {
        ("set", "*_dataloader.num_workers"): "with: {workers: ...}",
        ("set", "train_cfg.val_interval"): "with: {val_interval: ...}",
        ("set", "auto_scale_lr"): "with: {scale_lr: ...}",
    }
    tree, _ = _resolved(shapes, epochs=8, workers=0, val_interval=2, scale_lr=False)
    assert (
        tree["train_dataloader"]["num_workers"],
        tree["train_dataloader"]["persistent_workers"],
    ) == (0, False)
    assert (tree["train_cfg"]["val_interval"], tree["auto_scale_lr"]["enable"]) == (2, False)


def test_a_val_for_which_the_config_has_no_loader_is_refused(shapes: Shapes) -> None:
    with pytest.raises(ValueError, match="it has no val_dataloader, and there is a val"):
        _resolved(shapes, set={"val_dataloader": None, "val_evaluator": None, "val_cfg": None})


def test_the_learning_rate_is_scaled_by_the_batch_size(shapes: Shapes) -> None:
    tree, _ = _resolved(shapes, batch_size=4, learning_rate=0.01, scale_lr=16)
    assert tree["auto_scale_lr"] == {"enable": True, "base_batch_size": 16}
    assert (
        tree["optim_wrapper"]["optimizer"]["lr"] == 0.01
    )  # mmengine scales it, by the batch size of all processes


def test_backends_of_a_config_and_trackers_write_where_it_is_kept(shapes: Shapes) -> None:
    from mmengine.config import Config

    own = [{"type": "LocalVisBackend"}, {"type": "WandbVisBackend", "save_dir": "/mine"}]
    given = {"type": "DetLocalVisualizer", "vis_backends": [*own, {"type": "AimVisBackend"}]}
    config = Config({"visualizer": given})
    job_train._track(config, ["tensorboard", "mlflow"])
    assert [(one["type"], one["save_dir"]) for one in config.visualizer.vis_backends] == [
        ("WandbVisBackend", "/mine"),
        ("AimVisBackend", "trackers/aim"),
        ("TensorboardVisBackend", "trackers/tensorboard"),
        ("MLflowVisBackend", "trackers/mlflow"),
    ]
    assert config.visualizer.type == "DetLocalVisualizer"
    config = Config({"vis_backends": own[:1]})
    job_train._track(config, [])
    assert config.visualizer.vis_backends == []
