"""The loop over the steps: each is made or reused, recorded, and published."""

import contextlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from coco_recipe import events, failure, terminal
from coco_recipe.errors import FindingsError, StepError
from coco_recipe.events import Noted, Progress, StepFailed, StepStarted
from coco_recipe.findings import Finding
from coco_recipe.manifest import FailedStep, Manifest
from coco_recipe.observing.observers import Observers
from coco_recipe.planning.plan import PlannedStep, Reference
from coco_recipe.publishing import card
from coco_recipe.publishing.marks import targets
from coco_recipe.running import error_log
from coco_recipe.running.execute import Workshop, execute, failed
from coco_recipe.running.surroundings import Surroundings
from coco_recipe.running.task import Task, lineage
from coco_recipe.running.work import Work


def make_steps(work: Work) -> None:
    """Make or reuse every step, in the recipe's order.

    Raises:
        StepError: a step failed.
        FindingsError: what a step found stops the run.
        RunError: published files were changed while the run was at work.
    """
    last_use = _last_uses(work)
    for task in work.tasks:
        work.at = task.step.id
        manifest = _make(work, task) if task.step.id in work.reasons else _reuse(work, task)
        if task.step.step.writes:
            folder = work.store.final(task.step.id)
            hashes = {str(folder / name): sha256 for name, sha256 in manifest.files.items()}
            work.session.inputs.known_hashes.update(hashes)
        _show(work, task, manifest)
        if task is not work.tasks[-1]:  # after it, all go at once
            for ref in last_use[task.step.id]:
                work.session.values.pop(ref, None)
        if work.is_news:
            work.log.add(manifest.record)
        _publish(work, task, manifest)


def _show(work: Work, task: Task, manifest: Manifest) -> None:
    """Show reporters what came to a step and what it gave, as far as it is in memory."""
    values = work.session.values
    entered = {ref: values[ref] for ref in task.step.references() if ref in values}
    given = {ref: value for ref, value in values.items() if ref[0] == task.step.id}
    work.reporters.see(manifest.record, entered, given)


def _last_uses(work: Work) -> dict[str, list[Reference]]:
    """Return the values that nobody needs once a step is behind, by step."""
    last = {ref: task.step.id for task in work.tasks for ref in task.step.references()}
    found: dict[str, list[Reference]] = {task.step.id: [] for task in work.tasks}
    for ref, step_id in last.items():
        found[step_id].append(ref)
    return found


def _make(work: Work, task: Task) -> Manifest:
    """Run a step; keep in memory what it gave and isn't on disk."""
    step, session = task.step, work.session
    work.told.tell(StepStarted(step.id, work.reasons[step.id]))
    last_progress = _LastProgress(work.told)
    workshop = Workshop(
        work.store,
        work.engine,
        last_progress,
        lambda text: work.told.tell(Noted(text)),
        work.judge,
        session.inputs.known_hashes,
        partial(_changed_inputs, work),
        _surroundings(work),
        partial(lineage, tasks=work.tasks),
    )
    try:
        try:
            sources = step.sources(session.value)
            values = step.values(session.value)
            worked = work.ahead.take(step, values)
            result = execute(task, values, workshop, sources, worked)
        except OSError as error:  # while its result was written
            raise failed(step, error, is_ours=True) from error
    except (StepError, FindingsError) as error:
        _record_failure(work, task, error, str(last_progress))
        raise
    for port, value in result.values.items():
        if port not in result.manifest.outputs:  # what is on disk is read from there, if at all
            session.values[step.id, port] = value
    work.cache.put(task, result.manifest)
    if work.shared:
        work.shared.put(work.plan, task, result.values)
    work.ran.append(step.id)
    work.told.tell(events.done(result.manifest.record))
    return result.manifest


def _changed_inputs(work: Work, step: PlannedStep) -> list[str]:
    """Return the inputs' files that have changed since they were hashed, pictures if they count."""
    inputs = work.session.inputs
    parts = [inputs.files, *(inputs.pictures_of.values() if step.reads_pixels else ())]
    return [path for part in parts for path in work.known.changed(part)]


def _surroundings(work: Work) -> Surroundings:
    """Return what steps of plugins must leave alone."""
    recipe = work.plan.recipe
    names = (
        name
        for item in recipe.inputs
        for name in (item.annotations, item.images, item.checkpoint, item.file, item.of)
        if name
    )
    published = [target.folder for target in targets(work.plan, work.folder)]
    return Surroundings(
        work.folder.absolute(),
        [*((recipe.folder / name).absolute() for name in names), *published],
        {Path(os.path.abspath(recipe.folder)), Path(os.path.abspath("."))},
    )


def _reuse(work: Work, task: Task) -> Manifest:
    """Take what an earlier run made, with its findings."""
    manifest = work.session.committed(task.step.id)
    for place in work.store.set_aside(task.step.id, work.store.strays(task.step.id)):
        work.told.tell(Noted(f"a file that isn't of step '{task.step.id}' is now {place}"))
    work.reused.append(task.step.id)
    work.told.tell(events.reused(manifest.record))
    work.judge(map(Finding.from_record, manifest.record.findings))
    return manifest


def _record_failure(
    work: Work, task: Task, error: StepError | FindingsError, progress: str
) -> None:
    """Put a failure on record; where it is no finding, write a log of it, too."""
    step, problem = task.step, str(error)
    with contextlib.suppress(OSError):  # a full disk may be why the step failed
        written = terminal.masked(step.hidden.in_text(problem))
        work.log.add(FailedStep(step.id, step.step.name, written))
    failed = StepFailed(step.id, problem)
    if isinstance(error, StepError):
        error.log = error_log.write(
            work.folder,
            step,
            error,
            environment=task.parts.environment,
            progress=progress,
            unfinished=work.store.unfinished(step.id),
        )
        failed = StepFailed(step.id, problem, failure.trace(error), error.log)
    work.told.tell(failed)


def _publish(work: Work, task: Task, manifest: Manifest) -> None:
    step = task.step
    if not step.published():
        return
    found = work.store.publishable(step.id, manifest, work.session.folders())
    hashes = {name: file.sha256 for name, file in found.items()}
    work.publisher.publish(step, found, card.of(work.plan, step, work.log.run, manifest, hashes))


@dataclass(slots=True)
class _LastProgress:
    """Passes a step's progress on, and keeps the last of it, which str() tells."""

    told: Observers
    last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        self.last = progress
        self.told.tell(progress)

    def __str__(self) -> str:
        last = self.last
        return f"{last.done} of {last.total}  {last.status()}".rstrip() if last else ""
