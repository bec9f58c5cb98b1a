"""The job of a preflight: see whether a config fits the parameters, and build all that it names."""

from collections.abc import Mapping

from coco_recipe_jobs.child import Reporter
from msgspec.structs import replace

from coco_recipe_mmdet.inside import added_parts, config_source, inference, job_train, stack, trial
from coco_recipe_mmdet.jobs import EvaluateJob, PreflightJob, TrainJob


def preflight(job: PreflightJob, report: Reporter) -> list[str]:
    """Do to the config what the job will do, and build it; return all that is changed in it.

    Raises:
        StepProblems: a parameter and the config don't go together, or a part can't be built.
        ValueError: the config and the data don't go together.
    """
    due = job.job
    device = stack.begin(due)
    if due.launcher != "none":
        stack.join_alone()
    changed: list[str] = []

    def build(wanted: Mapping[str, object]) -> None:
        asked = replace(due, set=dict(wanted))
        changed[:] = (
            _training(asked, device) if isinstance(asked, TrainJob) else _test(asked, device)
        )

    trial.blamed(due.set, build)
    return changed


def _training(job: TrainJob, device: str) -> list[str]:
    found = job_train.resolve(job, device)
    tree = job_train.for_runner(job, found.tree, device)
    trial.training(tree, found.length, added_parts.parts_to_freeze(job.freeze))
    return found.changed


def _test(job: EvaluateJob, device: str) -> list[str]:
    tree = config_source.load(str(job.config))
    loader, changed = inference.resolve(job, tree, device)
    trial.detecting(tree, loader)
    return changed
