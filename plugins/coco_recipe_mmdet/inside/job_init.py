"""The job of ``init_weights``."""

from pathlib import Path
from typing import Any

from coco_recipe_mmdet.inside import job_config, settings, stack, weights


def init_weights(job: dict[str, Any], tell: Any) -> dict[str, Any]:
    """Build the model, let it draw its weights, and write them."""
    from mmdet.registry import MODELS
    from mmengine.config import Config

    stack.begin(job)
    changes = settings.Changes(job_config.load(job["config"]))
    job_config.override(changes, job)
    job_config.without_downloads(changes)
    job_config.bind_classes(changes, job["classes"])
    tell.note("config", {"changed": changes.made})
    stack.seed_everything(job["seed"])
    model = MODELS.build(Config(changes.tree).model)
    model.init_weights()
    state = model.state_dict()
    meta = {
        "cfg": job_config.text(changes.tree),
        "dataset_meta": {"classes": tuple(job["classes"])},
    }
    weights.write(Path("initial.pth"), state, meta)
    return {"fingerprint": weights.fingerprint(state)}
