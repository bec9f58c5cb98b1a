"""The books: rows in, made, dropped and out of each step; each figure opens its rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from coco_recipe import RunFacts, manifest
from coco_recipe_report.drawing.pictures import Camera, Picture
from coco_recipe_report.sections.findings import Shown, shown
from coco_recipe_report.seen.collected import Collected, Reference
from coco_recipe_report.seen.ledger import DROPPED

Counted = Mapping[str, manifest.Counts | list[manifest.Counts]]
MOST_CLASSES = 12


@dataclass(frozen=True, slots=True)
class Port:
    """What came or went by a port, with the commonest classes and a few rows.

    ``source`` is the step whose card has the rows, where they are another step's.
    """

    name: str
    images: int
    boxes: int
    classes: Sequence[tuple[str, int]]
    others: int
    rows: Sequence[Shown] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Rows that were dropped for a reason, the first of them shown."""

    kind: str
    reason: str
    count: int
    rows: Sequence[Shown]
    rest: int


@dataclass(frozen=True, slots=True)
class Line:
    """A step's line; a figure is images and boxes, None where there are none."""

    step: str
    use: str
    entered: tuple[int, int] | None
    made: tuple[int, int] | None
    dropped: tuple[int, int] | None
    out: tuple[int, int] | None
    ports_in: Sequence[Port]
    ports_out: Sequence[Port]
    copies: Sequence[Picture]
    reasons: Sequence[Reason]
    ledger: str


def gather(facts: RunFacts, seen: Collected, camera: Camera) -> list[Line]:
    """Return a line for each step that data sets come to."""
    lines = [
        _line(record, seen, camera)
        for record in facts.steps
        if _ports(record.counts.entered) or _ports(record.counts.out)
    ]
    return [_with_rows(line, facts, seen, camera) for line in lines]


def _with_rows(line: Line, facts: RunFacts, seen: Collected, camera: Camera) -> Line:
    """Return a line with a few rows of each port; those of another step stand in its line."""
    flows = [flow for flow in facts.flows if flow.target == line.step]
    entered = [
        replace(port, source=flow.source)
        if flow.port
        else replace(port, rows=_sample((flow.source, ""), seen, camera))
        for port, flow in zip(line.ports_in, flows, strict=False)
    ]
    out = [
        replace(port, rows=_sample((line.step, port.name), seen, camera)) for port in line.ports_out
    ]
    return replace(line, ports_in=entered, ports_out=out)


def _sample(ref: Reference, seen: Collected, camera: Camera) -> list[Shown]:
    return shown(seen.samples.get(ref, ()), camera)


def _line(record: manifest.StepRecord, seen: Collected, camera: Camera) -> Line:
    dropped: Counter[str] = Counter()
    for one in record.dropped:
        dropped[one.kind] += one.count
    made = record.counts.made
    entered, out = _ports(record.counts.entered), _ports(record.counts.out)
    copies = seen.copies.get(record.step)
    lost = seen.lost.get(record.step, ())
    reasons = [
        Reason(
            one.kind, one.reason, one.count, rows := shown(one.rows, camera), one.count - len(rows)
        )
        for one in lost
    ] or [Reason(one.kind, one.reason, one.count, (), one.count) for one in record.dropped]
    return Line(
        record.step,
        record.use,
        _total(entered),
        (made.images, made.annotations) if made.images or made.annotations else None,
        (dropped["image"], dropped["annotation"]) if dropped else None,
        _total(out),
        entered,
        out,
        [camera.take(shot) for _, made_of in (copies.sheet if copies else ()) for shot in made_of],
        reasons,
        f"steps/{record.step}/{DROPPED}",
    )


def _total(ports: Sequence[Port]) -> tuple[int, int] | None:
    return (sum(one.images for one in ports), sum(one.boxes for one in ports)) if ports else None


def _ports(counts: Counted) -> list[Port]:
    return [_port(name, one) for name, one in manifest.data_sets(counts)]


def _port(name: str, counts: manifest.Counts) -> Port:
    common = Counter(counts.categories or {}).most_common()
    return Port(
        name,
        counts.images or 0,
        counts.annotations or 0,
        common[:MOST_CLASSES],
        max(0, len(common) - MOST_CLASSES),
    )
