"""What is left of an annotation, as a row has it: box, area, segmentation and keypoints."""

import math
from collections.abc import Sequence

import numpy as np

from coco_recipe_pictures.geometry import rle, shapes
from coco_recipe_pictures.geometry.instance import Box, Instance, Moved
from coco_recipe_pictures.geometry.move import Size
from coco_recipe_pictures.geometry.placed import (
    DIGITS,
    area_of,
    mask_of,
    ring_of,
    rounded,
    shape_of,
)
from coco_recipe_pictures.geometry.rings import Ring, bridged, crosses_itself, fill, signed_area
from coco_recipe_pictures.geometry.shapes import Shape

# the least side of a box, and the least square root of an area, that two digits can write
SMALLEST_PX = 0.01


def left_of(one: Instance, shape: Shape, size: Size, mirrors: bool) -> Moved:
    """Return what is left of an annotation, from where it has come.

    Args:
        one: the annotation as it was.
        shape: what it was followed by, as it is now.
        size: (height, width) of the new picture, in pixels.
        mirrors: the new picture is mirrored, so that paired keypoints trade places.
    """
    keypoints, count = _keypoints(one, shape, mirrors)
    if one.bbox is None and one.segmentation is None:
        was_labelled = any(one.keypoints[2::3]) if one.keypoints else False
        return Moved(1.0 if count or not was_labelled else 0.0, None, 0.0, None, keypoints, count)
    gone = Moved(0.0, None, 0.0, None, keypoints, count)
    if not shape.groups or shape.visibility <= 0:
        return gone
    if isinstance(one.segmentation, dict):
        mask = fill(shape.groups, *size)
        if not mask.any():
            return gone
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = box_within((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1), size)
        encoded = rle.encode(mask, compressed=isinstance(one.segmentation["counts"], str))
        return Moved(
            shape.visibility,
            box,
            float(mask.sum()),
            encoded,
            keypoints,
            count,
            scale=_scale(float(mask.sum()), shape),
        )
    if one.segmentation is None:
        box = box_within(shapes.frame(shape.groups), size)
        if box is None or not (
            covered := rounded(box[2] * box[3])
        ):  # an area of 0 would be no annotation
            return gone
        return Moved(
            shape.visibility, box, covered, None, keypoints, count, scale=_scale(covered, shape)
        )
    rings = [
        ring
        for ring in _polygons(shape, size)
        if shapes.area([[ring]], crosses=shape.crosses) >= SMALLEST_PX**2
    ]
    box = box_within(shapes.hull([rings]), size) if rings else None
    if box is None or not (covered := area_of(rings, size, crosses=shape.crosses)):
        return gone
    return Moved(
        shape.visibility,
        box,
        covered,
        [_numbers(ring) for ring in rings],
        keypoints,
        count,
        scale=_scale(covered, shape),
    )


def _scale(area: float, shape: Shape) -> float:
    return area / shape.whole if shape.whole else 1.0


def _polygons(shape: Shape, size: Size) -> list[Ring]:
    """Return one ring for each part, rounded and inside the picture.

    Holes that a warp left are bridged to their border.
    """
    rings = [
        ring for group in shape.groups for ring in (_parts(group) if shape.is_traced else group)
    ]
    limits = np.array([size[1], size[0]], dtype=np.float64)
    return [np.clip(np.round(ring, DIGITS), 0, limits) for ring in rings]


def _parts(group: Sequence[Ring]) -> list[Ring]:
    """Join each hole with the smallest outer ring around it.

    The largest ring is no hole, and holes turn the other way.
    """
    import cv2

    turn = signed_area(max(group, key=lambda ring: abs(signed_area(ring))))
    outer = [ring for ring in group if signed_area(ring) * turn > 0]
    parts = [[ring] for ring in outer]
    for hole in (ring for ring in group if signed_area(ring) * turn <= 0):
        middle = tuple(float(v) for v in hole[:2].mean(axis=0))
        around = [
            i
            for i, ring in enumerate(outer)
            if cv2.pointPolygonTest(ring.astype(np.float32)[:, None], middle, False) >= 0
        ]
        if around:
            parts[min(around, key=lambda i: abs(signed_area(outer[i])))].append(hole)
    return [bridged(part) for part in parts]


def box_within(sides: Sequence[float], size: Size) -> Box | None:
    """Return a box, rounded and cut to the picture.

    Args:
        sides: left, top, right and bottom in pixels.
        size: (height, width) of the picture.

    Returns:
        x, y, w, h in pixels; None where nothing is left that two digits can write.
    """
    left, top = max(rounded(sides[0]), 0.0), max(rounded(sides[1]), 0.0)
    right, bottom = min(rounded(sides[2]), float(size[1])), min(rounded(sides[3]), float(size[0]))
    box = (left, top, _fitting(left, right, size[1]), _fitting(top, bottom, size[0]))
    return box if min(box[2:]) >= SMALLEST_PX else None


def _fitting(low: float, high: float, side: float) -> float:
    """Return a box's width or height in pixels, which doesn't reach past the picture's side.

    ``low`` and it don't add up to more, not even in the last bit.
    """
    length = rounded(high - low)
    return length if low + length <= side else math.nextafter(length, 0)


def _keypoints(
    one: Instance, shape: Shape, mirrors: bool
) -> tuple[tuple[float, ...] | None, int | None]:
    """Return keypoints, those that have gone as 0, 0, 0, and how many are labelled."""
    if one.keypoints is None:
        return None, None
    rows = []
    for place, flag in zip(shape.points, one.keypoints[2::3], strict=True):
        gone = not flag or bool(np.isnan(place).any())
        rows.append(
            (0, 0, 0) if gone else (*(max(rounded(side - 0.5), 0.0) for side in place), flag)
        )
    for first, second in one.swap if mirrors else ():
        rows[first], rows[second] = rows[second], rows[first]
    return tuple(value for row in rows for value in row), sum(row[2] > 0 for row in rows)


def unmoved(one: Instance, size: Size) -> Moved:
    """Return an annotation as it is, to the last digit.

    Args:
        one: the annotation.
        size: (height, width) of its picture.

    Raises:
        ValueError: its segmentation can't be read, or is of another size.
    """
    if isinstance(one.segmentation, dict):
        covered = float(mask_of(one.segmentation, size).sum())
    elif one.segmentation:
        rings = [ring for ring in map(ring_of, one.segmentation) if len(ring) > 2]
        covered = area_of(rings, size, crosses=any(map(crosses_itself, rings)))
    else:
        covered = one.bbox[2] * one.bbox[3] if one.bbox is not None else 0.0
    count = None if one.keypoints is None else sum(flag > 0 for flag in one.keypoints[2::3])
    return Moved(
        1.0, one.bbox or _own_box(one, size), covered, one.segmentation, one.keypoints, count
    )


def _own_box(one: Instance, size: Size) -> Box | None:
    """Return the box of a segmentation that came without one."""
    groups = shape_of(one, size).groups if one.segmentation else []
    return box_within(shapes.hull(groups), size) if groups else None


def _numbers(ring: Ring) -> list[float]:
    return [rounded(value) for value in ring.reshape(-1)]
