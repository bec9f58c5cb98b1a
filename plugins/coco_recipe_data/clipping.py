"""Annotations cut to their image: box, polygons, keypoints, parts, and the area with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeGuard

import msgspec
from msgspec import UNSET, Raw
from msgspec.structs import replace

from coco_recipe import (
    Annotation,
    TurnedBox,
    body_parts,
    extras,
    framed,
    tidy,
    turned_box,
    with_extras,
)

Box = Sequence[float]
Ring = list[float]  # x, y, x, y, ... in pixels
Point = tuple[float, float]
SLACK_PX = 1.0  # labelling tools round the border's vertices outward


@dataclass(frozen=True, slots=True)
class Places:
    """Where an annotation is.

    Attributes:
        box: (x, y, w, h) in pixels; None where there is none, or it isn't finite.
        rings: polygons of three vertices or more, each x, y, x, y, ...; empty for a run-length
            mask, whose pixels are the image's own.
        keypoints: x, y, flag, x, y, flag, ...
        turned: the box, where CVAT has turned it about its middle, so that ``box`` is no bound of
            its own.
        parts: boxes and keypoints of the parts of a person, by key (see
            `coco_recipe.geometry.body_parts`).
    """

    box: Box | None
    rings: list[Ring]
    keypoints: list[float]
    turned: TurnedBox | None = None
    parts: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Annotation) -> "Places":
        """Read what a row says of its place; forms that COCO doesn't know say nothing."""
        box = row.bbox if isinstance(row.bbox, tuple) and all(map(isfinite, row.bbox)) else None
        return cls(
            box,
            _rings(row.segmentation),
            _keypoints(getattr(row, "keypoints", UNSET)),
            turned_box(row) if box else None,
            dict(_parts(row)),
        )

    def reaches_out(self, width: int, height: int, *, slack_px: float = 0) -> bool:
        """Say whether the annotation is outside the image.

        It is if the box is, or a vertex or labelled keypoint by more than the slack.
        """
        if self.box is not None and not self.turned and _is_past(self.box, width, height):
            return True
        corners = (
            [side for corner in self.turned.corners() for side in corner] if self.turned else []
        )
        points = [
            *(ring[n : n + 2] for ring in (*self.rings, corners) for n in range(0, len(ring), 2)),
            *_labelled(self.keypoints),
        ]
        return any(
            not (-slack_px <= x <= width + slack_px and -slack_px <= y <= height + slack_px)
            for x, y in points
        )

    def a_part_reaches_out(self, width: int, height: int) -> bool:
        """Say whether the box or a labelled keypoint of a part is outside the image."""
        return any(
            _is_past(value, width, height)
            if key in body_parts.BOXES
            else any(not (0 <= x <= width and 0 <= y <= height) for x, y in _labelled(value))
            for key, value in self.parts.items()
        )

    def labelled(self) -> int:
        """Return how many keypoints are labelled, those of the parts too."""
        listed = [
            self.keypoints,
            *(value for key, value in self.parts.items() if key in body_parts.POINTS),
        ]
        return sum(len(_labelled(points)) for points in listed)

    def has_no_area(self) -> bool:
        """Say whether the box, or where there is none every polygon, covers nothing."""
        if self.box is not None:
            return not (self.box[2] > 0 and self.box[3] > 0)
        return bool(self.rings) and not any(map(ring_area, self.rings))


def clipped(row: Annotation, places: Places, width: int, height: int) -> Annotation:
    """Cut a row to its image: box, polygons, keypoints and parts of a person.

    Its area follows what it measured.

    A polygon becomes its part inside; one that is outside goes. A keypoint outside is no longer
    labelled: (0, 0, 0). A box that CVAT has turned becomes the smallest one of its angle around
    what is inside, so that a corner may still be outside. A part that is outside is 0, and no
    longer ``<part>_valid``.

    The area is the mask's: that of a run-length mask stays, and where polygons are left, it is
    scaled by what is left of them. Else it is scaled as the box's. So an area that was equal to it
    stays equal, one that was at odds stays so in proportion, 0 stays 0, and a row without an area
    gets none.
    """
    box = None
    if places.box is not None:
        box = (
            _clip_turned(places.turned, width, height)
            if places.turned
            else _clip_box(places.box, width, height)
        )
    rings = [ring for ring in (clip_ring(ring, width, height) for ring in places.rings) if ring]
    changed = row if box is None else replace(row, bbox=box)
    if rings != places.rings:
        changed = replace(changed, segmentation=Raw(msgspec.json.encode(rings)))
    points = _clip_keypoints(places.keypoints, width, height)
    if points != places.keypoints:
        labelled = sum(flag > 0 for flag in points[2::3])
        has_count = getattr(row, "num_keypoints", UNSET) is not UNSET
        changed = with_extras(
            changed, {"keypoints": points} | ({"num_keypoints": labelled} if has_count else {})
        )
    if parts := _clip_parts(row, places.parts, width, height):
        changed = with_extras(changed, parts)
    if row.area is UNSET or _has_mask(row):
        return changed
    before, after = sum(map(ring_area, places.rings)), sum(map(ring_area, rings))
    if not after and box is not None:
        before, after = _box_area(places.box), _box_area(box)
    if not before or after == before:
        return changed
    same = abs(float(row.area) - before) <= 1e-6 * before
    return replace(changed, area=tidy(after if same else float(row.area) * after / before))


