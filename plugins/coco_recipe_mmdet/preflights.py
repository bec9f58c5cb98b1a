"""Look at a config before the step that it is for is due."""

from coco_recipe_jobs import process
from msgspec.structs import replace

from coco_recipe import StepContext, StepProblem, StepProblems
from coco_recipe_mmdet.jobs import PROGRAM, EvaluateJob, ExportJob, Looked, PreflightJob, TrainJob

UNKNOWN_CLASSES = ("unknown",)


def run(ctx: StepContext, job: TrainJob | EvaluateJob | ExportJob) -> Looked:
    """Run the config of a job, and see whether it goes together with the parameters.

    Args:
        ctx: a context of its own.
        job: what will be done; without a config there is nothing to look at.

    Returns:
        What was seen.

    Raises:
        StepProblems: they don't go together.
    """
    if not job.config:
        return Looked([])
    # Slurm's machines may have GPUs that this one has not
    device = "auto" if job.launcher == "slurm" else job.device
    look = PreflightJob(python=job.python, device=device, job=replace(job, device=device))
    try:
        return process.run(ctx, PROGRAM, look, Looked)
    except process.JobError as error:
        raise StepProblems(error.problems or [StepProblem(("config",), error.what)]) from error
