"""The job of ``recompute_batch_norm``."""

from pathlib import Path
from typing import Any

from coco_recipe_mmdet.inside import inference, weights


def recompute_batch_norm(job: dict[str, Any], tell: Any) -> dict[str, Any]:
    """Let every picture through the model, its batch norms averaging what they see; write the result."""
    import torch
    from torch.nn.modules.batchnorm import _BatchNorm

    item, detector = next(iter(inference.detectors(job, tell)))
    norms = {
        name: module
        for name, module in detector.model.named_modules()
        if isinstance(module, _BatchNorm) and module.track_running_stats
    }
    if not norms:
        raise ValueError(
            f"the model of {item['label']} has no batch norm: there is nothing to take anew"
        )
    for module in norms.values():
        module.reset_running_stats()
        module.train()
    done = 0
    with torch.no_grad():
        for batch in detector.loader:
            inputs = detector.model.data_preprocessor(batch, False)
            pictures = len(inputs["data_samples"])
            for module in norms.values():
                module.momentum = pictures / (
                    done + pictures
                )  # a running average in which every picture weighs the same
            detector.model(**inputs, mode="tensor")
            done += pictures
            tell.progress(done, job["images"], "")
    state, meta = weights.read(Path(item["path"]))
    found = detector.model.state_dict()
    buffers = {
        f"{name}.{buffer}" for name, module in norms.items() for buffer, _ in module.named_buffers()
    }
    changed = {key: found[key].cpu() if key in buffers else value for key, value in state.items()}
    weights.write(
        Path("checkpoint.pth"),
        changed,
        {key: meta[key] for key in ("cfg", "dataset_meta") if key in meta},
    )
    return {"changed": len(buffers), "fingerprint": weights.fingerprint(changed)}
