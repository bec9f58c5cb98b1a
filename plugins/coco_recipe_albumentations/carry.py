"""Carry rings and points through the transforms that fired: exactly where they have a matrix, else pixel by pixel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coco_recipe_albumentations.moves import Fired, Matrix, Size, Warp, matrix_of, warp_of
from coco_recipe_albumentations.rings import NEAR, Mask, Points, Ring, area, bridged, cut, fill, outline, rectangle, smooth

Groups = tuple[tuple[Ring, ...], ...]
Kind = Literal["box", "polygons", "rle"]
JUMP_PX = 8  # neighbours further apart than this in a map are on two sides of a tear
FINE = ((250_000, 4), (1_000_000, 2))  # up to so many pixels in the window, a map is looked at so many times finer


@dataclass(frozen=True, slots=True)
class Leg:
    """Transforms in a row that have a matrix, as one.

    Attributes:
        matrix: from places in the picture before the first to places after the last.
        lines: (N, 3) a, b, c; what is seen of the picture before has a * x + b * y + c >= 0 for all; the first four are
            its own borders.
        after: height and width after the last.
        still: nothing is moved, lost or added.
    """

    matrix: Matrix
    lines: Points
    after: Size
    still: bool


@dataclass(frozen=True, slots=True)
class Holes:
    """Rectangles that a dropout painted over: what lies under them isn't seen, but it is still there."""

    rectangles: Groups


@dataclass(frozen=True, slots=True)
class Figure:
    """One instance under way: its rings in the picture so far, and the share of the first picture's that they are."""

    kind: Kind
    groups: Groups
    share: float = 1.0
    same: bool = True  # every number is what it was
    packed: bool = False  # its run lengths were a string


Path = tuple[Leg | Warp | Holes, ...]


def path_of(fired: Sequence[Fired], size: Size) -> Path:
    """Sum up the transforms that fired on a picture of ``size`` (height, width)."""
    path: list[Leg | Warp | Holes] = []
    leg = _start(size)
    for one in fired:
        matrix = matrix_of(one)
        if matrix is None:
            path += [leg, warp_of(one)]
            leg = _start(one.after)
        else:
            leg = _extended(leg, matrix, one.after)
        holes = np.asarray(one.params.get("holes", ()), dtype=np.float64).reshape(-1, 4)
        if len(holes):
            path += [leg, Holes(tuple((rectangle(x, y, right - x, bottom - y),) for x, y, right, bottom in holes))]
            leg = _start(one.after)
    return (*path, leg)


def is_still(path: Path) -> bool:
    """Say whether every pixel is where it was."""
    return all(isinstance(step, Holes) or (isinstance(step, Leg) and step.still) for step in path)


def is_mirrored(path: Path) -> bool:
    """Say whether the picture as a whole is seen in a mirror."""
    return bool(np.prod([np.sign(np.linalg.det(step.matrix)) for step in path if isinstance(step, Leg)]) < 0)


def carried(figures: Sequence[Figure], path: Path) -> tuple[Figure, ...]:
    """Carry figures along the path; what isn't seen any more is cut off, with new points at the border.

    The share is of areas in the picture where the cut is made, so that growing and shrinking don't count.
    """
    moving, hidden = list(figures), [Figure("rle", ())]
    for step in path:
        if isinstance(step, Holes):
            hidden.append(Figure("rle", step.rectangles))
        elif isinstance(step, Leg):
            moving, hidden = ([_along(figure, step) for figure in part] for part in (moving, hidden))
        else:
            shown = _shown(step)
            moving, hidden = ([_warped(figure, step, shown) for figure in part] for part in (moving, hidden))
    covers = tuple(group for figure in hidden for group in figure.groups)
    if not covers:
        return tuple(moving)
    return tuple(replace(figure, share=figure.share * _uncovered(figure.groups, covers)) for figure in moving)


