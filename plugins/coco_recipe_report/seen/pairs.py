"""The nearest pairs of pictures on two sides of a split, as a step wrote them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import msgspec

from coco_recipe import Dataset
from coco_recipe_report.seen.ledger import Index
from coco_recipe_report.seen.shots import Shot

PAIRS = "pairs.jsonl"
MOST_PAIRS = 6
TOLD = {"equal": "the same file", "family": "of one original", "near": "shows the same"}


class _Side(msgspec.Struct):
    part: str
    image: int
    file_name: str


class _Pair(msgspec.Struct):
    reason: str
    one: _Side
    other: _Side
    distance: float | None = None
    how: str = ""
    allowed: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures on two sides: in words, and where they are; None where that isn't known."""

    told: str
    is_leak: bool
    shots: tuple[Shot | None, Shot | None]


def pairs_of(folder: Path, entered: Sequence[Dataset]) -> tuple[Pair, ...]:
    """Return the first of the pairs that a step wrote, which are the nearest.

    Args:
        folder: the step's folder.
        entered: the data sets that came to it.
    """
    path = folder / PAIRS
    if not path.is_file():
        return ()
    with path.open("rb") as file:
        lines = [msgspec.json.decode(one, type=_Pair) for one in islice(file, MOST_PAIRS)]
    sides = [side for line in lines for side in (line.one, line.other)]
    index = Index(entered, set(), {side.image for side in sides})
    return tuple(
        Pair(
            _told(line),
            line.reason in TOLD and not line.allowed,
            (_shot(line.one, index), _shot(line.other, index)),
        )
        for line in lines
    )


def _shot(side: _Side, index: Index) -> Shot | None:
    found = index.image(side.image, side.file_name)
    return replace(found, told=side.part) if found else None


def _told(line: _Pair) -> str:
    distance = "" if line.distance is None else f"distance {line.distance:.3g}"
    allowed = "allowed by the recipe" if line.allowed else ""
    reason = TOLD.get(line.reason, "no leak")
    return ", ".join(filter(None, (reason, line.how, distance, allowed)))
