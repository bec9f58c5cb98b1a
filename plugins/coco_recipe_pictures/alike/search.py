"""Find for each picture of one set those of another that may show the same, in any of eight ways.

Each picture is described by what no flip and no turn by 90° changes; blocks of these descriptions
are multiplied as matrices, and the few nearest are then compared in all eight ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coco_recipe_pictures.alike.hashes import LOW, in_all_ways

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float32]]

BLOCK, FIRST = 256, 24  # pictures searched for at once, and how many of the nearest are looked at
KEPT = 3  # of these, the nearest ones
ALIKE = 0.7  # a copy that has lost 5 % at each edge is seldom below
SECOND_WAY = 0.2  # a way that is worse by more than this isn't tried


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two pictures that may show the same.

    Attributes:
        one: the number of that in the first set.
        other: of that in the second.
        score: how well their coefficients agree, up to 1.
        ways: in which ways the first may show the second, the likeliest first.
    """

    one: int
    other: int
    score: float
    ways: tuple[int, ...]


def candidates(ones: "Floats", others: "Floats", always: int = 0) -> Iterator[Candidate]:
    """Yield for each picture of a set the nearest of another, where they may show the same.

    Args:
        ones: coefficients (N, LOW, LOW) of the pictures that are searched for.
        others: coefficients (M, LOW, LOW) of those that are searched.
        always: how many of the best of the others are given, too.
    """
    if not len(ones) or not len(others):
        return
    weak: list[Candidate] = []
    weights = _weights()
    unchanged = _unchanging(others * weights)
    vectors = _unit((others * weights).reshape(len(others), -1))
    for begin in range(0, len(ones), BLOCK):
        block = ones[begin : begin + BLOCK] * weights
        for n, found in enumerate(_of_block(block, unchanged, vectors)):
            for other, scores in found:
                best = float(scores.max())
                order = (-scores).argsort(kind="stable")[:2]
                ways = tuple(int(way) for way in order if scores[way] > best - SECOND_WAY)
                candidate = Candidate(begin + n, other, best, ways)
                if best >= ALIKE:
                    yield candidate
                elif always:
                    weak.append(candidate)
        weak = sorted(weak, key=lambda one: -one.score)[:always]
    yield from weak


def _of_block(
    block: "Floats", unchanged: "Floats", vectors: "Floats"
) -> Iterator[list[tuple[int, "Floats"]]]:
    """Yield for each picture of a block its nearest, each with its scores in the eight ways."""
    import numpy as np

    likely = _unchanging(block) @ unchanged.T
    first = min(FIRST, likely.shape[1])
    nearest = np.argpartition(-likely, first - 1, axis=1)[:, :first]
    ways = _unit(in_all_ways(block).reshape(len(block), 8, -1))
    for own, places in zip(ways, nearest, strict=True):
        places = np.sort(places)
        scores = vectors[places] @ own.T
        best = np.argsort(-scores.max(1), kind="stable")[:KEPT]
        yield [(int(places[n]), scores[n]) for n in best]


def _weights() -> "Floats":
    """Return the weights of the coefficients: the mean doesn't count, fine detail more."""
    import numpy as np

    steps = np.arange(LOW, dtype=np.float32)
    weights = np.sqrt(np.maximum(np.hypot(steps[:, None], steps), 0.7))
    weights[0, 0] = 0
    found: Floats = weights.astype(np.float32)
    return found


def _unchanging(low: "Floats") -> "Floats":
    """Return unit vectors (N, LOW * LOW) of what no flip and no turn by 90° changes."""
    import numpy as np

    size = np.abs(low)
    swapped = np.swapaxes(size, -1, -2)
    right, down = np.triu_indices(LOW, 1)
    parts = [
        np.diagonal(size, axis1=-2, axis2=-1),
        (size + swapped)[:, right, down] / 2**0.5,
        np.abs(size - swapped)[:, right, down] / 2**0.5,
    ]
    return _unit(np.concatenate(parts, 1))


def _unit(vectors: "Floats") -> "Floats":
    """Return vectors of length 1; those of pictures that show nothing stay 0."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit
