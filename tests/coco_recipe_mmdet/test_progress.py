"""How far a training is: iterations of training and validation together, in one line."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("mmengine")
from coco_recipe_jobs.training_record import Record
from coco_recipe_mmdet.inside import progress


class Heard:
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int, str, dict[str, float]]] = []

    def progress(self, done: int, total: int, text: str, figures: dict[str, float]) -> None:
        self.told.append((done, total, text, figures))


def _runner(**more: Any) -> Any:
    loop = SimpleNamespace(
        val_interval=2, dynamic_milestones=None, dynamic_intervals=None, val_begin=1, max_epochs=5
    )
    val = SimpleNamespace(dataloader=range(3))
    known = {"train_loop": loop, "val_loop": val, "max_epochs": 5, "max_iters": 50}
    return SimpleNamespace(**{**known, "epoch": 0, "iter": 0, **more})


def _hook(folder: Path) -> tuple[progress.Progress, Heard, Record]:
    heard, record = Heard(), Record(folder, "key", "bbox_mAP")
    scalars: Any = SimpleNamespace(last={"loss": 1.5, "lr": 0.01, "loss_cls": 1.0})
    hook = progress.Progress(heard, record, scalars, folder / "clocks.jsonl")  # type: ignore[arg-type]
    return hook, heard, record


def test_validations_are_part_of_what_there_is_to_do(tmp_path: Path) -> None:
    hook, heard, record = _hook(tmp_path)
    runner = _runner()
    hook.before_train(runner)
    for epoch in range(5):
        runner.epoch = epoch
        hook.before_train_epoch(runner)
        for n in range(10):
            hook.after_train_iter(runner, n)
            runner.iter += 1
        hook.after_train_epoch(runner)
        runner.epoch = epoch + 1
        if runner.epoch in (2, 4, 5):
            for n in range(3):
                hook.after_val_iter(runner, n)
            record.measured(runner.epoch, {"bbox_mAP": 0.1 * runner.epoch})
            hook.after_val_epoch(runner, {"coco/bbox_mAP": 0.1 * runner.epoch})
    assert heard.told[-1][:3] == (59, 59, "epoch 5/5  validated")
    assert [done for done, *_ in heard.told] == sorted(done for done, *_ in heard.told)
    figures = heard.told[-1][3]
    assert list(figures)[:5] == ["loss", "lr", "mAP", "it/s", "MB"]
    assert figures["mAP"] == 0.5
    clocks = [json.loads(line) for line in (tmp_path / "clocks.jsonl").read_text().splitlines()]
    assert [clock["epoch"] for clock in clocks] == [1, 2, 3, 4, 5]
    assert all(clock["seconds"] >= 0 and clock["memory_mb"] > 0 for clock in clocks)


def test_a_resumed_training_begins_where_it_was(tmp_path: Path) -> None:
    hook, heard, _ = _hook(tmp_path)
    runner = _runner(epoch=4, iter=40)
    hook.before_train(runner)
    hook.before_train_epoch(runner)
    hook.after_train_iter(runner, 0)
    assert heard.told[0][:3] == (40 + 2 * 3 + 1, 59, "epoch 5/5")


def test_intervals_that_change_and_a_first_validation_are_counted(tmp_path: Path) -> None:
    loop = SimpleNamespace(
        val_interval=10, dynamic_milestones=[8], dynamic_intervals=[1], val_begin=3, max_epochs=10
    )
    due = [epoch for epoch in range(1, 11) if progress._validates(loop, epoch)]  # type: ignore[arg-type]
    assert due == [8, 9, 10]
