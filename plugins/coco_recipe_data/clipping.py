"""Annotations cut to their image: box, polygons and keypoints together, and the area with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeGuard

import msgspec
from msgspec import UNSET, Raw
from msgspec.structs import replace

from coco_recipe import Annotation, tidy, turned_box, with_extras

Box = Sequence[float]
Ring = list[float]  # x, y, x, y, ... in pixels
SLACK_PX = 1.0  # labelling tools round the border's vertices outward


@dataclass(frozen=True, slots=True)
class Places:
    """Where an annotation is.

    Attributes:
        box: (x, y, w, h) in pixels; None where there is none, or it isn't finite.
        corners: x, y, x, y, ... of a box that is turned about its middle, which is no bound of its own.
        rings: polygons, each x, y, x, y, ...; empty for a run-length mask, whose pixels are the image's own.
        keypoints: x, y, flag, x, y, flag, ...
    """

    box: Box | None
    rings: list[Ring]
    keypoints: list[float]
    corners: Ring = field(default_factory=list)

    @classmethod
    def of(cls, row: Annotation) -> "Places":
        """Read what a row says of its place; forms that COCO doesn't know say nothing."""
        box = row.bbox if isinstance(row.bbox, tuple) and all(map(isfinite, row.bbox)) else None
        turned = turned_box(row) if box else None
        return cls(box, _rings(row.segmentation), _keypoints(getattr(row, "keypoints", UNSET)),
                   [side for corner in turned.corners() for side in corner] if turned else [])

    def reaches_out(self, width: int, height: int, *, slack_px: float = 0) -> bool:
        """Say whether the box is outside the image, or a vertex or labelled keypoint by more than the slack."""
        if self.box is not None and not self.corners:
            x, y, w, h = self.box
            if x < 0 or y < 0 or x + w > width or y + h > height:
                return True
        points = [*(ring[n:n + 2] for ring in (*self.rings, self.corners) for n in range(0, len(ring), 2)),
                  *(self.keypoints[n:n + 2] for n in range(0, len(self.keypoints), 3) if self.keypoints[n + 2])]
        return any(not (-slack_px <= x <= width + slack_px and -slack_px <= y <= height + slack_px)
                   for x, y in points)

    def labelled(self) -> int:
        """Return how many keypoints are labelled."""
        return sum(1 for flag in self.keypoints[2::3] if flag)

    def has_no_area(self) -> bool:
        """Say whether the box, or where there is none every polygon, covers nothing."""
        if self.box is not None:
            return not (self.box[2] > 0 and self.box[3] > 0)
        return bool(self.rings) and not any(map(ring_area, self.rings))


def clipped(row: Annotation, places: Places, width: int, height: int) -> Annotation:
    """Cut a row to its image: box, polygons and keypoints; its area follows what it measured.

    A polygon becomes its part inside (Sutherland and Hodgman 1974, Reentrant polygon clipping); one that is
    outside goes. A keypoint outside is no longer labelled: (0, 0, 0). The area is scaled by what is left of
    the polygons, or of the box where there are none, so that an area which was equal to it stays equal.
    """
    box = _clip_box(places.box, width, height) if places.box is not None else None
    rings = [ring for ring in (clip_ring(ring, width, height) for ring in places.rings) if ring]
    changed = row if box is None else replace(row, bbox=box)
    if rings != places.rings:
        changed = replace(changed, segmentation=Raw(msgspec.json.encode(rings)))
    points = _clip_keypoints(places.keypoints, width, height)
    if points != places.keypoints:
        labelled = sum(flag > 0 for flag in points[2::3])
        has_count = getattr(row, "num_keypoints", UNSET) is not UNSET
        changed = with_extras(changed, {"keypoints": points} | ({"num_keypoints": labelled} if has_count else {}))
    if row.area is UNSET:
        return changed
    before, after = sum(map(ring_area, places.rings)), sum(map(ring_area, rings))
    if not before and not _has_mask(row):
        before, after = _box_area(places.box), _box_area(box)
    if not before or after == before:
        return changed
    same = abs(float(row.area) - before) <= 1e-6 * before
    return replace(changed, area=tidy(after if same else float(row.area) * after / before))


