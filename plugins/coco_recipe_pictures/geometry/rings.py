"""Plane geometry of annotations: rings are cut, measured, drawn as masks and traced.

A ring is an (N, 2) float array of x, y in pixels, where (0, 0) is the corner of the first pixel and
(0.5, 0.5) its middle. Inside is what a ray crosses an odd number of times, as in pycocotools; a
group of rings is drawn together, so that a ring in a ring is a hole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from coco_recipe_pictures.geometry import sweep

Ring = NDArray[np.float64]
Points = NDArray[np.float64]
Mask = NDArray[np.bool_]
NEAR = 1e-6  # px: what is so near to a border counts as inside
FEW, SOME = 200, 1000  # edges that may be held against each other, pair by pair: to ask, to measure
AT_ONCE = 1_000_000  # numbers in one array, about
LINES, CROSSINGS = 20_000, 16_000_000  # of a drawing that measures an area


def rectangle(x: float, y: float, width: float, height: float) -> Ring:
    """Return a box's four corners, clockwise on the screen from the top left.

    ``add_segmentation`` orders them so, too.

    Args:
        x: of the left side, in pixels.
        y: of the upper side.
        width: in pixels.
        height: likewise.

    Returns:
        (4, 2) float.
    """
    return np.array(
        [[x, y], [x + width, y], [x + width, y + height], [x, y + height]], dtype=np.float64
    )


def signed_area(ring: Ring) -> float:
    """Return the shoelace area, above 0 where the ring goes clockwise on the screen.

    Args:
        ring: (N, 2) float, in pixels.

    Returns:
        Square pixels.
    """
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2


def crosses_itself(ring: Ring) -> bool:
    """Report whether edges of a ring cross or touch, as at a bridge to a hole.

    Neighbours meet in their own corner. Few edges are held against each other; more are swept
    (Shamos and Hoey 1976), in n log n comparisons.

    Args:
        ring: (N, 2) float; a vertex that is there twice in a row counts once.
    """
    ring = ring[(ring != np.roll(ring, 1, axis=0)).any(axis=1)]
    if len(ring) < 4:
        return False
    if len(ring) > FEW:
        return sweep.crosses(ring)
    edges = np.roll(ring, -1, axis=0) - ring
    away = ring[None] - ring[:, None]
    side = np.sign(edges[:, None, 0] * away[..., 1] - edges[:, None, 1] * away[..., 0])
    astride = side * np.roll(side, -1, axis=1) <= 0
    places = np.arange(len(ring))
    apart = (places[:, None] - places) % len(ring)
    return bool((astride & astride.T & (apart > 1) & (apart < len(ring) - 1)).any())


def covered(rings: Sequence[Ring]) -> float:
    """Return the area inside rings that are drawn together (even-odd), however they go and cross.

    Between two heights at which an edge ends or crosses another, the inside is a row of trapezoids.
    Edges that are too many to look for crossings, of which there may be n², are drawn instead: on
    up to `LINES` lines, between which the width inside is taken as even.

    Args:
        rings: at least one, each (N, 2) float.

    Returns:
        Square pixels.
    """
    first = np.concatenate(rings)
    last = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    if len(first) > SOME:
        return _drawn_area(first, last)
    heights = np.unique(np.concatenate([first[:, 1], _crossings(first, last)]))
    total = 0.0
    for low, high in pairwise(heights.tolist()):
        middle = (low + high) / 2
        spans = (first[:, 1] <= middle) != (last[:, 1] <= middle)
        a, b = first[spans], last[spans]
        x = np.sort(a[:, 0] + (middle - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0]))
        total += float((x[1::2] - x[0::2]).sum()) * (high - low)
    return total


def _drawn_area(first: Points, last: Points) -> float:
    """Return the area inside edges by the midpoint rule: widths are exact, on even lines."""
    bottom, top = np.sort(np.stack([first[:, 1], last[:, 1]]), axis=0)
    base, height = float(bottom.min()), float(top.max() - bottom.min())
    if not height > 0:
        return 0.0
    step = max(height / LINES, float((top - bottom).sum()) / CROSSINGS)
    lines = max(int(height / step), 1)
    step = height / lines
    begin, end = (np.ceil((side - base) / step - 0.5).astype(int) for side in (bottom, top))
    total = 0.0
    for chunk in _chunks(begin, end, lines):
        edge, line = _spanned(begin[chunk.edges], end[chunk.edges], chunk.low, chunk.high)
        a, b = first[chunk.edges][edge], last[chunk.edges][edge]
        y = base + (line + 0.5) * step
        x = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
        x = x[np.lexsort((x, line))]  # an even number on each line, so that pairs don't mix
        total += float((x[1::2] - x[0::2]).sum()) * step
    return total


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Lines from ``low`` up to ``high``, and the edges that reach any of them."""

    low: int
    high: int
    edges: NDArray[np.int_]


