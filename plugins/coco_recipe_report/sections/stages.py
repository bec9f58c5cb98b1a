"""The data sets that the page follows: inputs, what is augmented, what the run was for."""

from collections.abc import Iterator, Mapping

from coco_recipe import RunFacts, manifest
from coco_recipe_report.seen.collected import Collected, Reference
from coco_recipe_report.seen.figures import Figures

MOST = 7


def stages(facts: RunFacts) -> dict[str, Reference]:
    """Return the data sets by a name for people: raw ones, those that are copied, results."""
    named: dict[str, Reference] = {}
    known: set[Reference] = set()
    for name, ref in (*_inputs(facts), *_copied(facts), *results(facts).items()):
        if ref not in known and len(named) < MOST:
            known.add(ref)
            named[name if name not in named else f"{name} ({_label(ref)})"] = ref
    return named


def results(facts: RunFacts) -> dict[str, Reference]:
    """Return the data sets that the run was for: those that are published, or read by no step.

    They are named by the port at which they are published, as ``train``.
    """
    records = {record.step: record for record in facts.steps}
    ends = [flow for flow in facts.flows if not _rows(records[flow.target])]
    published = [flow for flow in ends if flow.target in facts.published]
    found: dict[str, Reference] = {}
    for flow in published or ends:
        ref = (flow.source, flow.port)
        if ref not in found.values():
            found[flow.entered if flow.entered not in found else _label(ref)] = ref
    read = {(flow.source, flow.port) for flow in facts.flows}
    for record in facts.steps:
        for port, _ in _rows(record):
            if (record.step, port) not in read:
                found[_label((record.step, port))] = (record.step, port)
    return found


def figures(named: Mapping[str, Reference], seen: Collected) -> dict[str, Figures]:
    """Return the figures of those that were seen."""
    return {name: seen.figures[ref] for name, ref in named.items() if ref in seen.figures}


def _inputs(facts: RunFacts) -> Iterator[tuple[str, Reference]]:
    yield from ((name, (name, "")) for name in facts.inputs)


def _copied(facts: RunFacts) -> Iterator[tuple[str, Reference]]:
    for flow in facts.flows:
        if flow.is_read:
            yield _label((flow.source, flow.port)), (flow.source, flow.port)


def _label(ref: Reference) -> str:
    return ".".join(filter(None, ref)).removesuffix(".dataset")


def _rows(record: manifest.StepRecord) -> list[tuple[str, manifest.Counts]]:
    return list(manifest.data_sets(record.counts.out))
