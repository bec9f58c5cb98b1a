"""forecast: what a run would leave and how it would look, by running only the steps that live in memory."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from coco_recipe import execute, failure, files, plan
from coco_recipe.errors import CocoRecipeError, RunError, StepError, did_you_mean
from coco_recipe.manifest import StepRecord, read_run
from coco_recipe.stages import Run, State, reopen


def records(run_: Run, states: Sequence[State]) -> dict[str, StepRecord]:
    """Return what each step would record, by step; a step that writes files, and what follows it, once it has run.

    Raises:
        RecipeError: a step that writes files can't go together with what comes to it.
        StepError: a step would fail.
    """
    found: dict[str, StepRecord] = {}
    for state, values, result in _dry(run_, states):
        manifest = result.manifest if result else run_.store.manifest(state.step.id)
        if manifest and manifest.key == state.key:
            found[state.step.id] = manifest.record
        if (
            values is not None and not result
        ):  # sizes are exact here, where steps above have dropped images
            facts = {port: run_.plan.kinds.facts(value) for port, value in values.items()}
            plan.foresee_step(run_.plan, state.step, facts, partial(dict, values))
    return found


def preview(
    run_: Run, states: Sequence[State], step_id: str, target: Path, *, images: int | tuple[str, ...]
) -> None:
    """Let a step write a picture of what it would do.

    Args:
        run_: the plan with its run directory.
        states: its states.
        step_id: the step.
        target: the file to write.
        images: how many images to show, or their file names.

    Raises:
        RunError: there is no such step, it has no preview, or it follows a step that must be run first.
        StepError: the preview failed.
    """
    if step_id not in {state.step.id for state in states}:
        raise RunError(
            f"there is no step '{step_id}'; {did_you_mean(step_id, [state.step.id for state in states])}"
        )
    step = next(state.step for state in states if state.step.id == step_id).offer.step
    if step.preview is None:
        raise RunError(f"step '{step_id}' ({step.name}) has no preview")
    with _ready(run_, states, step_id) as (context, keywords):
        step.preview(context, target, images, **keywords)


def replay(
    folder: Path, name: str, plugin_files: Sequence[Path] = (), moved_to: Path | None = None
) -> tuple[bytes, bool]:
    """Make one file of a finished run again.

    Args:
        folder: the run directory.
        name: the file's name, or its path below the run directory.
        plugin_files: the plugin files that the run used; only these are loaded, whatever the run directory says.
        moved_to: the recipe's file, where it has moved without the run directory.

    Returns:
        Its bytes, and whether they are what the run recorded.

    Raises:
        RunError: there is no such run or file, no step that can make it again, or the plugin files are others.
        StepError: the step can't make it.
    """
    run_ = Run(reopen(folder, plugin_files, moved_to), folder, with_pixels=False)
    found = [
        (step, file, recorded)
        for step in run_.plan.steps
        if step.offer.step.replay
        if (manifest := run_.store.manifest(step.id))
        for file, recorded in manifest.files.items()
        if f"/steps/{step.id}/{file}".endswith(f"/{name}")
    ]
    if len(found) != 1:
        places = ", ".join(f"steps/{step.id}/{file}" for step, file, _ in found[:5])
        raise RunError(
            f"{folder}: '{name}' is {f'ambiguous: {places}' if found else 'no file that a step can make again'}"
        )
    step, file, recorded = found[0]
    assert step.offer.step.replay is not None
    with _ready(run_, run_.states(), step.id) as (context, keywords):
        data = step.offer.step.replay(context, file, **keywords)
    return data, files.sha256_of(data) == recorded


def value(run_: Run, reference: plan.Reference, keys: Mapping[str, str]) -> Any:
    """Return an output of a finished run: read if it was committed, else made again by the steps in memory.

    Args:
        run_: the plan with its run directory.
        reference: step and port.
        keys: the steps' keys when the run was done.

    Raises:
        RunError: the run directory or an input was changed since then.
    """
    manifests = {step.id: run_.store.manifest(step.id) for step in run_.plan.steps}
    if any(
        manifest is None or manifest.key != keys.get(name) for name, manifest in manifests.items()
    ):
        raise RunError(f"{run_.folder}: was run anew since; run it again to read what it has now")
    manifest = manifests[reference[0]]
    if manifest and reference[1] in manifest.outputs:
        return run_.committed(reference)
    recorded_run = read_run(run_.folder)
    for name, recorded in recorded_run.inputs.items() if recorded_run else ():
        if any(recorded.get(kind) != digest for kind, digest in run_.digests[name].items()):
            raise RunError(f"the input '{name}' has changed since the run; run the recipe again")
    for state, _, result in _dry(run_, run_.states()):
        if state.step.id == reference[0] and result:
            return result.values[reference[1]]
    raise RunError(f"{'.'.join(reference)} can't be made again: run the recipe again")


@contextlib.contextmanager
def _ready(
    run_: Run, states: Sequence[State], step_id: str
) -> Iterator[tuple[execute.Context, dict[str, Any]]]:
    """Give what a step's functions are called with; name the step in what they raise."""
    state, values = next(
        (state, values) for state, values, _ in _dry(run_, states) if state.step.id == step_id
    )
    if values is None:
        raise RunError(
            f"step '{step_id}' follows a step that writes files, which must be run first"
        )
    with tempfile.TemporaryDirectory() as scratch:
        context = execute.Context(
            step_id,
            execute.step_seed(run_.plan.recipe.seed, step_id),
            Path(scratch),
            key=state.key,
            environment=state.parts.environment,
            earlier=run_.store.earlier(step_id),
        )
        try:
            yield context, execute.keywords(state.step, values)
        except CocoRecipeError:
            raise
        except (Exception, SystemExit) as error:
            step = state.step.offer.step
            text = failure.told(error, failure.home_of(step.run))
            raise StepError(f"step '{step_id}' ({step.name}): {text}") from error


def _dry(
    run_: Run, states: Sequence[State]
) -> Iterator[tuple[State, Mapping[str, Any] | None, Any]]:
    """Yield each step with its input values (None where they aren't known) and, if it lives in memory, its result."""
    known = dict(run_.values)
    for state in states:
        step, result = state.step, None
        references = [ref for refs in step.inputs.values() for ref in refs]
        values = (
            plan.bound(step, known.__getitem__) if all(ref in known for ref in references) else None
        )
        if values is not None and not step.offer.step.writes:
            result = execute.rehearse(
                step, values, seed=run_.plan.recipe.seed, key=state.key, parts=state.parts
            )
            known |= {(step.id, port): value for port, value in result.values.items()}
        yield state, values, result
        manifest = run_.store.manifest(step.id)
        if result is None and manifest and (manifest.key == state.key or not run_.with_pixels):
            known |= {(step.id, port): run_.committed((step.id, port)) for port in manifest.outputs}
