"""Statistics of batch norms are taken anew."""

import os
from pathlib import Path
from typing import Any

from coco_recipe_mmdet.inside import inference


def test_recompute_batch_norm_changes_only_the_buffers_of_batch_norms(trained: Path) -> None:
    import torch

    before, after = (
        torch.load(path, weights_only=True)["state_dict"]
        for path in (trained / "fit/checkpoints/epoch_3.pth", trained / "renormed/checkpoint.pth")
    )
    assert list(before) == list(after)
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed
    assert all(
        key.endswith(("running_mean", "running_var", "num_batches_tracked")) for key in changed
    )
    batches = {int(value) for key, value in after.items() if key.endswith("num_batches_tracked")}
    # 40 pictures, 16 at a time: the last are only 8, and each of them weighs as much as the others
    assert batches == {3}


def test_the_first_batch_norm_has_the_mean_over_the_pictures(trained: Path) -> None:
    import torch

    config, state = _model(trained / "renormed/checkpoint.pth")
    model, loader = config
    sums, n = torch.zeros(64, dtype=torch.float64), 0
    with torch.no_grad():
        for batch in loader:
            images = model.data_preprocessor(batch, False)["inputs"]
            sums += model.backbone.conv1(images).double().mean((0, 2, 3))
            n += 1
    assert torch.allclose(
        state["backbone.bn1.running_mean"].double(), sums / n, rtol=1e-4, atol=1e-5
    )


def _model(path: Path) -> tuple[tuple[Any, Any], dict[str, Any]]:

    import torch
    from coco_recipe_jobs.job import Job
    from coco_recipe_mmdet.inside import flat_config, stack
    from coco_recipe_mmdet.jobs import BatchNormJob

    stack.begin(Job(device="cpu"))
    found = torch.load(path, weights_only=True)
    tree = flat_config.read(found["meta"]["cfg"])
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        detector = inference.Detector(
            BatchNormJob(
                config=None,
                set={},
                workers=0,
                classes=("disc", "square", "triangle"),
                batch_size=8,
            ),
            tree,
            "cpu",
        )
    finally:
        os.chdir(here)
    detector.load(found["state_dict"], "it")
    return (detector.model, detector.loader), found["state_dict"]
