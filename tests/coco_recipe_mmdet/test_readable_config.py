"""config.py: what was resolved, for people and for mmdet's own tools."""

from pathlib import Path
from typing import Any

import pytest
from coco_recipe_mmdet.inside import flat_config, readable_config

TREE: dict[str, Any] = {
    "model": {
        "type": "Net",
        "scales": [(320, 320), (640, 640)],
        "one": (1,),
        "empty": {},
        "nothing": None,
        "from": {"lambda": 1.5, "not a word": [True, "it's"]},
        "far": float("inf"),
        "heads": [{"type": "Head", "num_classes": 3, "loss": {"type": "Loss", "weight": 1e-05}}]
        * 4,
    },
    "val_dataloader": {"dataset": {"ann_file": "data/val.json"}},
    "val_cfg": {"type": "ValLoop"},
    "val_evaluator": {"type": "CocoMetric"},
    "test_dataloader": {"dataset": {"ann_file": "elsewhere.json"}},
    "launcher": "pytorch",
    "work_dir": ".job/mmengine",
}


@pytest.mark.parametrize("val", [True, False])
def test_what_is_written_means_what_was_resolved(tmp_path: Path, val: bool) -> None:
    path = tmp_path / "config.py"
    readable_config.write(path, TREE, val=val)
    text = path.read_text("utf-8")
    found = flat_config.read(text)
    assert found["model"] == TREE["model"]
    assert type(found["model"]["one"]) is tuple
    ours = TREE["val_dataloader"] if val else None
    assert (found["val_dataloader"], found["test_dataloader"]) == (ours, ours)
    assert found["test_cfg"] == ({"type": "TestLoop"} if val else None)
    assert found["launcher"] == "none"
    assert max(map(len, text.splitlines())) <= 100


def test_the_checkpoint_of_a_training_is_measured_by_mmdets_own_tool(trained: Path) -> None:
    """What its test tool does: read config.py, put the checkpoint in, test."""
    import json
    import os

    from mmdet.utils import register_all_modules
    from mmengine.config import Config
    from mmengine.runner import Runner

    register_all_modules(init_default_scope=True)
    fit = trained / "fit"
    before = Path.cwd()
    os.chdir(fit)
    try:
        config = Config.fromfile("config.py")
        config.load_from = "checkpoints/epoch_3.pth"
        config.work_dir = str(trained.parent / "tested")
        found = Runner.from_cfg(config).test()
    finally:
        os.chdir(before)
    lines = [json.loads(line) for line in (fit / "scalars.jsonl").read_text().splitlines()]
    assert found == pytest.approx(lines[-1]["val"], abs=2e-3)
    assert found["coco/bbox_mAP_50"] > 0
