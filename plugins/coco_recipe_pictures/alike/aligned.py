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
NOISE = (
    0.4  # grey levels by which encoding anew moves a pixel: 0.3 at quality 60, 0.7 if scaled too
)
MOST_NOISE = 0.2  # of a picture's variance that is taken for noise
LEFT, SMALL = 0.5, 0.01  # of a distance, however much is noise; one that stays as it is
FAINT = 2.5  # grey levels: a block that differs by less shows the same

Thumbnail = tuple[bytes, float]  # a grey picture, and a standard deviation of it in grey levels
Pair = tuple[Thumbnail, Thumbnail, tuple[int, ...]]  # and the ways to try
Found = tuple[float, int]  # a distance, and the way in which it is had


def distances(pairs: list[Pair]) -> list[Found]:
    """Return how far apart pictures are, each in the way that brings it nearest.

    A distance is 1 minus the correlation of the aligned pictures, and 0 for the same picture. Where
    a part of one picture shows something else, half of it and a half: 0.5 or more.

    Pictures of little contrast, as of bare metal, differ from copies by the noise of encoding. A
    correlation is what it would be without it (as Spearman 1904, doi:10.2307/1412159, corrects
    those of noisy measures), and what nobody could see is nothing else.

    Args:
        pairs: thumbnails of two pictures (`hashes.Look`), and the ways to try, the likeliest first.
    """
    return [_nearest(_Small(*one), _Small(*other), ways) for one, other, ways in pairs]


class _Small:
    """A small grey picture, float32 (SIDE, SIDE), in standard deviations of it.

    Attributes:
        pixels: the picture.
        deviation: in grey levels.
        signal: the part of its variance that isn't noise.
    """

    def __init__(self, grey: bytes, deviation: float) -> None:
        import numpy as np

        levels = np.frombuffer(grey, np.int8).reshape(SIDE, SIDE)
        self.pixels = levels.astype(np.float32) / np.float32(LEVELS)
        self.deviation = deviation
        noise = (NOISE / deviation) ** 2 if deviation > FLAT else 0.0
        self.signal = 1 - min(MOST_NOISE, noise)


def _nearest(one: _Small, other: _Small, ways: tuple[int, ...]) -> Found:
    import cv2

    below = cv2.GaussianBlur(other.pixels, (0, 0), SMOOTH_PX)
    above = cv2.GaussianBlur(one.pixels, (0, 0), SMOOTH_PX)
    clear = (one.signal * other.signal) ** 0.5
    contrasts = one.deviation, other.deviation
    best = (2.0, ways[0] if ways else 0)
    for way in ways:
        best = min(best, (_distance(in_way(above, way), below, contrasts, clear), way))
        if best[0] < 1 - NEXT_WAY:
            break
    return best


def _distance(
    above: "Floats", below: "Floats", contrasts: tuple[float, float], clear: float
) -> float:
    """Return the distance of two pictures in one way, as they lie or as they can be laid.

    Args:
        above: one picture.
        below: the other.
        contrasts: a standard deviation of each, in grey levels.
        clear: the correlation that the same picture would have, for all noise.
    """
    import numpy as np

    still = np.eye(2, 3, dtype=np.float32)
    best = _compared(above, below, contrasts, still)
    if best[0] <= SAME and (move := _move(above, below, still)) is not None:
        best = max(best, _compared(above, below, contrasts, move))
    correlation, patch = best
    distance = max(0.0, 1 - correlation)
    distance = max(min(distance, SMALL), distance * LEFT, 1 - correlation / clear)
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


def _compared(
    above: "Floats", below: "Floats", contrasts: tuple[float, float], move: "Floats"
) -> tuple[float, float]:
    """Return the correlation of what both show, and by how much the worst block differs.

    The one is told by the other as far as a change of tones goes, so that a picture that was made
    brighter until it clipped is still the same. What is too faint to be seen in either picture is
    no difference.
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
    found, levels = [], []
    for tones, wanted, contrast in ((x, y, contrasts[1]), (y, x, contrasts[0])):
        rest = np.zeros(size, np.float32)
        rest[seen] = (wanted - _told_by(tones, wanted)) / wanted.std()
        worst = cv2.blur(rest * rest, (BLOCK_PX, BLOCK_PX)).max()
        unexplained = float((rest * rest).sum() / len(wanted))
        found.append((max(0.0, 1 - unexplained) ** 0.5, float(worst) ** 0.5))
        levels.append(float(worst) ** 0.5 * contrast)
    told, patch = min(found, key=lambda one: one[1])
    return told, 0.0 if max(levels) <= FAINT else patch


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
