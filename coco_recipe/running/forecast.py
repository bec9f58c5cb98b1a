"""Forecast: what a run would leave, by running only the steps that live in memory."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from coco_recipe import files
from coco_recipe.errors import CocoRecipeError, RecipeError, RunError, did_you_mean, together
from coco_recipe.manifest import Digests, RunRecord, StepRecord, read_run
from coco_recipe.planning import foresight
from coco_recipe.planning.plan import PlannedStep, Reference
from coco_recipe.publishing.targets import in_the_way
from coco_recipe.running import agenda, execute
from coco_recipe.running.context import Context
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.running.reopening import reopen
from coco_recipe.running.session import Session
from coco_recipe.running.task import Task


def records(session: Session, due: Sequence[Task], ahead: Rehearsal) -> dict[str, StepRecord]:
    """Return what each step would record, by step.

    A step that writes files, and what follows it, once it has run.

    Args:
        session: the plan with its run directory.
        due: what is to be done about its steps.
        ahead: gives the values of steps before the run; it is forgiving.

    Raises:
        RecipeError: a step that writes files can't go together with what comes to it.
        StepError: a step would fail.
    """
    found: dict[str, StepRecord] = {}
    errors: list[CocoRecipeError] = []
    for task in due:
        step = task.step
        result = ahead.result_of(step)
        manifest = result.manifest if result else session.store.manifest(step.id)
        if manifest and manifest.key == task.key:
            found[step.id] = manifest.record
        if step.id in ahead.failures:
            errors.append(ahead.failures[step.id])
        elif not result:
            errors += _problems(session, step, ahead)
    if errors:
        raise together(errors)
    return found


def _problems(session: Session, step: PlannedStep, rehearsal: Rehearsal) -> Iterator[RecipeError]:
    """Yield why a step that isn't run here can't go together with what comes to it."""
    facts = rehearsal.facts_of(step, session.inputs.facts)
    try:
        foresight.foresee_step(session.plan, step, facts, partial(rehearsal.known_before, step))
    except RecipeError as error:
        yield error
    known = partial(rehearsal.known_of, step)
    if problems := list(in_the_way(session.plan, session.folder, step, known)):
        yield RecipeError(problems)


def preview(session: Session, step_id: str, target: Path, *, images: int | tuple[str, ...]) -> None:
    """Let a step write a picture of what it would do.

    Args:
        session: the plan with its run directory.
        step_id: the step.
        target: the file to write.
        images: how many images to show, or their file names.

    Raises:
        RunError: there is no such step, it has no preview, or it follows a step that must be run
            first.
        StepError: the preview failed.
    """
    planned = next((step for step in session.plan.steps if step.id == step_id), None)
    if planned is None:
        hint = did_you_mean(step_id, [step.id for step in session.plan.steps])
        raise RunError(f"there is no step '{step_id}'; {hint}")
    if planned.step.preview is None:
        raise RunError(f"{planned.label} has no preview")
    with _called(session, planned) as (context, keywords):
        planned.step.preview(context, target, images, **keywords)


def replay(
    folder: Path, name: str, plugin_files: Sequence[Path] = (), moved_to: Path | None = None
) -> tuple[bytes, bool]:
    """Make one file of a finished run again.

    Args:
        folder: the run directory.
        name: the file's name, or its path below the run directory.
        plugin_files: the plugin files that the run used; only these are loaded, whatever the run
            directory says.
        moved_to: the recipe's file, where it has moved without the run directory.

    Returns:
        Its bytes, and whether they are what the run recorded.

    Raises:
        RunError: there is no such run or file, no step that can make it again, or the plugin files
            are others.
        StepError: the step can't make it.
    """
    session = Session.open(reopen(folder, plugin_files, moved_to), folder, with_pixels=False)
    made = _made_file(session, name)
    assert made.step.step.replay is not None
    with _called(session, made.step) as (context, keywords):
        data = made.step.step.replay(context, made.name, **keywords)
    return data, files.sha256_of(data) == made.sha256


@dataclass(frozen=True, slots=True)
class _MadeFile:
    """A file of a committed step that can make it again."""

    step: PlannedStep
    name: str
    sha256: str


def _made_file(session: Session, name: str) -> _MadeFile:
    """Find a file by its name, or its path below the run directory.

    Raises:
        RunError: there are several, or none that a step can make again.
    """
    found = [
        _MadeFile(step, file, sha256)
        for step in session.plan.steps
        if step.step.replay
        if (manifest := session.store.manifest(step.id))
        for file, sha256 in manifest.files.items()
        if f"/steps/{step.id}/{file}".endswith(f"/{name}")
    ]
    if len(found) == 1:
        return found[0]
    places = ", ".join(f"steps/{made.step.id}/{made.name}" for made in found[:5])
    what = f"ambiguous: {places}" if found else "no file that a step can make again"
    raise RunError(f"{session.folder}: '{name}' is {what}")


def value(session: Session, reference: Reference, keys: Mapping[str, str]) -> Any:
    """Return an output of a finished run: read if it was committed, else made again in memory.

    Args:
        session: the plan with its run directory.
        reference: step and port.
        keys: the steps' keys when the run was done.

    Raises:
        RunError: the run directory or an input was changed since then.
    """
    step_id, port = reference
    manifests = {step.id: session.store.manifest(step.id) for step in session.plan.steps}
    if any(
        manifest is None or manifest.key != keys.get(name) for name, manifest in manifests.items()
    ):
        raise RunError(
            f"{session.folder}: was run anew since; run it again to read what it has now"
        )
    manifest = manifests[step_id]
    if manifest and port in manifest.outputs:
        return session.read(reference)
    if run := read_run(session.folder):
        refuse_changed(session.inputs.digests, run)
    step = next(step for step in session.plan.steps if step.id == step_id)
    result = rehearsal(session).result_of(step)
    if result is None:
        raise RunError(f"{step_id}.{port} can't be made again: run the recipe again")
    return result.values[port]


def refuse_changed(digests: Mapping[str, Digests], run: RunRecord) -> None:
    """See that inputs have the digests that a run recorded.

    Raises:
        RunError: one has another.
    """
    for name, recorded in run.inputs.items():
        for kind, digest in digests.get(name, {}).items():
            if recorded.get(kind) != digest:
                raise RunError(
                    f"the input '{name}' has changed since the run; run the recipe again"
                )


@contextlib.contextmanager
def _called(session: Session, step: PlannedStep) -> Iterator[tuple[Context, dict[str, Any]]]:
    """Give what a step's functions are called with; name the step in what they raise."""
    due = agenda.of(session)
    task = next(task for task in due if task.step is step)
    values = rehearsal(session, due).values_of(step)
    if values is None:
        raise RunError(
            f"step '{step.id}' follows a step that writes files, which must be run first"
        )
    with tempfile.TemporaryDirectory() as scratch:
        context = Context(
            step.id,
            task.parts.seed,
            Path(scratch),
            key=task.key,
            environment=task.environment(),
            find_earlier=partial(session.store.earlier, step.id),
        )
        try:
            yield context, step.keywords(values)
        except CocoRecipeError:
            raise
        except (Exception, SystemExit) as error:
            raise execute.failed(step, error) from error


def rehearsal(
    session: Session, due: Sequence[Task] | None = None, *, forgiving: bool = False
) -> Rehearsal:
    """Return what can be had of a plan's values, with what its run directory has of them.

    Args:
        session: the plan with its run directory.
        due: the tasks of its steps, where they are known already.
        forgiving: keep what fails in ``failures`` instead of raising it.
    """
    by_id = {task.step.id: task for task in due or agenda.of(session)}

    def on_disk(step: PlannedStep) -> Mapping[str, Any]:
        manifest = session.store.manifest(step.id)
        is_current = manifest and (manifest.key == by_id[step.id].key or not session.with_pixels)
        if manifest is None or not is_current:
            return {}
        return {port: session.read((step.id, port)) for port in manifest.outputs}

    return Rehearsal(
        session.plan,
        session.values,
        task_of=lambda step: by_id[step.id],
        on_disk=on_disk,
        forgiving=forgiving,
    )