def _chunks(begin: NDArray[np.int_], end: NDArray[np.int_], lines: int) -> Iterator[_Chunk]:
    """Divide lines so that those of one chunk are met by edges about `AT_ONCE` times."""
    change = np.bincount(np.clip(begin, 0, lines), minlength=lines + 1)
    change = change - np.bincount(np.clip(end, 0, lines), minlength=lines + 1)
    met = np.cumsum(np.cumsum(change[:lines]))
    low = 0
    while low < lines:
        done = int(met[low - 1]) if low else 0
        high = max(int(np.searchsorted(met, done + AT_ONCE, side="right")), low + 1)
        high = min(high, lines)
        yield _Chunk(low, high, np.flatnonzero((begin < high) & (end > low)))
        low = high


def _spanned(
    begin: NDArray[np.int_], end: NDArray[np.int_], low: int, high: int
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return, for each time that an edge meets a line from ``low`` to ``high``, edge and line."""
    begin, end = np.clip(begin, low, high), np.clip(end, low, high)
    count = end - begin
    edge = np.repeat(np.arange(len(begin)), count)
    return edge, np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + begin[edge]


def _crossings(first: Points, last: Points) -> NDArray[np.float64]:
    """Return the heights at which edges, from ``first`` to ``last``, cross each other."""
    run = last - first
    gap = first[None] - first[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = run[:, None, 0] * run[None, :, 1] - run[:, None, 1] * run[None, :, 0]
        own = (gap[..., 0] * run[None, :, 1] - gap[..., 1] * run[None, :, 0]) / slope
        others = (gap[..., 0] * run[:, None, 1] - gap[..., 1] * run[:, None, 0]) / slope
        heights = first[:, None, 1] + own * run[:, None, 1]
        found: NDArray[np.float64] = heights[(own > 0) & (own < 1) & (others > 0) & (others < 1)]
    return found


def cut(ring: Ring, line: Points) -> list[Ring]:
    """Keep the part of a ring where ``a * x + b * y + c >= 0``, as one ring for each piece.

    The places where the ring crosses the line are joined in pairs, in their order along the line;
    so pieces don't hang together by seams along the border, and rings that touch or cross
    themselves keep their inside.

    Args:
        ring: (N, 2).
        line: a, b, c with a² + b² = 1.
    """
    depth = ring @ line[:2] + line[2]
    inside = depth >= -NEAR
    if inside.all():
        return [ring]
    edges = np.flatnonzero(
        inside != np.roll(inside, -1)
    )  # crossing k lies on the edge from point edges[k] to the next
    if not len(edges):
        return []
    after = (edges + 1) % len(ring)
    share = depth[edges] / (depth[edges] - depth[after])
    places = ring[edges] + np.clip(share, 0, 1)[:, None] * (ring[after] - ring[edges])
    order = np.argsort(places @ np.array([-line[1], line[0]]), kind="stable")
    partner = np.empty(len(edges), dtype=int)
    partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    return list(_joined(ring, inside, edges, places, partner))


def _joined(
    ring: Ring, inside: Mask, edges: NDArray[np.int_], places: Points, partner: NDArray[np.int_]
) -> Iterator[Ring]:
    """Yield the rings that are found by walking from crossing to crossing.

    The walk goes along the ring to where it leaves, and along the line to the partner, till round.
    """
    count, fresh = len(edges), np.ones(len(edges), dtype=bool)
    for start in range(count):
        if not fresh[start] or inside[edges[start]]:
            continue  # begin where the ring comes in
        parts: list[Points] = []
        here = start
        while fresh[here]:
            forward = not inside[edges[here]]
            there = (here + 1) % count if forward else (here - 1) % count
            first, last = (here, there) if forward else (there, here)
            end = edges[last] + 1 + (len(ring) if edges[last] < edges[first] else 0)
            between = ring[np.arange(edges[first] + 1, end) % len(ring)]
            parts += [
                places[here][None],
                between if forward else between[::-1],
                places[there][None],
            ]
            fresh[here] = fresh[there] = False
            here = int(partner[there])
        yield np.concatenate(parts)


def fill(groups: Sequence[Sequence[Ring]], height: int, width: int) -> Mask:
    """Draw rings: a pixel is set where its middle is inside a group (even-odd), in any of them.

    Args:
        groups: rings (N, 2), drawn together within a group.
        height: of the picture, in pixels.
        width: likewise.

    Returns:
        (height, width) bool.
    """
    mask = np.zeros((height, width), dtype=bool)
    for group in groups:
        if not group:
            continue
        ends = np.concatenate(
            [np.concatenate([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in group]
        )
        top, bottom = np.sort(ends[:, [1, 3]], axis=1).T
        begin, end = (np.clip(np.ceil(side - 0.5), 0, height).astype(int) for side in (top, bottom))
        for chunk in _chunks(begin, end, height):
            edge, row = _spanned(begin[chunk.edges], end[chunk.edges], chunk.low, chunk.high)
            if not len(edge):
                continue
            x0, y0, x1, y1 = ends[chunk.edges][edge].T
            column = np.clip(
                np.ceil(x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0) - 0.5), 0, width
            ).astype(int)
            low, high = int(row.min()), int(row.max()) + 1
            crossings = np.bincount(
                (row - low) * (width + 1) + column, minlength=(high - low) * (width + 1)
            )
            parity = np.bitwise_and(crossings, 1).astype(bool).reshape(high - low, width + 1)
            mask[low:high] |= np.logical_xor.accumulate(parity, axis=1)[:, :width]
    return mask


def outline(mask: Mask) -> list[Ring]:
    """Return the outlines of a mask, along the edges of its pixels.

    Outer borders go clockwise on the screen, holes the other way. Filling the rings as one group
    gives back the mask.

    Args:
        mask: (height, width) bool.

    Returns:
        Rings (N, 2) in pixels; none where no pixel is set.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return []
    top, left = int(rows[0]), int(columns[0])
    part = np.pad(mask[top : rows[-1] + 1, left : columns[-1] + 1], 1).astype(np.int8)
    around = part[:-1, :-1] + part[1:, 1:], part[:-1, 1:] + part[1:, :-1]
    odd = (around[0] + around[1]) % 2 == 1
    saddle = np.abs(around[0] - around[1]) == 2
    y, x = np.nonzero(odd | saddle)
    times = np.where(saddle[y, x], 2, 1)
    y, x = np.repeat(y, times), np.repeat(x, times)
    beside = (
        np.arange(len(x)) ^ 1
    )  # in the order of rows, corners 0 and 1, 2 and 3, ... are ends of one horizontal edge
    by_column = np.lexsort((np.arange(len(x)), y, x))
    below = np.empty(len(x), dtype=int)
    below[by_column[0::2]], below[by_column[1::2]] = by_column[1::2], by_column[0::2]
    corners = np.stack([x, y], axis=1).astype(np.float64) + np.array([left, top])
    rings = []
    for ring in _loops(beside.tolist(), below.tolist()):
        filled_below = part[y[ring[0]] + 1, x[ring[0]] + 1]
        rings.append(corners[ring if filled_below else ring[::-1]])
    return rings


def _loops(beside: list[int], below: list[int]) -> Iterator[list[int]]:
    """Follow horizontal and vertical edges in turn.

    Each loop begins at its first corner in the order of rows.
    """
    fresh = [True] * len(beside)
    for start in range(len(beside)):
        if not fresh[start]:
            continue
        loop, here = [], start
        while fresh[here]:
            there = beside[here]
            loop += [here, there]
            fresh[here] = fresh[there] = False
            here = below[there]
        yield loop


def smooth(ring: Ring, tolerance: float) -> Ring:
    """Return a ring without the stairs of its pixels.

    It goes through the middles of the unit edges, and then Douglas-Peucker simplifies it.

    That cuts the corners, so every edge is then put outwards a little, within the pixels' frame,
    until the area is the pixels' own again.

    Args:
        ring: from ``outline``.
        tolerance: px; the most that Douglas-Peucker may be away from the middles.

    Returns:
        The smooth ring; the ring itself where so little is left of it that its area would be off by
        over 2 %.
    """
    import cv2

    steps = np.roll(ring, -1, axis=0) - ring
    lengths = np.rint(np.abs(steps).sum(axis=1)).astype(int)
    edge = np.repeat(np.arange(len(ring)), lengths)
    along = np.arange(len(edge)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 0.5
    middles = ring[edge] + np.sign(steps)[edge] * along[:, None]
    origin = np.floor(ring.min(axis=0))  # small numbers: approxPolyDP wants float32
    soft = cv2.approxPolyDP((middles - origin).astype(np.float32)[:, None], tolerance, True)[
        :, 0
    ].astype(np.float64)
    if len(soft) < 3:
        return ring
    wanted, far = signed_area(ring), (ring - origin).max(axis=0)
    grown: Ring = soft
    for _ in range(8):
        along = np.roll(grown, -1, axis=0) - grown
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
        normal = np.stack([along[:, 1], -along[:, 0]], axis=1) / length[:, None]
        beside = np.roll(normal, 1, axis=0)
        corner = (normal + beside) / np.maximum(1 + (normal * beside).sum(axis=1), 0.5)[:, None]
        grown = np.clip(grown + corner * (wanted - signed_area(grown)) / length.sum(), 0, far)
    return grown + origin if abs(wanted - signed_area(grown)) <= 0.02 * abs(wanted) else ring


def bridged(rings: Sequence[Ring]) -> Ring:
    """Return one ring of an outer border and its holes.

    Bridges that are walked there and back leave the inside as it is. A bridge goes between the
    nearest vertices, or from the hole's first where the pairs are too many.

    Args:
        rings: the outer border (N, 2), then its holes.
    """
    whole = rings[0]
    for hole in rings[1:]:
        near = hole if len(whole) * len(hole) <= AT_ONCE else hole[:1]
        distance = ((whole[:, None] - near[None]) ** 2).sum(axis=2)
        at, begin = np.unravel_index(int(distance.argmin()), distance.shape)
        turned = np.roll(hole, -int(begin), axis=0)
        whole = np.concatenate([whole[: at + 1], turned, turned[:1], whole[at:]])
    return whole
