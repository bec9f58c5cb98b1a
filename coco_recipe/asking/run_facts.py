"""What a finished run recorded, and its data sets as they went by."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from coco_recipe.dataset import Dataset
from coco_recipe.manifest import StepRecord
from coco_recipe.observing.reporters import Reference, RunFacts
from coco_recipe.planning.plan import PlannedStep
from coco_recipe.running import forecast, recorded
from coco_recipe.running.reopening import reopen
from coco_recipe.running.session import Session
from coco_recipe.running.store import Store


def run_facts(folder: Path, plugin_files: Sequence[Path] = ()) -> RunFacts:
    """Return what a finished run recorded.

    Args:
        folder: the run directory.
        plugin_files: the plugin files that the run used.

    Raises:
        RunError: the folder is no run directory, or a step isn't done.
    """
    return recorded.facts_of(reopen(folder, plugin_files), Store(folder))


def run_values(
    facts: RunFacts,
) -> Iterator[tuple[StepRecord, dict[Reference, Dataset]]]:
    """Yield each step of a finished run with the data sets that came to it and that it gave.

    Rows that weren't written are made again, by running the steps in memory.

    Args:
        facts: what the run recorded.

    Raises:
        RunError: an output isn't as it was committed.
    """
    planned = reopen(facts.folder, facts.plugin_files)
    session = Session.open(planned, facts.folder, with_pixels=False)
    rehearsal = forecast.rehearsal(session)
    for step, record in zip(planned.steps, facts.steps, strict=True):
        found = {ref: rehearsal.value_of(ref) for ref in _data_sets(step)}
        yield record, {ref: value for ref, value in found.items() if isinstance(value, Dataset)}


def _data_sets(step: PlannedStep) -> list[Reference]:
    """Return the data sets that come to a step, then those that it gives."""
    entered = [
        ref
        for port, many in step.inputs.items()
        for ref in many
        if step.step.input(port).kind is Dataset
    ]
    given = [(step.id, port) for port, rule in step.outputs.items() if rule.kind is Dataset]
    return [*entered, *given]