def carried_points(points: Points, seen: Mask, path: Path) -> tuple[Points, Mask]:
    """Carry (N, 2) places along the path; ``seen`` (N,) tells which are in the picture, before and after."""
    for step in path:
        if isinstance(step, Leg):
            seen = seen & (points @ step.lines[:, :2].T + step.lines[:, 2] >= -NEAR).all(axis=1)
            points = _mapped(np.where(seen[:, None], points, 0.0), step.matrix)
        elif isinstance(step, Warp):
            points, seen = _looked_up(points, seen, step)
    return points, seen


def _start(size: Size) -> Leg:
    return Leg(np.eye(3), _borders(size), size, True)


def _borders(size: Size) -> Points:
    height, width = size
    return np.array([[1, 0, 0], [-1, 0, width], [0, 1, 0], [0, -1, height]], dtype=np.float64)


def _extended(leg: Leg, matrix: Matrix, after: Size) -> Leg:
    if after == leg.after and np.array_equal(matrix, np.eye(3)):
        return leg
    whole = matrix @ leg.matrix
    if whole[2] @ (leg.after[1] / 2, leg.after[0] / 2, 1) < 0:
        whole = -whole
    lines = np.concatenate([_borders(after) @ whole, whole[2:]])  # the last: what a perspective leaves behind the viewer
    lengths = np.hypot(lines[:, 0], lines[:, 1])
    lines = lines[lengths > 1e-12] / lengths[lengths > 1e-12, None]
    old = leg.lines
    fresh = [line for line in lines if not np.isclose(old, line, rtol=0, atol=1e-9).all(axis=1).any()]
    still = leg.still and not fresh and after == leg.after
    return Leg(whole, np.concatenate([old, *(line[None] for line in fresh)]), after, still and np.array_equal(whole, np.eye(3)))


def _along(figure: Figure, leg: Leg) -> Figure:
    if leg.still:
        return figure
    groups, before, after, is_cut = [], 0.0, 0.0, False
    for group in figure.groups:
        whole: list[Ring] = []
        left: list[Ring] = []
        for ring in group:
            outside: Mask = np.asarray((ring @ leg.lines[:, :2].T + leg.lines[:, 2] < -NEAR).any(axis=0))
            inside = _cut_all([ring], leg.lines[:4][outside[:4]])
            whole += inside
            left += _cut_all(inside, leg.lines[4:][outside[4:]])
            is_cut = is_cut or bool(outside.any())
        before, after = before + area(whole), after + area(left)
        if left:
            groups.append(tuple(_mapped(ring, leg.matrix) for ring in left))
    share = figure.share if not is_cut else figure.share * min(after / before, 1.0) if before > 0 else 0.0
    moved = is_cut or not np.array_equal(leg.matrix, np.eye(3))
    return replace(figure, groups=tuple(groups), share=share, same=figure.same and not moved)


def _cut_all(rings: list[Ring], lines: Points) -> list[Ring]:
    for line in lines:
        rings = [piece for ring in rings for piece in cut(ring, line)]
    return rings


def _mapped(points: Points, matrix: Matrix) -> Points:
    sent = points @ matrix[:, :2].T + matrix[:, 2]
    return sent[:, :2] if tuple(matrix[2]) == (0, 0, 1) else sent[:, :2] / sent[:, 2:]


def _shown(warp: Warp) -> Mask:
    """Return which pixels of the picture before are seen after; gaps of a pixel between samples are closed."""
    import cv2

    height, width = warp.before
    inside = (warp.x >= 0) & (warp.x < width) & (warp.y >= 0) & (warp.y < height)
    shown = np.zeros((height, width), dtype=np.uint8)
    shown[warp.y[inside].astype(int), warp.x[inside].astype(int)] = 1
    return np.asarray(cv2.morphologyEx(shown, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), dtype=bool)


