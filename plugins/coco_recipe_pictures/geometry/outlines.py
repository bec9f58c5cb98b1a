"""Measure the segmentations of many rows at once: sides, area, polygons of no area."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

NO_AREA_PX = 1e-6  # square pixels: dust of collinear points

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Polygons = list[list[float]]


@dataclass(slots=True)
class Outlines:
    """What there is to know of the segmentations of N rows, in N columns.

    Attributes:
        rows: which of the rows each column is about.
        sides: (4, N) left, top, right, bottom in pixels; NaN where there is no point.
        area: (N,) square pixels, of all polygons of a row.
        largest: (N,) square pixels, of its largest polygon.
        degenerate: (N,) how many of its polygons have no area.
        polygons: (N,) how many it has.
        odd: (N,) how many of its polygons have an odd number of coordinates.
    """

    rows: Ints
    sides: Floats
    area: Floats
    largest: Floats
    degenerate: Ints
    polygons: Ints
    odd: Ints


def of_polygons(segmentations: Sequence[Polygons]) -> Outlines:
    """Measure polygons; leave out rows that have none.

    The area of a polygon is the shoelace formula's. An odd number at a polygon's end is left out.

    Args:
        segmentations: of each row its polygons, x and y by turns in pixels.
    """
    lengths = np.fromiter(map(len, segmentations), np.intp, len(segmentations))
    rows = np.flatnonzero(lengths)
    if not len(rows):
        none = np.empty(0, np.intp)
        return Outlines(none, np.empty((4, 0)), np.empty(0), np.empty(0), none, none, none)
    polygons = list(chain.from_iterable(segmentations))
    counts = np.fromiter(map(len, polygons), np.intp, len(polygons))
    odd = counts % 2
    if odd.any():
        polygons = [polygon[: len(polygon) // 2 * 2] for polygon in polygons]
        counts = counts // 2 * 2
    numbers = floats(tuple(chain.from_iterable(polygons)))
    areas, hulls = _measured(numbers, counts)
    degenerate = areas < NO_AREA_PX
    if len(polygons) == len(rows):  # one each, the usual case
        return Outlines(
            rows, _sides(hulls), areas, areas, degenerate.astype(np.intp), lengths[rows], odd
        )
    first = np.cumsum(lengths[rows]) - lengths[rows]
    return Outlines(
        rows,
        _sides(np.minimum.reduceat(hulls, first, axis=1)),
        np.add.reduceat(areas, first),
        np.maximum.reduceat(areas, first),
        np.add.reduceat(degenerate.astype(np.intp), first),
        lengths[rows],
        np.add.reduceat(odd, first),
    )


def of_masks(masks: Sequence[tuple[int, Sequence[int], int]]) -> Outlines:
    """Measure run-length masks.

    Args:
        masks: for each the row, its runs, which go down columns, and the height of a column.
    """
    measured = [_of_mask(runs, height) for _, runs, height in masks]
    area = np.array([area for _, area in measured], np.float64)
    sides = np.array([sides for sides, _ in measured], np.float64).reshape(-1, 4).T
    return Outlines(
        np.array([row for row, _, _ in masks], np.intp),
        sides,
        area,
        area,
        (area == 0).astype(np.intp),
        np.ones(len(masks), np.intp),
        np.zeros(len(masks), np.intp),
    )


def floats(numbers: Sequence[float]) -> Floats:
    """Return numbers as an array, twice as fast as np.array."""
    return np.frombuffer(struct.pack(f"{len(numbers)}d", *numbers))


def _sides(hulls: Floats) -> Floats:
    hulls[2:] *= -1
    hulls[:, ~np.isfinite(hulls).all(axis=0)] = np.nan
    return hulls


def _measured(numbers: Floats, counts: Ints) -> tuple[Floats, Floats]:
    """Return the area and, as rows, left, top, -right, -bottom of polygons of so many numbers."""
    areas = np.zeros(len(counts))
    hulls = np.full((4, len(counts)), np.inf)
    real = counts > 1
    if real.all():
        x, y = numbers.reshape(-1, 2).T.copy()
        return _of_points(x, y, counts // 2)
    if real.any():
        x, y = numbers[np.repeat(real, counts)].reshape(-1, 2).T.copy()
        areas[real], hulls[:, real] = _of_points(x, y, counts[real] // 2)
    return areas, hulls


def _of_points(x: Floats, y: Floats, points: Ints) -> tuple[Floats, Floats]:
    """Return the area and, as rows, left, top, -right, -bottom of polygons of so many points."""
    ends = np.cumsum(points)
    starts = ends - points
    hulls = np.stack(
        [
            np.minimum.reduceat(x, starts),
            np.minimum.reduceat(y, starts),
            -np.maximum.reduceat(x, starts),
            -np.maximum.reduceat(y, starts),
        ]
    )
    return _shoelace(x, y, starts, ends), hulls


def _shoelace(x: Floats, y: Floats, starts: Ints, ends: Ints) -> Floats:
    """Return each polygon's area; points are counted from its first, so no digits are lost."""
    sizes = ends - starts
    x = x - np.repeat(x[starts], sizes)
    y = y - np.repeat(y[starts], sizes)
    crossed = np.empty_like(x)
    crossed[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
    crossed[ends - 1] = 0  # the edge back to the first point, which is the origin now
    areas: Floats = np.abs(np.add.reduceat(crossed, starts)) / 2
    return areas


def _of_mask(runs: Sequence[int], height: int) -> tuple[tuple[float, float, float, float], int]:
    """Return left, top, right, bottom and area of a mask whose runs go down columns."""
    ends = np.cumsum(runs)
    first = ends[0::2][: len(runs) // 2]
    last = ends[1::2] - 1
    first, last = first[last >= first], last[last >= first]
    if not len(first):
        return (np.nan,) * 4, 0
    through = (first // height != last // height).any()  # a run over a column's end: all rows
    top = 0 if through else (first % height).min()
    bottom = height if through else (last % height).max() + 1
    return (
        float(first.min() // height),
        float(top),
        float(last.max() // height + 1),
        float(bottom),
    ), int((last - first + 1).sum())
