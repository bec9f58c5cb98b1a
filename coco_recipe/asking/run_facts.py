"""What a run recorded, and its data sets as they went by."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from coco_recipe.dataset import Dataset
from coco_recipe.known_files import KnownFiles, place_of
from coco_recipe.manifest import FailedStep, StepRecord, read_log
from coco_recipe.observing.reporters import Reference, RunFacts, Stopped
from coco_recipe.planning.plan import Plan, PlannedStep
from coco_recipe.running import forecast, raw_files, recorded
from coco_recipe.running.reopening import reopen
from coco_recipe.running.session import Session
from coco_recipe.running.store import Store


def run_facts(
    folder: Path, plugin_files: Sequence[Path] = (), moved_to: Path | None = None
) -> RunFacts:
    """Return what a run recorded; of one that stopped, so far, with how it stopped.

    Args:
        folder: the run directory.
        plugin_files: the plugin files that the run used.
        moved_to: the recipe's file, where it has moved without the run directory.

    Returns:
        The records of the run and of its steps, without their values.

    Raises:
        RunError: the folder is no run directory.
    """
    planned, store = reopen(folder, plugin_files, moved_to), Store(folder)
    log = read_log(folder)
    run, records = log or (None, ())
    done = {record.step for record in records if isinstance(record, StepRecord)}
    if run is None or done.issuperset(step.id for step in planned.steps):
        facts = recorded.facts_of(planned, store)
    else:
        stopped = _stopped(planned, records, done)
        facts = recorded.facts_so_far(planned, store, run, done, stopped)
    return replace(facts, moved_to=moved_to)


def _stopped(
    planned: Plan, records: Sequence[StepRecord | FailedStep], done: Collection[str]
) -> Stopped:
    """Return how a run stopped, as its log has it: at a failure, or without a word."""
    failed = next((one for one in records if isinstance(one, FailedStep)), None)
    at = next(step for step in planned.steps if step.id not in done)
    return Stopped(
        "failed" if failed else "interrupted",
        failed.step if failed else at.id,
        failed.use if failed else at.step.name,
        failed.failed if failed else "",
        resumes=at.step.resumes,
    )


def run_values(
    facts: RunFacts,
) -> Iterator[tuple[StepRecord, dict[Reference, Any], dict[Reference, Any]]]:
    """Go through the steps of a run that are done with their data sets.

    Rows that weren't written are made again, by running the steps in memory.

    Args:
        facts: what the run recorded.

    Yields:
        Each step's record, the data sets that came to it, and those that it gave.

    Raises:
        RunError: an output isn't as it was committed, or an input has changed since.
    """
    planned = reopen(facts.folder, facts.plugin_files, facts.moved_to)
    session = Session.open(planned, facts.folder, with_pixels=False)
    forecast.refuse_changed(session.inputs.digests, facts.run)
    rehearsal = forecast.rehearsal(session)

    def values(refs: Iterable[Reference]) -> dict[Reference, Any]:
        found = {ref: rehearsal.value_of(ref) for ref in refs}
        return {ref: value for ref, value in found.items() if isinstance(value, Dataset)}

    steps = {step.id: step for step in planned.steps}
    for record in facts.steps:
        step = steps[record.step]
        yield record, values(_entered(step)), values(_given(step))


def run_hashes(facts: RunFacts) -> dict[str, str]:
    """Return the SHA-256 of the pictures that a finished run has read and written.

    Pictures of inputs are hashed again, if they aren't known to be untouched.

    Args:
        facts: what the run recorded.

    Returns:
        By absolute path. Empty for a picture of an input that has changed since; it need not be
        the one that did. None of inputs whose pictures the run didn't read.
    """
    planned = reopen(facts.folder, facts.plugin_files, facts.moved_to)
    store = Store(facts.folder)
    found: dict[str, str] = {}
    for record in facts.steps:
        manifest, folder = store.manifest(record.step), store.final(record.step).absolute()
        if manifest:
            found |= {str(folder / name): sha256 for name, sha256 in manifest.files.items()}
    known = KnownFiles(place_of(facts.folder))
    for item in planned.recipe.inputs:
        if expected := facts.run.inputs.get(item.name, {}).get("images"):
            found |= raw_files.picture_hashes(planned, item, known, expected)
    return found


def _entered(step: PlannedStep) -> Iterator[Reference]:
    """Yield the data sets that come to a step."""
    for port, many in step.inputs.items():
        if step.step.input(port).kind is Dataset:
            yield from many


def _given(step: PlannedStep) -> Iterator[Reference]:
    """Yield the data sets that a step gives."""
    yield from ((step.id, port) for port, rule in step.outputs.items() if rule.kind is Dataset)
