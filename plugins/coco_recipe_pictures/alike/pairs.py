"""Pairs of pictures that show the same, one in each of two parts of a data set."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from coco_recipe import Dataset, Image
from coco_recipe_pictures.alike import aligned, hashes, search
from coco_recipe_pictures.alike.hashes import Look

Reason = Literal["equal", "family", "near", "nearest"]
NEAREST = 12  # pairs of other pictures that are told, too
AT_ONCE = 32  # pairs that a worker compares at once
Map = Callable[..., Iterator[Any]]


class Place(msgspec.Struct, frozen=True):
    """A picture of a pair: its part, its image's id, and its file name."""

    part: str
    image: int
    file_name: str


class Pair(msgspec.Struct, frozen=True):
    """Two pictures of two parts.

    Attributes:
        reason: ``equal`` (their files), ``family`` (they go back to one original), ``near`` (they
            show the same), or ``nearest`` (they don't, and no others are nearer).
        distance: from 0 for the same picture to 1 for unlike ones; None where it wasn't measured.
        bits: in how many of 64 bits the perceptual hashes differ, in the way that is told.
        how: in which way the first shows the second, as ``flipped left to right``.
        one: the first picture.
        other: the second.
        root: the original that both go back to; empty for none.
        allowed: the recipe says that this pair is no leak.
    """

    reason: Reason
    one: Place
    other: Place
    distance: float | None = None
    bits: int | None = None
    how: str = ""
    root: str = ""
    allowed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    Attributes:
        distance: up to which two pictures show the same.
        families: whether pictures that go back to one original are a pair.
        against: the pairs of parts that are compared; None for all.
    """

    distance: float
    families: bool = True
    against: frozenset[tuple[str, str]] | None = None

    def is_asked(self, one: str, other: str) -> bool:
        """Report whether two parts are compared."""
        return self.against is None or bool(self.against & {(one, other), (other, one)})


def found(
    parts: Mapping[str, Dataset],
    wanted: Wanted,
    map_: Map,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Iterator[Pair]:
    """Yield the pairs of each two parts: equal files, families, near ones, then the nearest others.

    A picture is told beside its nearest ones of the other part, of each reason, not beside all.

    Args:
        parts: data sets by name.
        wanted: what is looked for.
        map_: applies a function to items, maybe in other processes, as ``ctx.map``.
        progress: is told how many of all pictures have been looked at.

    Raises:
        ValueError: pictures can't be read; names the first.
    """
    looks = _looks(parts, map_, progress)
    seen: list[tuple[Reason, Pair]] = []
    for (name, one), (other_name, other) in itertools.combinations(parts.items(), 2):
        if not wanted.is_asked(name, other_name):
            continue
        both = _Both(name, one, other_name, other, looks)
        told = set[tuple[int, int]]()
        for pair in (*both.equal(), *(both.family() if wanted.families else ())):
            key = pair.one.image, pair.other.image
            if key not in told:
                told.add(key)
                seen.append((pair.reason, pair))
        near = [pair for pair in both.near(map_) if (pair.one.image, pair.other.image) not in told]
        within = [pair for pair in near if (pair.distance or 0) <= wanted.distance]
        seen += [("near", pair) for pair in within]
        others = [pair for pair in near if (pair.distance or 0) > wanted.distance]
        seen += [("nearest", pair) for pair in others[:NEAREST]]
    for reason in ("equal", "family", "near", "nearest"):
        yield from (
            msgspec.structs.replace(pair, reason=reason) for its, pair in seen if its == reason
        )


def _looks(
    parts: Mapping[str, Dataset], map_: Map, progress: Callable[[int, int], object]
) -> dict[str, Look]:
    """Look at every picture of the parts, once each."""
    paths = list(
        dict.fromkeys(str(part.path_of(image)) for part in parts.values() for image in part.images)
    )
    looks, bad = dict[str, Look](), list[str]()
    for done, (path, look) in enumerate(zip(paths, map_(hashes.look, paths), strict=True), 1):
        if isinstance(look, str):
            bad.append(f"{path}: {look}")
        else:
            looks[path] = look
        progress(done, len(paths))
    if bad:
        more = f"; and {len(bad) - 3} more" if len(bad) > 3 else ""
        raise ValueError(
            f"{'; '.join(bad[:3])}{more}; get them again, or drop their rows "
            "(repair: pictures_missing: drop, for those that are missing)"
        )
    return looks


class _Both:
    """Two parts, with the looks of their pictures."""

    def __init__(
        self, name: str, one: Dataset, other_name: str, other: Dataset, looks: Mapping[str, Look]
    ) -> None:
        self.names = name, other_name
        self.parts = one, other
        self.looks = [
            [looks[str(part.path_of(image))] for image in part.images] for part in self.parts
        ]

    def pair(self, reason: Reason, one: Image, other: Image, **figures: Any) -> Pair:
        """Return a pair of an image of the first part and one of the second."""
        first, second = (
            Place(name, image.id, image.file_name)
            for name, image in zip(self.names, (one, other), strict=True)
        )
        return Pair(reason, first, second, **figures)

    def equal(self) -> Iterator[Pair]:
        """Yield pictures with the same bytes, each of the second part beside one of the first."""
        for one, other in self._sharing(*([look.sha256 for look in side] for side in self.looks)):
            yield self.pair("equal", one, other, distance=0.0, bits=0, how=hashes.WAYS[0])

    def family(self) -> Iterator[Pair]:
        """Yield pictures that go back to one original."""
        names = [[part.family(image) for image in part.images] for part in self.parts]
        for one, other in self._sharing(*names):
            yield self.pair("family", one, other, root=self.parts[0].family(one))

    def _sharing(self, ones: Sequence[str], others: Sequence[str]) -> Iterator[tuple[Image, Image]]:
        first: dict[str, Image] = {}
        for key, image in zip(ones, self.parts[0].images, strict=True):
            first.setdefault(key, image)
        for key, image in zip(others, self.parts[1].images, strict=True):
            if key in first:
                yield first[key], image

    def near(self, map_: Map) -> list[Pair]:
        """Return pictures that may show the same, the nearest first."""
        import numpy as np

        low = [
            np.array([np.frombuffer(look.low, np.float32) for look in side], np.float32).reshape(
                -1, hashes.LOW, hashes.LOW
            )
            for side in self.looks
        ]
        is_turned = len(low[0]) < len(low[1])  # the smaller set is searched for in the larger
        ones, others = (0, 1) if is_turned else (1, 0)
        candidates = list(search.candidates(low[ones], low[others], always=NEAREST))
        chunks = [
            [
                (
                    self.looks[ones][one.one].thumbnail(),
                    self.looks[others][one.other].thumbnail(),
                    one.ways,
                )
                for one in candidates[begin : begin + AT_ONCE]
            ]
            for begin in range(0, len(candidates), AT_ONCE)
        ]
        measured = itertools.chain.from_iterable(map_(aligned.distances, chunks))
        pairs = []
        for candidate, (distance, way) in zip(candidates, measured, strict=True):
            one, other = candidate.one, candidate.other
            in_ways = hashes.hashes(hashes.in_all_ways(low[ones][one]))
            bits = int(in_ways[way] ^ hashes.hashes(low[others][other])).bit_count()
            images = (one, other) if is_turned else (other, one)
            pairs.append(
                self.pair(
                    "near",
                    self.parts[0].images[images[0]],
                    self.parts[1].images[images[1]],
                    distance=round(min(distance, 1.0), 4),
                    bits=bits,
                    how=hashes.WAYS[way if is_turned else _back(way)],
                )
            )
        return sorted(pairs, key=lambda pair: (pair.distance or 0.0, pair.bits or 0))


def _back(way: int) -> int:
    """Return the way back: only the turns by 90° aren't their own."""
    return {5: 6, 6: 5}.get(way, way)


def lines(pairs: Iterable[Pair]) -> bytes:
    """Return the text of a file with a pair on each line."""
    return b"".join(msgspec.json.encode(pair) + b"\n" for pair in pairs)
