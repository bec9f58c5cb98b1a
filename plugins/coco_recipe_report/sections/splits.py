"""The parts of a split: what each has, what it looks like, and the nearest pairs across sides."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coco_recipe import RunFacts
from coco_recipe_report.drawing.pictures import Camera, Picture
from coco_recipe_report.sections.stages import results, stages
from coco_recipe_report.seen.collected import Collected
from coco_recipe_report.seen.shots import Shot

PAIRS = "pairs.jsonl"
MOST_PAIRS = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures on two sides that are near each other."""

    told: str
    pictures: Sequence[Picture]


@dataclass(frozen=True, slots=True)
class Splits:
    """Parts and their pictures.

    Attributes:
        tables: by step that divided, its table.
        galleries: by data set, telling pictures.
        keys: classes with their colours.
        pairs: by step that looked for them, the nearest pairs across sides.
    """

    tables: Sequence[tuple[str, Mapping[str, Any]]]
    galleries: Sequence[tuple[str, Sequence[Picture]]]
    keys: Sequence[tuple[str, str]]
    pairs: Sequence[tuple[str, Sequence[Pair]]]


def gather(facts: RunFacts, seen: Collected, camera: Camera) -> Splits:
    """Return what the parts of a run are."""
    divided = [
        (record.step, record.notes["table"])
        for record in facts.steps
        if len(record.counts.out) > 1 and "table" in record.notes
    ]
    named = stages(facts) | results(facts)
    shots = {name: seen.pictures[ref] for name, ref in named.items() if ref in seen.pictures}
    return Splits(
        divided,
        [(name, [camera.take(shot) for shot in many]) for name, many in shots.items() if many],
        camera.legend([shot for many in shots.values() for shot in many])[:24],
        [
            (record.step, found)
            for record in facts.steps
            if (found := _pairs(facts.folder / "steps" / record.step / PAIRS, camera))
        ],
    )


def _pairs(path: Path, camera: Camera) -> list[Pair]:
    """Return the first of the pairs that a step wrote, each with both pictures."""
    if not path.is_file():
        return []
    with path.open("rb") as file:
        lines = [json.loads(line) for line, _ in zip(file, range(MOST_PAIRS), strict=False)]
    return [_pair(line, camera) for line in lines]


def _pair(line: Mapping[str, Any], camera: Camera) -> Pair:
    texts = [
        f"{key} {value}" for key, value in line.items() if isinstance(value, str | int | float)
    ]
    paths = [value for value in line.values() if isinstance(value, str) and Path(value).is_file()]
    pictures = [camera.take(Shot(Path(one), 0, 0, Path(one).name)) for one in paths[:2]]
    return Pair(" · ".join(texts), pictures)
