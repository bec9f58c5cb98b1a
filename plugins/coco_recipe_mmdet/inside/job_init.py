"""The job of ``init_weights``."""

from pathlib import Path

from coco_recipe_jobs.child import Reporter

from coco_recipe_mmdet.inside import config_source, in_vain, job_config, settings, stack, weights
from coco_recipe_mmdet.jobs import Initial, InitJob


def init_weights(job: InitJob, report: Reporter) -> Initial:
    """Build the model, let it draw its weights, and write them to ``initial.pth``."""
    from mmdet.registry import MODELS
    from mmengine.config import Config

    stack.begin(job)
    changes = settings.Changes(config_source.load(str(job.config)))
    job_config.override(changes, job)
    job_config.without_downloads(changes)
    job_config.bind_classes(changes, job.classes)
    in_vain.expect_used(changes, ("model",))
    report.note("config", {"changed": changes.made})
    stack.seed_everything(job.seed)
    model = MODELS.build(Config(changes.tree).model)
    model.init_weights()
    state = model.state_dict()
    meta = {"cfg": config_source.text(changes.tree), "dataset_meta": {"classes": job.classes}}
    weights.write(Path("initial.pth"), state, meta, job.lineage)
    return Initial(weights.fingerprint(state))
