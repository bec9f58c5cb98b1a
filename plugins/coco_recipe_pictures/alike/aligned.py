"""Lay one small grey picture upon another, as a crop or a change of scale would have moved it.

Source: the alignment is ECC (Evangelidis and Psarakis 2008, doi:10.1109/TPAMI.2008.113), OpenCV's.
"""

from typing import TYPE_CHECKING, Any

from coco_recipe_pictures.alike.hashes import FLAT, LEVELS, SIDE, in_way

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float32]]

SMOOTH_PX, FILTER_PX = 0.8, 5  # blur before, and ECC's own
STEPS, ENOUGH = 30, 1e-4  # of the alignment
SAME = 0.9995  # a correlation at which nothing is to be aligned
NEXT_WAY = 0.9  # a correlation at which no other way is tried
SCALES, SHEAR, SHIFT = (0.8, 1.25), 0.06, 0.12  # as far as a slight crop goes
BLOCK_PX = 8
TONES = 24  # levels of a change of tones
POOR = 0.6  # a correlation at which no change of tones helps
NOTHING = (-1.0, float("inf"))
PATCH = 0.72  # a block that differs by more, in standard deviations, shows something else
LEAST = 0.7  # of the picture that must be seen in both

Pair = tuple[bytes, bytes, tuple[int, ...]]  # two grey pictures, and the ways to try
Found = tuple[float, int]  # a distance, and the way in which it is had


def distances(pairs: list[Pair]) -> list[Found]:
    """Return how far apart pictures are, each in the way that brings it nearest.

    A distance is 1 minus the correlation of the aligned pictures, and 0 for the same picture. Where
    a part of one picture shows something else, half of it and a half: 0.5 or more.

    Args:
        pairs: ``grey`` of two pictures (`hashes.Look`), and the ways to try, the likeliest first.
    """
    import numpy as np

    def prepared(grey: bytes) -> "Floats":
        levels = np.frombuffer(grey, np.int8).reshape(SIDE, SIDE)
        return levels.astype(np.float32) / np.float32(LEVELS)

    return [_nearest(prepared(one), prepared(other), ways) for one, other, ways in pairs]


def _nearest(one: "Floats", other: "Floats", ways: tuple[int, ...]) -> Found:
    import cv2

    below = cv2.GaussianBlur(other, (0, 0), SMOOTH_PX)
    above = cv2.GaussianBlur(one, (0, 0), SMOOTH_PX)
    best = (2.0, ways[0] if ways else 0)
    for way in ways:
        best = min(best, (_distance(in_way(above, way), below), way))
        if best[0] < 1 - NEXT_WAY:
            break
    return best


def _distance(above: "Floats", below: "Floats") -> float:
    """Return the distance of two pictures in one way, as they lie or as they can be laid."""
    import numpy as np

    still = np.eye(2, 3, dtype=np.float32)
    best = _compared(above, below, still)
    if best[0] <= SAME and (move := _move(above, below, still)) is not None:
        best = max(best, _compared(above, below, move))
    correlation, patch = best
    distance = max(0.0, 1 - correlation)
    return distance if patch <= PATCH else 0.5 + distance / 2


def _move(above: "Floats", below: "Floats", start: "Floats") -> "Floats | None":
    """Return how one picture is to be moved to lie upon another; None where it can't slightly be.

    Args:
        above: the picture that is moved.
        below: the other.
        start: where the search begins.
    """
    import cv2

    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, STEPS, ENOUGH)
    try:
        _, move = cv2.findTransformECC(
            below, above, start.copy(), cv2.MOTION_AFFINE, criteria, None, FILTER_PX
        )
    except cv2.error:  # they have nothing in common
        return None
    return move if _is_slight(move) else None


def _is_slight(move: "Floats") -> bool:
    import numpy as np

    low, high = SCALES
    middle = np.full(2, SIDE / 2, np.float32)
    shift = np.abs(move[:, :2] @ middle + move[:, 2] - middle).max()
    scales, shears = (move[0, 0], move[1, 1]), (move[0, 1], move[1, 0])
    return bool(
        all(low < scale < high for scale in scales)
        and all(abs(shear) < SHEAR for shear in shears)
        and shift < SHIFT * SIDE
    )


def _compared(above: "Floats", below: "Floats", move: "Floats") -> tuple[float, float]:
    """Return the correlation of what both show, and by how much the worst block differs.

    The one is told by the other as far as a change of tones goes, so that a picture that was made
    brighter until it clipped is still the same.
    """
    import cv2
    import numpy as np

    size = (SIDE, SIDE)
    inverse = cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(above, move, size, flags=cv2.INTER_LINEAR | inverse)
    ones = np.ones(size, np.uint8)
    seen = cv2.warpAffine(ones, move, size, flags=cv2.INTER_NEAREST | inverse) > 0
    x, y = moved[seen], below[seen]
    if seen.mean() < LEAST or x.std() <= FLAT or y.std() <= FLAT:
        return NOTHING
    correlation = float(np.corrcoef(x, y)[0, 1])
    if correlation < POOR:
        return correlation, float("inf")
    found = []
    for tones, wanted in ((x, y), (y, x)):
        rest = np.zeros(size, np.float32)
        rest[seen] = (wanted - _told_by(tones, wanted)) / wanted.std()
        worst = cv2.blur(rest * rest, (BLOCK_PX, BLOCK_PX)).max()
        unexplained = float((rest * rest).sum() / len(wanted))
        found.append((max(0.0, 1 - unexplained) ** 0.5, float(worst) ** 0.5))
    return min(found, key=lambda one: one[1])


def _told_by(tones: "Floats", wanted: "Floats") -> "Floats":
    """Return for each pixel the mean of those with its tone, between the middles of levels."""
    import numpy as np

    low, high = tones.min(), tones.max()
    level = np.minimum(((tones - low) / (high - low) * TONES).astype(np.intp), TONES - 1)
    counts = np.bincount(level, minlength=TONES)
    there = counts > 0
    middles = np.bincount(level, tones, TONES)[there] / counts[there]
    means = np.bincount(level, wanted, TONES)[there] / counts[there]
    told: Floats = np.interp(tones, middles, means).astype(np.float32)
    return told
