"""Move the rings and points of an annotation, and cut them to each picture's frame.

Places are in pixels from the corner of the first pixel, as in `rings`. What a step moves out of its
picture is cut off there and then, so that a crop that is padded again brings nothing back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from coco_recipe_pictures.geometry.move import Matrix, Size, Warp
from coco_recipe_pictures.geometry.rings import (
    Mask,
    Points,
    Ring,
    covered,
    cut,
    fill,
    outline,
    signed_area,
    smooth,
)

_BORDERS = np.array(
    [[1.0, 0, 0], [-1.0, 0, 1], [0, 1.0, 0], [0, -1.0, 1]]
)  # the last number times width or height
NEAR_PX = 1e-6
SMOOTH_PX = 0.5
FAR_PX = 1.5  # a point that no pixel of a warped picture shows nearer than this has left it


@dataclass(slots=True)
class Shape:
    """An annotation's outline.

    Attributes:
        groups: rings; those of one group are drawn together (even-odd), groups are joined.
        points: keypoints, (K, 2); NaN where they have left the picture.
        visibility: share of the original that is left.
        is_polygon: a warp, which leaves the edges of pixels, is followed by taking their stairs
            out.
        is_traced: a warp was on the way, so that rings of one group may be holes in others.
        crosses: a ring crosses or touches itself, so that the shoelace doesn't tell its area.
        whole: area of the original in square pixels, before anything moved it; 0 where it isn't
            known.
        of: number of the annotation; None for what isn't one.
        tiles: for each transform whose border repeated the picture, the tile (column, row) in which
            this one showed.
        mirrored: these tiles mirror it.
    """

    groups: list[list[Ring]]
    points: Points
    visibility: float = 1.0
    is_polygon: bool = False
    is_traced: bool = False
    crosses: bool = False
    whole: float = 0.0
    of: int | None = None
    tiles: tuple[tuple[int, int], ...] = ()
    mirrored: bool = False


@dataclass(slots=True)
class Stretch:
    """Steps with a matrix, one after another.

    It has the matrix of them all, and the shapes as they were before the first.
    """

    total: Matrix
    before: list[list[list[Ring]]]
    was_cut: list[bool] = field(default_factory=list)


def move(points: Points, matrix: Matrix) -> Points:
    """Send places through a matrix.

    Args:
        points: (N, 2) float, x and y in pixels.
        matrix: (3, 3) float; a perspective divides by its third row.

    Returns:
        (N, 2) float, in pixels of the new picture.
    """
    sent = points @ matrix[:2, :2].T + matrix[:2, 2]
    if matrix[2, 0] or matrix[2, 1] or matrix[2, 2] != 1:
        sent = sent / (points @ matrix[2, :2] + matrix[2, 2])[:, None]
    return sent


def begin(shapes: Sequence[Shape]) -> Stretch:
    """Begin a stretch of steps with a matrix."""
    return Stretch(np.eye(3), [shape.groups for shape in shapes], [False] * len(shapes))


def step(shapes: Sequence[Shape], stretch: Stretch, matrix: Matrix, size: Size) -> None:
    """Send shapes through one matrix, in place, and cut them to the picture that it made.

    Args:
        shapes: those with which the stretch began, in the same order.
        stretch: gets the matrix and what was cut.
        matrix: (3, 3) float, from places before to places after.
        size: (height, width) of the picture that it made.
    """
    stretch.total = matrix @ stretch.total
    rings = [ring for shape in shapes for group in shape.groups for ring in group]
    inside = True
    if rings:
        sent = move(np.concatenate(rings), matrix)
        inside = _all_inside(sent, size)
        moved = iter(np.split(sent, np.cumsum([len(ring) for ring in rings])[:-1]))
        for shape in shapes:
            shape.groups = [[next(moved) for _ in group] for group in shape.groups]
    for i, shape in enumerate(shapes):
        if not inside and not all(
            _all_inside(ring, size) for group in shape.groups for ring in group
        ):
            shape.groups = framed(shape.groups, size)
            stretch.was_cut[i] = True
        if len(shape.points):
            shape.points = _visible(move(shape.points, matrix), size)


def finish(shapes: Sequence[Shape], stretch: Stretch) -> None:
    """End a stretch: measure what is left of each shape where it came from.

    Where it is now would be wrong, since a perspective is uneven.

    Args:
        shapes: those with which the stretch began, in the same order; their visibility falls to the
            share of the area that is left.
        stretch: the stretch.
    """
    for shape, before, was_cut in zip(shapes, stretch.before, stretch.was_cut, strict=True):
        if was_cut:
            back: Matrix = np.linalg.inv(stretch.total).astype(np.float64)
            left = [[move(ring, back) for ring in group] for group in shape.groups]
            whole = area(before, crosses=shape.crosses)
            share = area(left, crosses=shape.crosses) / whole if whole > 0 else float(bool(left))
            shape.visibility *= min(share, 1.0)


def warp(shapes: Sequence[Shape], through: Warp) -> None:
    """Send shapes through a map of pixels, in place.

    Each is drawn as a mask, the mask is sent, and its outline taken.

    Args:
        shapes: in pixels of the old picture, afterwards of the new one.
        through: the map, which has the size of the new picture.
    """
    height, width = through.before
    known = ~np.isnan(through.x)
    columns = np.clip(np.nan_to_num(through.x), 0, width - 1).astype(int)
    rows = np.clip(np.nan_to_num(through.y), 0, height - 1).astype(int)
    shown = _shown(rows[known], columns[known], through.before)
    for shape in shapes:
        if shape.groups:
            mask = fill(shape.groups, height, width)
            whole = int(mask.sum())
            shape.visibility *= float((mask & shown).sum() / whole) if whole else 0.0
            rings = outline(mask[rows, columns] & known) if whole else []
            if shape.is_polygon:
                rings = [smooth(ring, SMOOTH_PX) for ring in rings]
            shape.groups, shape.is_traced, shape.crosses = [rings] if rings else [], True, False
        if len(shape.points):
            shape.points = np.array([_found(point, through) for point in shape.points])


def area(groups: Sequence[Sequence[Ring]], *, crosses: bool = False) -> float:
    """Return the area of rings in square pixels: of each group, outer rings less holes.

    Groups that overlap count twice.

    Args:
        groups: the rings.
        crosses: rings may cross themselves; takes longer.
    """
    if crosses:
        return sum(covered(group) for group in groups if group)
    total = 0.0
    for group in groups:
        own = [signed_area(ring) for ring in group]
        total += abs(own[0]) if len(own) == 1 else abs(sum(own))
    return total


def hull(groups: Sequence[Sequence[Ring]]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of rings, in pixels.

    Args:
        groups: rings (N, 2); at least one.
    """
    points = np.concatenate([ring for group in groups for ring in group])
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return left, top, right, bottom


