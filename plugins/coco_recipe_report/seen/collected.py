"""Collect what the page shows of the values of a run while they go by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coco_recipe import Dataset, RunFacts, manifest
from coco_recipe_report.seen.columns import columns_of
from coco_recipe_report.seen.copies import Copies, copies_of
from coco_recipe_report.seen.figures import Figures, figures_of
from coco_recipe_report.seen.ledger import LedgerRow, Lost, found_rows, lost_rows, sample_of
from coco_recipe_report.seen.pairs import Pair, pairs_of
from coco_recipe_report.seen.records import as_read
from coco_recipe_report.seen.shots import Shot
from coco_recipe_report.seen.telling import telling

Reference = tuple[str, str]
MOST_PICTURES = 5  # of one data set


@dataclass(slots=True)
class Collected:
    """What was seen of a run's values.

    Attributes:
        folder: the run directory.
        figures: of data sets, by input or step and port.
        pictures: telling images of inputs and of what comes to steps that give no data set.
        samples: a few rows of each data set.
        lost: by step, what it dropped.
        found: by the finding, its first rows.
        copies: what augmentations did, by step.
        pairs: the nearest pairs across sides, by the step that looked for them.
    """

    folder: Path
    figures: dict[Reference, Figures] = field(default_factory=dict)
    pictures: dict[Reference, tuple[Shot, ...]] = field(default_factory=dict)
    samples: dict[Reference, tuple[LedgerRow, ...]] = field(default_factory=dict)
    lost: dict[str, tuple[Lost, ...]] = field(default_factory=dict)
    found: dict[tuple[str, str], tuple[LedgerRow, ...]] = field(default_factory=dict)
    copies: dict[str, Copies] = field(default_factory=dict)
    pairs: dict[str, tuple[Pair, ...]] = field(default_factory=dict)
    _telling: dict[Reference, tuple[Shot, ...]] = field(default_factory=dict)
    _makers: set[str] = field(default_factory=set)
    _inputs: set[str] = field(default_factory=set)

    def see(
        self,
        record: manifest.StepRecord,
        entered: Mapping[Reference, Any],
        given: Mapping[Reference, Any],
    ) -> None:
        """Look at what came to a step and what it gave, as far as it is in memory.

        Args:
            record: what the step did.
            entered: by input or step and port, what came to it.
            given: likewise, what it gave.
        """
        record = as_read(record)
        came, gave = _data_sets(entered), _data_sets(given)
        self._see_inputs(came)
        self._sample({**came, **gave})
        makes, gives = record.counts.made.images > 0, len(_rows(record.counts.out))
        if makes:
            self._makers.add(record.step)
        if record.dropped or makes:
            self._see_ledger(record, list(came.values()))
        if not gives:
            self.add(came)
            if pairs := pairs_of(self.folder / "steps" / record.step, list(came.values())):
                self.pairs[record.step] = pairs
        self._measure({ref: rows for ref, rows in came.items() if makes or ref[0] in self._makers})
        if gives != 1 or makes:
            self._measure(gave)
        self._find(record.findings, {record.step: [*gave.values(), *came.values()]})

    def unseen(self, facts: RunFacts) -> list[str]:
        """Return the steps that dropped or made rows, and whose rows weren't in memory."""
        return [
            record.step
            for record in facts.steps
            if (record.dropped or record.counts.made.images) and record.step not in self.lost
        ]

    def wanted(self, facts: RunFacts) -> list[Reference]:
        """Return the data sets whose figures the page shows, and that weren't seen."""
        ends = {flow.source for flow in facts.flows}
        unread = [
            (record.step, port)
            for record in facts.steps
            for port in record.counts.out
            if record.step not in ends and _rows({port: record.counts.out[port]})
        ]
        last = [
            (flow.source, flow.port)
            for flow in facts.flows
            if not _rows(_record(facts, flow.target).counts.out)
        ]
        inputs = [(name, "") for name in facts.inputs]
        return [ref for ref in dict.fromkeys([*inputs, *last, *unread]) if ref not in self.pictures]

    def add(self, data: Mapping[Reference, Dataset]) -> None:
        """Take in data sets that are what the run is for: what it began with, and its results."""
        self._measure(data, is_shown=True)
        self._sample(data)

    def begin(self, facts: RunFacts, values: Mapping[Reference, Any]) -> None:
        """Take in what is at hand of a run that stopped: inputs, and results so far.

        Args:
            facts: what it recorded.
            values: inputs and outputs of steps.
        """
        wanted = {ref: values[ref] for ref in self.wanted(facts) if ref in values}
        data = _data_sets(wanted)
        self.add(data)
        self._find(facts.run.findings, {name: [rows] for (name, _), rows in data.items()})

    def _see_inputs(self, data: Mapping[Reference, Dataset]) -> None:
        inputs = {ref: rows for ref, rows in data.items() if not ref[1]}
        new = {ref: rows for ref, rows in inputs.items() if ref[0] not in self._inputs}
        if not new:
            return
        self._inputs |= {name for name, _ in new}
        self.add(new)
        run = manifest.read_run(self.folder)
        if run is not None:
            self._find(run.findings, {name: [rows] for (name, _), rows in new.items()})

    def _see_ledger(self, record: manifest.StepRecord, entered: Sequence[Dataset]) -> None:
        folder = self.folder / "steps" / record.step
        if record.step in self.lost or not entered:
            return
        self.lost[record.step] = lost_rows(folder, record, entered)
        if copies := copies_of(folder, record, entered):
            self.copies[record.step] = copies

    def _measure(self, data: Mapping[Reference, Dataset], *, is_shown: bool = False) -> None:
        """Measure data sets; which images tell most is found beside it, from the same columns."""
        for ref, rows in data.items():
            if ref not in self.figures:
                columns = columns_of(rows)
                self.figures[ref] = figures_of(columns)
                self._telling[ref] = telling(rows, columns, MOST_PICTURES)
            if is_shown:
                self.pictures[ref] = self._telling[ref]

    def _sample(self, data: Mapping[Reference, Dataset]) -> None:
        for ref, rows in data.items():
            if ref not in self.samples:
                self.samples[ref] = sample_of(rows)

    def _find(
        self,
        findings: Iterable[manifest.FindingRecord],
        data: Mapping[str, Sequence[Dataset]],
    ) -> None:
        due = [
            one for one in findings if one.place in data and (one.place, one.kind) not in self.found
        ]
        for one, rows in zip(due, found_rows(due, data), strict=True):
            self.found[one.place, one.kind] = rows


def _record(facts: RunFacts, step: str) -> manifest.StepRecord:
    return next(record for record in facts.steps if record.step == step)


def _rows(counts: Mapping[str, Any]) -> list[manifest.Counts]:
    return [one for _, one in manifest.data_sets(counts)]


def _data_sets(values: Mapping[Reference, Any]) -> dict[Reference, Dataset]:
    return {ref: one for ref, one in values.items() if isinstance(one, Dataset)}
