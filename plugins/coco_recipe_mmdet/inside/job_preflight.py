"""The job of a preflight: run a config, and see whether it goes together with the step's parameters; builds no model."""

from typing import Any

from coco_recipe_mmdet.inside import inference, job_config, job_train, stack


def preflight(job: dict[str, Any], tell: Any) -> list[str]:
    """Do to the config what the job will do; return all that is changed in it.

    Raises:
        ValueError: they don't go together.
    """
    device = stack.device(job)
    if job["for"] == "train":
        return job_train.resolve(job, device)[1]
    return inference.resolve(job, job_config.load(job["config"]), device)[1]
