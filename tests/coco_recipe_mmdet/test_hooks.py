"""What the hooks of a training write: plain values, and scalars that go on where a resumed one
does.
"""

import json
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
