"""Checkpoint files: small, damaged, and of mmengine."""

from pathlib import Path
from typing import Any

import pytest
import torch
from coco_recipe_torch import checkpoints


def state() -> dict[str, Any]:
    return {
        "fc.weight": torch.arange(2000.0).reshape(20, 100),
        "fc.bias": torch.ones(20, dtype=torch.float16),
        "bn.num_batches_tracked": torch.tensor(7),
    }


def saved(path: Path, content: Any, **how: Any) -> Path:
    torch.save(content, path, **how)
    return path


def refused(path: Path, reason: str, **how: Any) -> None:
    with pytest.raises(ValueError) as caught:
        checkpoints.read(path, **how)
    assert str(path) in str(caught.value)
    assert reason in str(caught.value), caught.value


def mmengine_like(folder: Path, **more: Any) -> Path:
    """Write what mmengine's CheckpointHook writes: log buffers, numpy scalars, an optimizer."""
    logging = pytest.importorskip("mmengine.logging")
    import numpy as np

    history = logging.HistoryBuffer([1.5, 1.25], [1, 1])
    return saved(
        folder / "epoch_3.pth",
        {
            "meta": {
                "epoch": 3,
                "iter": 90,
                "dataset_meta": {"classes": ("cat", "dog"), "palette": [(1, 2, 3)]},
                "seed": np.int64(5),
                "lr": np.float64(0.5),
            },
            "message_hub": {
                "log_scalars": {"train/loss": history},
                "resumed_keys": {"train/loss": True},
            },
            "optimizer": {
                "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(20)}},
                "param_groups": [{"lr": 0.1}],
            },
            "state_dict": state(),
            **more,
        },
    )
