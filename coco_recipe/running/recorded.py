"""Put together what a run recorded: its steps, what flowed between them, its recipe."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import msgspec

from coco_recipe import files
from coco_recipe.dataset import Dataset
from coco_recipe.errors import RunError
from coco_recipe.manifest import FindingRecord, RunRecord, StepRecord, data_sets, read_run
from coco_recipe.observing.reporters import Flow, RunFacts, Stopped
from coco_recipe.planning.plan import Plan, PlannedStep
from coco_recipe.running import run_folder
from coco_recipe.running.store import Store


def facts_of(planned: Plan, store: Store, hashes: Mapping[str, str] | None = None) -> RunFacts:
    """Return what a finished run recorded.

    Args:
        planned: its plan.
        store: its committed steps.
        hashes: SHA-256 of the files that it has read and written, by path.

    Raises:
        RunError: the folder is no run directory, or a step isn't done.
    """
    run = read_run(store.run_dir)
    if run is None:
        refusal = run_folder.refusal_of(store.run_dir)
        raise RunError(f"{store.run_dir}: is not the directory of a finished run{refusal}")
    records = tuple(_record(store, step) for step in planned.steps)
    text = (store.run_dir / run_folder.WRITTEN).read_text("utf-8")
    return _facts(planned, store, run, records, text, hashes or {})


def facts_so_far(
    planned: Plan,
    store: Store,
    run: RunRecord,
    done: Collection[str],
    stopped: Stopped,
    hashes: Mapping[str, str] | None = None,
) -> RunFacts:
    """Return what a run recorded that stopped before all its steps were done.

    Args:
        planned: its plan.
        store: its committed steps.
        run: its own record.
        done: ids of the steps that are done.
        stopped: how it stopped; the recipe's steps are filled in.
        hashes: as of `facts_of`.
    """
    records = tuple(_record(store, step) for step in planned.steps if step.id in done)
    steps = tuple((step.id, step.step.name) for step in planned.steps)
    facts = _facts(planned, store, run, records, planned.recipe.source.text, hashes or {})
    return replace(facts, stopped=replace(stopped, steps=steps))


def _facts(
    planned: Plan,
    store: Store,
    run: RunRecord,
    records: tuple[StepRecord, ...],
    text: str,
    hashes: Mapping[str, str],
) -> RunFacts:
    steps = {step.id: step for step in planned.steps}
    flows = [flow for record in records for flow in _flows(steps[record.step], record)]
    return RunFacts(
        store.run_dir,
        run,
        tuple(item.name for item in planned.recipe.inputs if item.annotations),
        records,
        tuple(flows),
        {
            step.id: tuple(step.published_as_written().values())
            for step in planned.steps
            if step.published()
        },
        text,
        files.digest({record.step: record.key for record in records}),
        planned.plugin_files,
        {os.path.abspath(path): sha256 for path, sha256 in hashes.items()},
        tuple(_judged(planned, run, records)),
    )


def _judged(
    planned: Plan, run: RunRecord, records: tuple[StepRecord, ...]
) -> Iterator[FindingRecord]:
    """Yield the findings of a run and its steps as the recipe judges them."""
    for found in (*run.findings, *(one for record in records for one in record.findings)):
        choice = planned.recipe.findings.get(found.kind, found.severity)
        if choice != "ignore":
            yield msgspec.structs.replace(found, severity=choice)


def _record(store: Store, step: PlannedStep) -> StepRecord:
    manifest = store.manifest(step.id)
    if manifest is None:
        raise RunError(f"{store.run_dir}: step '{step.id}' isn't done: run the recipe again")
    return manifest.record


def _flows(step: PlannedStep, record: StepRecord) -> list[Flow]:
    """Return what came to a step, in the order of its inputs."""
    refs = [
        (ref, port, step.step.input(port).reads_only)
        for port, many in step.inputs.items()
        for ref in many
        if step.step.input(port).kind is Dataset
    ]
    counts = [counts for _, counts in data_sets(record.counts.entered)]
    return [
        Flow(name, out, step.id, port, one, is_read)
        for ((name, out), port, is_read), one in zip(refs, counts, strict=False)
    ]
