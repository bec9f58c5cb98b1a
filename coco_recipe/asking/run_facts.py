"""What a finished run recorded, put together: its steps, what flowed between them, its proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coco_recipe import files
from coco_recipe.dataset import Dataset
from coco_recipe.errors import RunError
from coco_recipe.manifest import Counts, RunRecord, StepRecord, data_sets, read_run
from coco_recipe.planning.plan import PlannedStep
from coco_recipe.running import run_folder
from coco_recipe.running.reopening import reopen
from coco_recipe.running.store import Store


@dataclass(frozen=True, slots=True)
class Flow:
    """What flowed from an input or a step to a step.

    Attributes:
        source: the input or step that it came from.
        port: its port there; empty of an input.
        target: the step that it came to.
        counts: its rows.
        is_read: it was read, and flowed no further, as what ``augment`` copies.
    """

    source: str
    port: str
    target: str
    counts: Counts
    is_read: bool


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a finished run recorded.

    Attributes:
        folder: the run directory.
        run: the record of the run.
        inputs: the names of the inputs that are data sets.
        steps: the records of the steps, in order.
        flows: what flowed between them.
        published: by step, the folders that it published in.
        recipe: the recipe's text.
        digest: of the keys of all steps, which stand for all that the results depend on.
    """

    folder: Path
    run: RunRecord
    inputs: tuple[str, ...]
    steps: tuple[StepRecord, ...]
    flows: tuple[Flow, ...]
    published: dict[str, tuple[str, ...]]
    recipe: str
    digest: str


def run_facts(folder: Path, plugin_files: Sequence[Path] = ()) -> RunFacts:
    """Return what a finished run recorded.

    Args:
        folder: the run directory.
        plugin_files: the plugin files that the run used.

    Raises:
        RunError: the folder is no run directory, or a step isn't done.
    """
    planned = reopen(folder, plugin_files)
    run = read_run(folder)
    assert run is not None, "reopen has read it"
    store = Store(folder)
    records = tuple(_record(store, step) for step in planned.steps)
    flows = [
        flow
        for step, record in zip(planned.steps, records, strict=True)
        for flow in _flows(step, record)
    ]
    return RunFacts(
        folder,
        run,
        tuple(item.name for item in planned.recipe.inputs if item.annotations),
        records,
        tuple(flows),
        {step.id: tuple(step.published().values()) for step in planned.steps if step.published()},
        (folder / run_folder.WRITTEN).read_text("utf-8"),
        files.digest({record.step: record.key for record in records}),
    )


def _record(store: Store, step: PlannedStep) -> StepRecord:
    manifest = store.manifest(step.id)
    if manifest is None:
        raise RunError(f"{store.run_dir}: step '{step.id}' isn't done: run the recipe again")
    return manifest.record


def _flows(step: PlannedStep, record: StepRecord) -> list[Flow]:
    """Return what came to a step, in the order of its inputs."""
    refs = [
        (ref, step.step.input(port).reads_only)
        for port, many in step.inputs.items()
        for ref in many
        if step.step.input(port).kind is Dataset
    ]
    counts = [counts for _, counts in data_sets(record.counts.entered)]
    return [
        Flow(name, port, step.id, one, is_read)
        for ((name, port), is_read), one in zip(refs, counts, strict=False)
    ]
