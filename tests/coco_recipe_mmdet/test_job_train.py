"""The config of a training is resolved."""

from pathlib import Path
from types import SimpleNamespace
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


def _begun(
    folder: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, tuple[int, ...]]
) -> tuple[list[str], list[str]]:
    """Begin a training with strict: false from a checkpoint of some keys and shapes.

    Return the keys that were taken, and what was said.
    """
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(folder)
    (folder / ".job").mkdir()
    tensors = {key: torch.ones(shape) for key, shape in state.items()}
    torch.save({"state_dict": tensors}, folder / "start.pth")
    parts = {"backbone": torch.nn.BatchNorm1d(3), "head": torch.nn.Linear(3, 2)}
    runner = SimpleNamespace(model=torch.nn.ModuleDict(parts), _load_from=None)
    said: list[str] = []
    report: Any = SimpleNamespace(note=lambda *note: None, say=said.append)
    start = str(folder / "start.pth")
    given: dict[str, Any] = {"set": {}, "classes": ("a",), "val": True, "checkpoint": start}
    job = TrainJob(config="x.py", key="", strict=False, **given)
    job_train._start(job, runner, report)
    taken = torch.load(runner._load_from, weights_only=True)["state_dict"]
    return sorted(taken), said


def test_how_many_tensors_of_a_start_are_taken_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {"backbone.weight": (3,), "backbone.bias": (3,), "head.weight": (80, 3), "x": (1,)}
    taken, said = _begun(tmp_path, monkeypatch, state)
    assert taken == ["backbone.bias", "backbone.weight"]
    assert said == ["2 of 7 tensors of the model come from the starting checkpoint"]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"x": (3,)}, r"checkpoint: none of the model's 6 tensors is in the checkpoint"),
        ({"backbone.weight": (4,)}, "none of the model's 6 tensors"),
        ({"backbone.num_batches_tracked": ()}, "none of the model's 6 tensors"),
        ({"head.weight": (2, 3)}, "none of the backbone's 4 tensors"),
    ],
)
def test_a_start_that_has_nothing_for_the_backbone_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], said: str
) -> None:
    with pytest.raises(StepProblems, match=said):
        _begun(tmp_path, monkeypatch, state)


def test_data_sets_that_are_joined_become_one(shapes: Shapes) -> None:
    (shapes.folder / "joined.py").write_text(
        "_base_ = 'small.py'\n"
        "part = dict(type='CocoDataset', ann_file='x', pipeline={{_base_.train_pipeline}})\n"
        "train_dataloader = dict(dataset=dict(_delete_=True, type='RepeatDataset', times=2,\n"
        "    dataset=dict(type='ConcatDataset', datasets=[part, part])))\n"
    )
    tree, _ = _resolved(shapes, "joined.py", epochs=2)
    inner = tree["train_dataloader"]["dataset"]["dataset"]
    assert (inner["type"], inner["ann_file"]) == ("CocoDataset", "data/train.json")
    (shapes.folder / "unlike.py").write_text(
        "_base_ = 'joined.py'\n"
        "other = dict(type='CocoDataset', ann_file='x', pipeline=[])\n"
        "train_dataloader = dict(dataset=dict(dataset=dict(datasets=[\n"
        "    {{_base_.part}}, other])))\n"
    )
    with pytest.raises(ValueError, match="train_dataloader has 2 data sets, expected one"):
        _resolved(shapes, "unlike.py", epochs=2)
