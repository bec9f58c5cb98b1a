"""What the hooks of a training write: plain values, and scalars that go on where a resumed one
does.
"""

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("mmengine")


def test_numbers_of_numpy_become_plain_ones_at_any_depth() -> None:
    import numpy as np
    from coco_recipe_mmdet.inside import hooks

    found = hooks._plain({"a": [np.float64(0.5), (np.int64(3), "x")], "b": None})
    assert found == {"a": [0.5, (3, "x")], "b": None}
    assert type(found["a"][0]) is float
    assert type(found["a"][1][0]) is int


def test_scalars_after_the_epoch_that_is_resumed_from_go(tmp_path: Path) -> None:
    from coco_recipe_mmdet.inside import hooks

    rows = [{"epoch": epoch, "iter": n, "loss": 1.0} for epoch, n in ((1, 1), (1, 2), (2, 3))]
    rows.insert(2, {"epoch": 1, "iter": 2, "val": {"mAP": 0.5}})
    path = tmp_path / "scalars.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"epoch": 2, "it')
    hooks._cut(path, 2, 1)
    assert [json.loads(line) for line in path.read_text().splitlines()] == rows[:3]


def test_scalars_are_whole_where_a_kill_comes_while_they_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from coco_recipe_mmdet.inside import hooks

    path = tmp_path / "scalars.jsonl"
    path.write_text('{"epoch": 1, "iter": 1, "loss": 1.0}\n{"epoch": 2, "iter": 2, "loss": 1.0}\n')
    before = path.read_text()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        hooks._cut(path, 1, 1)
    assert path.read_text() == before


def test_metrics_without_a_number_are_on_record_as_none(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from coco_recipe_jobs.training_record import Record
    from coco_recipe_mmdet.inside import hooks

    record = Record(tmp_path, "key")
    found = {"coco/bbox_mAP": 0.25, "coco/square_precision": float("nan"), "time": 2.0}
    hooks.Metrics(record).after_val_epoch(SimpleNamespace(epoch=4), found)
    expected = {4: {"bbox_mAP": 0.25, "square_precision": None, "time": 2.0}}
    assert record.metrics == expected
    assert Record(tmp_path, "key").metrics == expected


@pytest.mark.parametrize(("patience", "stops"), [(1, True), (2, True), (3, False)])
def test_a_training_ends_when_nothing_got_better(
    tmp_path: Path, patience: int, stops: bool
) -> None:
    from types import SimpleNamespace

    from coco_recipe_jobs.training_record import Record
    from coco_recipe_mmdet.inside import hooks

    record = Record(tmp_path, "key", "bbox_mAP")
    for epoch, score in enumerate((0.1, 0.4, 0.2), 1):
        record.measured(epoch, {"bbox_mAP": score})
    runner = SimpleNamespace(epoch=4, train_loop=SimpleNamespace(stop_training=False))
    hook = hooks.EarlyStop(record, patience)
    hook.before_train(runner)
    assert runner.train_loop.stop_training is (patience == 1), "as an interrupted one would have"
    record.measured(4, {"bbox_mAP": 0.4})
    hook.after_val_epoch(runner, {})
    assert runner.train_loop.stop_training is stops
