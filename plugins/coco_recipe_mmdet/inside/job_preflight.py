"""The job of a preflight: run a config, and see whether it fits the parameters; builds no model."""

from coco_recipe_jobs.child import Reporter

from coco_recipe_mmdet.inside import config_source, inference, job_train, stack
from coco_recipe_mmdet.jobs import PreflightJob, TrainJob


def preflight(job: PreflightJob, report: Reporter) -> list[str]:
    """Do to the config what the job will do; return all that is changed in it.

    Raises:
        StepProblems: a parameter and the config don't go together.
        ValueError: the config and the data don't go together.
    """
    due = job.job
    device = stack.device(due)
    if isinstance(due, TrainJob):
        return job_train.resolve(due, device)[1]
    return inference.resolve(due, config_source.load(str(due.config)), device)[1]
