"""The job of ``recompute_batch_norm``."""

from pathlib import Path
from typing import TYPE_CHECKING

from coco_recipe_jobs.child import Reporter

from coco_recipe_mmdet.inside import inference, weights
from coco_recipe_mmdet.jobs import BatchNormJob, Renormed

if TYPE_CHECKING:
    from torch.nn import Module
    from torch.nn.modules.batchnorm import _BatchNorm


def recompute_batch_norm(job: BatchNormJob, report: Reporter) -> Renormed:
    """Let every picture through the model, its batch norms averaging what they see.

    Writes the result to ``checkpoint.pth``.

    Raises:
        ValueError: the model has no batch norm; the checkpoint doesn't fit it.
    """
    import torch

    source, detector = next(iter(inference.detectors(job, report)))
    norms = _norms(detector.model)
    if not norms:
        raise ValueError(
            f"the model of {source.label} has no batch norm: there is nothing to take anew"
        )
    for module in norms.values():
        module.reset_running_stats()
        module.train()
    done = 0
    with torch.no_grad():
        for batch in detector.loader:
            inputs = detector.model.data_preprocessor(batch, False)
            pictures = len(inputs["data_samples"])
            done += pictures
            for module in norms.values():
                module.momentum = pictures / done  # every picture weighs the same in the average
            detector.model(**inputs, mode="tensor")
            report.progress(done, job.images)
    state, meta = weights.read(Path(source.path))
    found = detector.model.state_dict()
    buffers = {
        f"{name}.{buffer}" for name, module in norms.items() for buffer, _ in module.named_buffers()
    }
    changed = {key: found[key].cpu() if key in buffers else value for key, value in state.items()}
    weights.write(Path("checkpoint.pth"), changed, weights.plain_meta(meta), job.lineage)
    return Renormed(len(buffers), weights.fingerprint(changed))


def _norms(model: "Module") -> "dict[str, _BatchNorm]":
    """Return the batch norms that keep statistics, by name."""
    from torch.nn.modules.batchnorm import _BatchNorm

    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, _BatchNorm) and module.track_running_stats
    }
