"""The parts of a split: what each has, what it looks like, and the nearest pairs across sides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from coco_recipe import RunFacts
from coco_recipe_report.drawing.pictures import ENOUGH, Camera, Picture
from coco_recipe_report.sections.stages import results, stages
from coco_recipe_report.seen.collected import Collected
from coco_recipe_report.seen.pairs import Pair
from coco_recipe_report.seen.shots import Shot


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two pictures on two sides that are near each other."""

    told: str
    is_leak: bool
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
    pairs: Sequence[tuple[str, Sequence[NearPair]]]


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
        list(_galleries(shots, camera)),
        camera.legend([shot for many in shots.values() for shot in many])[:24],
        [(step, [_near(one, camera) for one in pairs]) for step, pairs in seen.pairs.items()],
    )


def _galleries(
    shots: Mapping[str, Sequence[Shot]], camera: Camera
) -> Iterator[tuple[str, list[Picture]]]:
    """Yield the pictures of each data set that has any; each gets its first before any a second."""
    taken: dict[str, list[Picture]] = {name: [] for name in shots}
    for row in zip_longest(*([(name, shot) for shot in many] for name, many in shots.items())):
        for name, shot in filter(None, row):
            picture = camera.take(shot)
            if picture.why_not != ENOUGH:
                taken[name].append(picture)
    yield from ((name, many) for name, many in taken.items() if many)


def _near(pair: Pair, camera: Camera) -> NearPair:
    pictures = [camera.take(shot) for shot in pair.shots if shot]
    return NearPair(pair.told, pair.is_leak, pictures)