def _has_mask(row: Annotation) -> bool:
    """Say whether the row has a run-length mask."""
    return row.segmentation is not UNSET and bytes(row.segmentation).lstrip().startswith(b"{")


def ring_area(ring: Ring) -> float:
    """Return the area inside a polygon in square pixels (the shoelace formula)."""
    xs, ys = ring[0::2], ring[1::2]
    return abs(sum(x0 * y1 - x1 * y0 for x0, y0, x1, y1 in
                   zip(xs, ys, [*xs[1:], *xs[:1]], [*ys[1:], *ys[:1]], strict=True))) / 2


def clip_ring(ring: Ring, width: float, height: float) -> Ring:
    """Return the part of a polygon inside (0, 0)-(width, height); empty where there is none."""
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    if all(0 <= x <= width and 0 <= y <= height for x, y in points):
        return ring
    for axis, limit, keep_below in ((0, 0, False), (0, width, True), (1, 0, False), (1, height, True)):
        points = _clip_by_line(points, axis, limit, keep_below=keep_below)
    points = _without_spikes(points)
    flat = [tidy(value) for point in points for value in point]
    return flat if len(points) >= 3 and ring_area(flat) > 0 else []


Point = tuple[float, float]


def _clip_by_line(points: list[Point], axis: int, limit: float, *, keep_below: bool) -> list[Point]:
    """Keep what is on one side of the line where a coordinate is ``limit``."""
    inside: Callable[[Point], bool] = (lambda p: p[axis] <= limit) if keep_below else (lambda p: p[axis] >= limit)
    kept: list[Point] = []
    for before, point in zip([*points[-1:], *points[:-1]], points, strict=True):
        if inside(before) != inside(point):
            share = (limit - before[axis]) / (point[axis] - before[axis])
            other = before[1 - axis] + share * (point[1 - axis] - before[1 - axis])
            kept.append((limit, other) if axis == 0 else (other, limit))
        if inside(point):
            kept.append(point)
    return kept


def _without_spikes(points: list[Point]) -> list[Point]:
    """Take out vertices at which the border runs back on itself, and repeated ones."""
    kept: list[Point] = []
    for point in [*points, *points[:2]]:
        while len(kept) >= 2 and _turns_back(kept[-2], kept[-1], point):
            kept.pop()
        if not kept or kept[-1] != point:
            kept.append(point)
    size = len(points)
    if len(kept) > 2 and kept[0] == kept[-2] and kept[1] == kept[-1]:  # the two that closed the circle
        kept = kept[:-2]
    elif len(kept) > 1 and kept[0] == kept[-1]:
        kept = kept[:-1]
    return kept[:size]


def _turns_back(a: Point, b: Point, c: Point) -> bool:
    (ux, uy), (vx, vy) = (b[0] - a[0], b[1] - a[1]), (c[0] - b[0], c[1] - b[1])
    return ux * vy == uy * vx and ux * vx + uy * vy < 0


def _clip_box(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    x, y, w, h = box
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    return tidy(left), tidy(top), tidy(max(right - left, 0)), tidy(max(bottom - top, 0))


def _box_area(box: Box | None) -> float:
    return 0 if box is None else max(box[2], 0) * max(box[3], 0)


def _clip_keypoints(points: list[float], width: int, height: int) -> list[float]:
    result = list(points)
    for n in range(0, len(points), 3):
        if points[n + 2] and not (0 <= points[n] <= width and 0 <= points[n + 1] <= height):
            result[n:n + 3] = [0, 0, 0]
    return result


def _numbers(value: Any) -> TypeGuard[list[float]]:
    return isinstance(value, list) and all(
        isinstance(one, int | float) and not isinstance(one, bool) and isfinite(one) for one in value)


def _rings(value: Raw | Any) -> list[Ring]:
    if value is UNSET or not bytes(value).lstrip().startswith(b"["):
        return []
    found = msgspec.json.decode(value)
    sound = all(_numbers(ring) and len(ring) % 2 == 0 and len(ring) >= 6 for ring in found)
    return found if sound else []


def _keypoints(value: Raw | Any) -> list[float]:
    found = [] if value is UNSET else msgspec.json.decode(value)
    return found if _numbers(found) and len(found) % 3 == 0 else []
