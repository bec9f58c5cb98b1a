"""The job of a preflight: see whether a config fits the parameters, and build all that it names."""

from collections.abc import Mapping

from coco_recipe_jobs.child import Reporter
from msgspec.structs import replace

from coco_recipe_mmdet.inside import (
    added_parts,
    config_source,
    inference,
    job_train,
    paramwise,
    rates,
    stack,
    trial,
    unread_keys,
)
from coco_recipe_mmdet.jobs import EvaluateJob, ExportJob, Looked, PreflightJob, TrainJob


def preflight(job: PreflightJob, report: Reporter) -> Looked:
    """Do to the config what the job will do, and build it; return what was seen.

    Raises:
        StepProblems: a parameter and the config don't go together, or a part can't be built.
        ValueError: the config and the data don't go together.
    """
    due = job.job
    device = stack.begin(due)
    if due.launcher != "none":
        stack.join_alone()
    seen: list[Looked] = []

    def build(wanted: Mapping[str, object]) -> None:
        asked = replace(due, set=dict(wanted))
        match asked:
            case TrainJob():
                seen[:] = [_training(asked, device)]
            case ExportJob():
                seen[:] = [_export(asked)]
            case _:
                seen[:] = [_test(asked, device)]

    trial.blamed(due.set, build)
    return seen[0]


def _training(job: TrainJob, device: str) -> Looked:
    found = job_train.resolve(job, device)
    tree = job_train.for_runner(job, found.tree, device)
    model = trial.training(tree, found.length, added_parts.parts_to_freeze(job.freeze))
    unread_keys.refuse(found.wanted, tree, model)
    paramwise.refuse(found.wanted, tree, model)
    return Looked(found.changed, rates.of(job, config_source.load(str(job.config)), found.tree))


def _test(job: EvaluateJob, device: str) -> Looked:
    tree = config_source.load(str(job.config))
    loader, changes = inference.resolve(job, tree, device)
    unread_keys.refuse(changes.wanted, tree, trial.detecting(tree, loader))
    return Looked(changes.made)


def _export(job: ExportJob) -> Looked:
    from coco_recipe_mmdet.inside import exported, job_export

    tree = config_source.load(str(job.config))
    changes = job_export.resolve(job, tree, job.classes)
    model = trial.model(tree)
    unread_keys.refuse(changes.wanted, tree, model)
    exported.head_of(model)
    return Looked(changes.made)
