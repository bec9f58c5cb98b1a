"""What is kept of a training to draw: the best validation, and the first batch."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("mmengine")
from coco_recipe_jobs.training_record import Record
from coco_recipe_mmdet.inside import picture_hooks


def _validated(hook: picture_hooks.BestFound, epoch: int, score: float) -> None:
    import torch

    instances = SimpleNamespace(
        bboxes=torch.tensor([[1.0, 2.0, 4.0, 6.0]]),
        scores=torch.tensor([score]),
        labels=torch.tensor([1]),
    )
    sample: Any = SimpleNamespace(pred_instances=instances, img_id=7)
    inner = SimpleNamespace(cat_ids=[11, 22])
    loader = SimpleNamespace(dataset=SimpleNamespace(dataset=inner))  # wrapped
    runner: Any = SimpleNamespace(epoch=epoch, rank=0, val_dataloader=loader)
    hook.before_val_epoch(runner)
    hook.after_val_iter(runner, 0, None, [sample])
    hook.after_val_epoch(runner)


def test_what_the_best_epoch_found_is_kept(tmp_path: Path) -> None:
    record = Record(tmp_path, "key", "bbox_mAP")
    hook = picture_hooks.BestFound(record, tmp_path / "found.json")
    for epoch, metric in ((1, 0.25), (2, 0.75), (3, 0.5)):
        record.data.checkpoints[epoch] = "hash"
        record.measured(epoch, {"bbox_mAP": metric})
        _validated(hook, epoch, metric)
    assert json.loads((tmp_path / "found.json").read_text()) == [
        {"image_id": 7, "category_id": 22, "score": 0.75, "bbox": [1, 2, 3, 4]}
    ]


def test_pictures_that_two_processes_looked_at_count_once() -> None:
    parts = [
        [{"image_id": 1, "n": 0}, {"image_id": 1, "n": 1}, {"image_id": 2, "n": 2}],
        [{"image_id": 3, "n": 3}, {"image_id": 1, "n": 4}],
    ]
    found = picture_hooks._each_image_once(parts)
    assert [row["n"] for row in found] == [0, 1, 2, 3]