def frame(groups: Sequence[Sequence[Ring]]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what was a box, in pixels.

    They are its own sides, or those of the pixels that it covers if it lies askew. A tip that
    doesn't reach the middle of a pixel shows in none, so the hull of an askew box is up to a pixel
    too wide.

    Args:
        groups: rings (N, 2) of the box as it is now; at least one.
    """
    if len(groups) == 1 and len(groups[0]) == 1 and len(groups[0][0]) == 4:
        xs, ys = groups[0][0].T.tolist()
        if (
            len(set(xs)) == 2 and len(set(ys)) == 2
        ):  # most boxes of most pipelines: not worth numpy's calls
            return min(xs), min(ys), max(xs), max(ys)
    left, top, right, bottom = hull(groups)
    if area(groups) >= (right - left) * (bottom - top) * (1 - 1e-9):
        return left, top, right, bottom
    x, y = int(np.floor(left)), int(np.floor(top))
    mask = fill(
        [[ring - (x, y) for ring in group] for group in groups],
        int(np.ceil(bottom)) - y,
        int(np.ceil(right)) - x,
    )
    if not mask.any():
        return left, top, right, bottom
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1


def _all_inside(points: Points, size: Size) -> bool:
    low, high = points.min(axis=0), points.max(axis=0)
    return bool(
        low[0] >= -NEAR_PX
        and low[1] >= -NEAR_PX
        and high[0] <= size[1] + NEAR_PX
        and high[1] <= size[0] + NEAR_PX
    )


def framed(groups: Sequence[Sequence[Ring]], size: Size) -> list[list[Ring]]:
    """Cut groups of rings to a picture's frame.

    Args:
        groups: rings (N, 2) in pixels.
        size: (height, width) of the picture.

    Returns:
        The groups of which something is inside, in their order.
    """
    return [
        left
        for group in groups
        if (left := [piece for ring in group for piece in _framed(ring, size)])
    ]


def _framed(ring: Ring, size: Size) -> list[Ring]:
    """Cut a ring to a picture's frame; new vertices stand where it crosses the border."""
    if _all_inside(ring, size):
        return [ring]
    left, far = [ring], (0.0, float(size[1]), 0.0, float(size[0]))
    for border, limit in zip(_BORDERS, far, strict=True):
        line = np.array([border[0], border[1], border[2] * limit])
        left = [piece for part in left for piece in cut(part, line)]
    return left


def _visible(points: Points, size: Size) -> Points:
    """Return points with NaN for those outside a picture."""
    with np.errstate(invalid="ignore"):
        inside = np.logical_and(
            points >= -NEAR_PX, points <= np.array([size[1], size[0]]) + NEAR_PX
        ).all(axis=1)
    return np.where(np.asarray(inside)[:, None], points, np.nan)


def _shown(rows: NDArray[np.int_], columns: NDArray[np.int_], size: Size) -> Mask:
    """Return which pixels of the old picture the new one shows.

    A pixel beside a shown one is between two samples.
    """
    import cv2

    seen = np.zeros(size, np.uint8)
    seen[rows, columns] = 1
    near: Mask = cv2.dilate(seen, np.ones((3, 3), np.uint8)).astype(bool)
    return near


def _found(point: Points, through: Warp) -> Points:
    """Return where a point of the old picture is in the new one; NaN where no pixel shows it."""
    distance = (through.x - point[0]) ** 2 + (through.y - point[1]) ** 2
    if np.isnan(point).any() or np.isnan(distance).all():
        return np.array([np.nan, np.nan])
    row, column = np.unravel_index(int(np.nanargmin(distance)), distance.shape)
    if distance[row, column] > FAR_PX**2:
        return np.array([np.nan, np.nan])
    return np.array([column + 0.5, row + 0.5])