def _has_mask(row: Annotation) -> bool:
    """Say whether the row has a run-length mask."""
    return row.segmentation is not UNSET and bytes(row.segmentation).lstrip().startswith(b"{")


def mask_of_other_size(row: Annotation, width: int, height: int) -> str:
    """Say what size a row's run-length mask has, if it isn't its image's.

    Say nothing where it is, or where there is no mask.
    """
    if row.segmentation is UNSET or not _has_mask(row):
        return ""
    size = msgspec.json.decode(row.segmentation).get("size")
    return (
        ""
        if size == [height, width]
        else f"a mask of {size} (height, width), its image is of {[height, width]}"
    )


def ring_area(ring: Ring) -> float:
    """Return the area inside a polygon in square pixels (the shoelace formula)."""
    xs, ys = ring[0::2], ring[1::2]
    return (
        abs(
            sum(
                x0 * y1 - x1 * y0
                for x0, y0, x1, y1 in zip(
                    xs, ys, [*xs[1:], *xs[:1]], [*ys[1:], *ys[:1]], strict=True
                )
            )
        )
        / 2
    )


def clip_ring(ring: Ring, width: float, height: float) -> Ring:
    """Return the part of a polygon inside (0, 0)-(width, height); empty where there is none."""
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    if all(0 <= x <= width and 0 <= y <= height for x, y in points):
        return ring
    points = _without_spikes(framed(points, width, height))
    flat = [tidy(value) for point in points for value in point]
    return flat if len(points) >= 3 and ring_area(flat) > 0 else []


def _without_spikes(points: list[Point]) -> list[Point]:
    """Take out vertices at which the border runs back on itself, and repeated ones."""
    kept: list[Point] = []
    for point in [*points, *points[:2]]:
        while len(kept) >= 2 and _turns_back(kept[-2], kept[-1], point):
            kept.pop()
        if not kept or kept[-1] != point:
            kept.append(point)
    size = len(points)
    # the two that closed the circle
    if len(kept) > 2 and kept[0] == kept[-2] and kept[1] == kept[-1]:
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


def _clip_turned(turned: TurnedBox, width: int, height: int) -> tuple[float, float, float, float]:
    left = turned.within(width, height)
    x, y, w, h = left.box if left else (*turned.box[:2], 0, 0)
    return tidy(x), tidy(y), tidy(w), tidy(h)


def _clip_parts(
    row: Annotation, parts: dict[str, list[float]], width: int, height: int
) -> dict[str, Any]:
    """Return the keys of a row that change where the parts of a person are cut to the image."""
    changes: dict[str, Any] = {}
    for key, value in parts.items():
        if key in body_parts.BOXES:
            box = _clip_box(value, width, height)
            left = (
                (list(box) if box[2] and box[3] else [0, 0, 0, 0])
                if _is_past(value, width, height)
                else value
            )
        else:
            left = _clip_keypoints(value, width, height)
        if left != value:
            changes[key] = left
            valid = body_parts.valid_key(key)
            if valid in row.__struct_encode_fields__ and not any(left):
                changes[valid] = False
    return changes


def _box_area(box: Box | None) -> float:
    return 0 if box is None else max(box[2], 0) * max(box[3], 0)


def _clip_keypoints(points: list[float], width: int, height: int) -> list[float]:
    result = list(points)
    for n in range(0, len(points), 3):
        if points[n + 2] and not (0 <= points[n] <= width and 0 <= points[n + 1] <= height):
            result[n : n + 3] = [0, 0, 0]
    return result


def _is_past(box: Box, width: int, height: int) -> bool:
    x, y, w, h = box
    return x < 0 or y < 0 or x + w > width or y + h > height


def _labelled(points: Sequence[float]) -> list[Sequence[float]]:
    """Return x and y of the keypoints that are labelled."""
    return [points[n : n + 2] for n in range(0, len(points), 3) if points[n + 2]]


def _parts(row: Annotation) -> Iterator[tuple[str, list[float]]]:
    """Yield the boxes and keypoints of a row's parts that there are, by key.

    Other forms say nothing.
    """
    keys = (body_parts.BOXES | body_parts.POINTS) & set(row.__struct_encode_fields__)
    for key, value in extras(row) if keys else ():
        if (
            key in keys
            and _numbers(value)
            and any(value)
            and (len(value) == 4 if key in body_parts.BOXES else len(value) % 3 == 0)
        ):
            yield key, value


def _numbers(value: Any) -> TypeGuard[list[float]]:
    return isinstance(value, list) and all(
        isinstance(one, int | float) and not isinstance(one, bool) and isfinite(one)
        for one in value
    )


def _rings(value: Raw | Any) -> list[Ring]:
    if value is UNSET or not bytes(value).lstrip().startswith(b"["):
        return []
    found = msgspec.json.decode(value)
    sound = all(_numbers(ring) and len(ring) % 2 == 0 for ring in found)
    return [ring for ring in found if len(ring) >= 6] if sound else []


def _keypoints(value: Raw | Any) -> list[float]:
    found = [] if value is UNSET else msgspec.json.decode(value)
    return found if _numbers(found) and len(found) % 3 == 0 else []
