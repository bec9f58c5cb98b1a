"""What is wrong, or worth knowing: each finding with its count and the first rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from coco_recipe import RunFacts, manifest
from coco_recipe_report.drawing.pictures import Camera, Picture
from coco_recipe_report.sections.verdict import all_findings
from coco_recipe_report.seen.collected import Collected
from coco_recipe_report.seen.ledger import LedgerRow


@dataclass(frozen=True, slots=True)
class Shown:
    """A row in words, with its picture where there is one."""

    told: str
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with its first rows."""

    finding: manifest.FindingRecord
    rows: Sequence[Shown]


def gather(facts: RunFacts, seen: Collected, camera: Camera) -> list[Found]:
    """Return the findings, errors first."""
    return [Found(one, shown(_rows(one, seen), camera)) for one in all_findings(facts)]


def shown(rows: Sequence[LedgerRow], camera: Camera) -> list[Shown]:
    """Return rows with their pictures."""
    return [Shown(row.told, camera.take(row.shot) if row.shot else None) for row in rows]


def _rows(one: manifest.FindingRecord, seen: Collected) -> Sequence[LedgerRow]:
    known = seen.found.get((one.place, one.kind))
    if known is not None:
        return known
    return [LedgerRow(f"{row.row} {row.file_name}".rstrip()) for row in one.first]
