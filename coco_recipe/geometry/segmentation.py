"""What a segmentation covers, without drawing it: polygons by the shoelace formula, masks by runs.

Coordinates are pixels from the corner of the first pixel; areas are square pixels.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from coco_recipe.geometry.rounding import tidy

NO_AREA_PX = 1e-6  # square pixels: what collinear points leave as dust
DIGITS = 2

_LETTERS = bytes(range(48, 112))  # of a compressed mask: 5 bits each, and one that says "goes on"
_LAST_LETTERS = _LETTERS[:32]
_NUMBER = re.compile(rb"[P-o]*[0-O]")
_FEW = 3

Box = tuple[float, float, float, float]


def polygon_area(polygon: Sequence[float]) -> float:
    """Return the area inside a closed polygon x, y, x, y, ... that doesn't cross itself.

    Args:
        polygon: x, y, x, y, ... in pixels; the last vertex is joined to the first.

    Returns:
        The area in square pixels; 0 for fewer than three vertices. Of a polygon that crosses
        itself, parts that are gone round the other way count against the rest.

    Source:
        The shoelace formula: Meister 1769.
    """
    if len(polygon) < 6:
        return 0.0
    x0, y0 = polygon[0], polygon[1]  # counted from the first point, large numbers lose no digits
    xs = [x - x0 for x in polygon[0::2]]
    ys = [y - y0 for y in polygon[1::2]]
    crossed = sum(
        x * below - right * y for x, y, right, below in zip(xs, ys, xs[1:], ys[1:], strict=False)
    )
    return abs(crossed) / 2


def is_flat(polygon: Sequence[float]) -> bool:
    """Say whether a polygon has no area: fewer than three points, or all on one line.

    The shoelace formula can't tell: it gives 0 for a bow tie, too.

    Args:
        polygon: x and y in turn, in pixels.

    Returns:
        True where all its points are within rounding of one line.
    """
    if len(polygon) < 6:
        return True
    x0, y0 = polygon[0], polygon[1]
    away = [(x - x0, y - y0) for x, y in zip(polygon[2::2], polygon[3::2], strict=False)]
    far = max(away, key=lambda point: abs(point[0]) + abs(point[1]))
    return all(abs(x * far[1] - y * far[0]) <= NO_AREA_PX for x, y in away)


def segmentation_area(segmentation: Any) -> float:
    """Return the area of polygons (those that overlap count twice) or of a mask; 0 for None.

    Args:
        segmentation: COCO's polygons or mask, decoded; or None.

    Returns:
        The area in square pixels.

    Raises:
        ValueError: the runs of a mask can't be read.
    """
    if isinstance(segmentation, dict):
        return sum(runs_of(segmentation["counts"])[1::2])
    return sum(map(polygon_area, segmentation or ()))


def has_area(segmentation: Any) -> bool:
    """Tell whether a segmentation covers anything; one that doesn't counts as absent.

    Args:
        segmentation: polygons (lists of x, y in pixels), a run-length mask, or nothing.

    Returns:
        False for no polygon, for polygons that are all flat, and for a mask without a pixel.

    Raises:
        ValueError: the runs of a mask can't be read.
    """
    if isinstance(segmentation, dict):
        return any(runs_of(segmentation["counts"])[1::2])
    return not all(map(is_flat, segmentation or ()))


def segmentation_box(segmentation: Any) -> Box | None:
    """Return x, y, w, h of the smallest box around what has an area; None where nothing has.

    Args:
        segmentation: COCO's polygons or mask, decoded; or None.

    Returns:
        The sides in pixels: to two digits of polygons, whole of a mask.

    Raises:
        ValueError: the runs of a mask can't be read.
    """
    if isinstance(segmentation, dict):
        return _mask_box(checked_runs(segmentation), int(segmentation["size"][0]))
    real = [polygon for polygon in segmentation or () if polygon_area(polygon) >= NO_AREA_PX]
    if not real:
        return None
    xs, ys = [x for ring in real for x in ring[0::2]], [y for ring in real for y in ring[1::2]]
    left, top = tidy(min(xs), DIGITS), tidy(min(ys), DIGITS)
    return left, top, tidy(max(xs) - left, DIGITS), tidy(max(ys) - top, DIGITS)


def _mask_box(runs: Sequence[int], height: int) -> Box | None:
    """Return the box of a mask whose runs go down columns of ``height`` pixels."""
    ends = list(accumulate(runs))
    filled = [
        (start, end - 1) for start, end in zip(ends[0::2], ends[1::2], strict=False) if end > start
    ]
    if not filled:
        return None
    left, right = filled[0][0] // height, filled[-1][1] // height
    if any(start // height != last // height for start, last in filled):
        top, bottom = (
            0,
            height - 1,
        )  # such a run reaches the foot of one column and the head of the next
    else:
        top, bottom = (
            min(start % height for start, _ in filled),
            max(last % height for _, last in filled),
        )
    return left, top, right - left + 1, bottom - top + 1


def checked_runs(mask: dict[str, Any]) -> list[int]:
    """Return the runs of a mask, from the pixels that aren't set on, in turn.

    Args:
        mask: a mask as COCO has it: ``size`` (height, width) in pixels and ``counts``.

    Returns:
        The lengths of the runs in pixels, down one column after another.

    Raises:
        ValueError: the runs are no numbers from 0 up, or their sum isn't height * width.
    """
    height, width = (int(side) for side in mask["size"])
    runs = runs_of(mask["counts"])
    if (below := min(runs, default=0)) < 0:
        raise ValueError(f"a run of a mask of {height}x{width} is below 0: {below}")
    if sum(runs) != height * width:
        raise ValueError(
            f"the runs of a mask of {height}x{width} sum to {sum(runs)}, not to {height * width}"
        )
    return runs


def runs_of(counts: str | Iterable[float]) -> list[int]:
    """Return the runs of either form: a list, or pycocotools' string.

    Args:
        counts: of a mask as COCO has it.

    Returns:
        The lengths of the runs in pixels.

    Raises:
        ValueError: a run isn't a whole number, or the string isn't one that pycocotools writes.
    """
    if isinstance(counts, str):
        return _unpacked(counts)
    runs = list(counts)
    if any(
        isinstance(run, bool) or not isinstance(run, int | float) or run != run // 1 for run in runs
    ):
        raise ValueError("a run of a mask isn't a whole number")
    return [int(run) for run in runs]


def _unpacked(text: str) -> list[int]:
    """Read pycocotools' ``rleToString``: from the third on, differences to the run two before."""
    letters = text.encode("utf-8", "surrogatepass")
    if letters.translate(None, _LETTERS):
        wrong = next(letter for letter in text if not "0" <= letter <= "o")
        raise ValueError(f"the letter {wrong!r} can't stand in a compressed mask")
    if letters and letters[-1] not in _LAST_LETTERS:
        raise ValueError("a compressed mask ends in the middle of a run")
    runs = list(map(_number, _NUMBER.findall(letters)))
    runs[1::2] = accumulate(runs[1::2])
    runs[2::2] = accumulate(runs[2::2])
    return runs


class _Numbers(dict[bytes, int]):
    """Numbers by their letters: 5 bits each, the lowest first; the highest bit is the sign."""

    def __missing__(self, letters: bytes) -> int:
        value = 0
        for place, letter in enumerate(letters):
            value |= (letter - 48 & 0x1F) << 5 * place
        if letters[-1] - 48 & 0x10:
            value -= 1 << 5 * len(letters)
        if len(letters) <= _FEW:  # nearly all are, and there are no more than 34,000 of these
            self[letters] = value
        return value


_number = _Numbers().__getitem__