def _warped(figure: Figure, warp: Warp, shown: Mask) -> Figure:
    """Draw a figure, send the drawing through the map, and trace it again."""
    points = [ring for group in figure.groups for ring in group]
    if not points:
        return replace(figure, same=False)
    height, width = warp.before
    low = np.clip(np.floor(np.concatenate(points).min(axis=0)).astype(int), 0, (width, height))
    high = np.clip(np.ceil(np.concatenate(points).max(axis=0)).astype(int), 0, (width, height))
    near = (warp.x >= low[0]) & (warp.x <= high[0]) & (warp.y >= low[1]) & (warp.y <= high[1])
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if not len(rows):
        return replace(figure, groups=(), share=0.0, same=False)
    top, bottom = max(int(rows[0]) - 1, 0), int(rows[-1]) + 2
    left, right = max(int(columns[0]) - 1, 0), int(columns[-1]) + 2
    drawn, fine = _sent(figure, warp.x[top:bottom, left:right], warp.y[top:bottom, left:right], low, high)
    groups = tuple(tuple(ring / fine + (left, top) for ring in group) for group in _traced(drawn, figure.kind, fine))
    coarse = _drawn(figure.groups, low, high, 1)
    total = int(coarse.sum())
    seen = int((coarse & shown[low[1]:high[1], low[0]:high[0]]).sum()) / total if total else 1.0
    return replace(figure, groups=groups, share=figure.share * seen if groups else 0.0, same=False)


def _sent(figure: Figure, x: NDArray[np.float32], y: NDArray[np.float32], low: NDArray[np.int_], high: NDArray[np.int_]
          ) -> tuple[Mask, int]:
    """Draw the figure as a window of the map shows it, finer than its pixels where the map is whole and the mask may be."""
    import cv2

    torn = any(part.size and np.abs(np.diff(part, axis=axis)).max(initial=0) > JUMP_PX for part in (x, y) for axis in (0, 1))
    largest = max(x.size, int(np.prod(high - low)))
    fine = 1 if torn or figure.kind == "rle" else next((times for size, times in FINE if largest <= size), 1)
    if fine > 1:
        x, y = (cv2.resize(part, None, fx=fine, fy=fine, interpolation=cv2.INTER_LINEAR) for part in (x, y))
    source = _drawn(figure.groups, low, high, fine)
    column, row = np.floor((x - low[0]) * fine).astype(int), np.floor((y - low[1]) * fine).astype(int)
    inside = (column >= 0) & (column < source.shape[1]) & (row >= 0) & (row < source.shape[0])
    return inside & source[np.where(inside, row, 0), np.where(inside, column, 0)] if source.size else inside, fine


def _drawn(groups: Groups, low: NDArray[np.int_], high: NDArray[np.int_], fine: int) -> Mask:
    width, height = (high - low) * fine
    return fill([[(ring - low) * fine for ring in group] for group in groups], int(height), int(width))


def _traced(mask: Mask, kind: Kind, fine: int) -> Groups:
    """Trace a mask: as one group, or for polygons, where rings are drawn one by one, one bridged ring for each part."""
    import cv2

    if kind != "polygons":
        rings = outline(mask)
        return (tuple(rings),) if rings else ()
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    parts = []
    for label in range(1, count):
        rings = [smooth(ring, max(0.25 * fine, 0.4)) for ring in outline(labels == label)]
        rings = [rings[0], *(ring for ring in rings[1:] if len(ring) > 2)]
        if len(rings[0]) > 2:
            parts.append((bridged(rings),))
    return tuple(parts)


def _looked_up(points: Points, seen: Mask, warp: Warp) -> tuple[Points, Mask]:
    """Find the new pixel that shows each place; a place that none shows within 1.5 px is out of the picture."""
    found, still_seen = points.copy(), seen.copy()
    for index in np.flatnonzero(seen):
        distance = (warp.x - points[index, 0]) ** 2 + (warp.y - points[index, 1]) ** 2
        row, column = np.unravel_index(int(distance.argmin()), distance.shape)
        found[index] = column + 0.5, row + 0.5
        still_seen[index] = distance[row, column] <= 1.5 ** 2
    return found, still_seen


def _uncovered(groups: Groups, covers: Groups) -> float:
    """Return the share of a figure's pixels that no hole covers."""
    if not groups:
        return 1.0
    points = np.concatenate([ring for group in groups for ring in group])
    low, high = np.floor(points.min(axis=0)).astype(int), np.ceil(points.max(axis=0)).astype(int)
    drawn = _drawn(groups, low, high, 1)
    total = int(drawn.sum())
    return int((drawn & ~_drawn(covers, low, high, 1)).sum()) / total if total else 1.0
