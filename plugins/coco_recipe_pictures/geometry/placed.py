"""Where an annotation is: the rings and points by which it is followed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coco_recipe_pictures.geometry import rle, shapes
from coco_recipe_pictures.geometry.instance import Instance
from coco_recipe_pictures.geometry.move import Mask, Size
from coco_recipe_pictures.geometry.rings import Ring, crosses_itself, fill, outline, rectangle
from coco_recipe_pictures.geometry.shapes import Shape

DIGITS = 2


def shape_of(one: Instance, size: Size) -> Shape:
    """Return what an annotation is followed by.

    It is its mask's outline, its polygons, or its box's corners; and its keypoints.

    Args:
        one: the annotation.
        size: (height, width) of its picture, in pixels.

    Raises:
        ValueError: a polygon isn't finite pairs, or a mask is of another size.
    """
    points: NDArray[np.float64] = np.empty((0, 2))
    if one.keypoints:
        points = np.reshape(one.keypoints, (-1, 3))[:, :2] + 0.5
        border = np.array([size[1], size[0]], dtype=np.float64)
        points = np.where(
            points <= border + 0.5, np.minimum(points, border), points
        )  # x may be the width itself
    if isinstance(one.segmentation, dict):
        mask = mask_of(one.segmentation, size)
        return Shape([traced] if (traced := outline(mask)) else [], points, whole=float(mask.sum()))
    if one.segmentation:
        rings = [ring for ring in map(ring_of, one.segmentation) if len(ring) > 2]
        crosses = any(map(crosses_itself, rings))
        return Shape(
            shapes.framed([[ring] for ring in rings], size),
            points,
            is_polygon=True,
            crosses=crosses,
            whole=area_of(rings, size, crosses=crosses),
        )
    if one.bbox is None:
        return Shape([], points)
    return Shape([[rectangle(*one.bbox)]], points, whole=one.bbox[2] * one.bbox[3])


def ring_of(polygon: Sequence[float]) -> Ring:
    """Return the vertices of a polygon.

    Args:
        polygon: x and y by turns, in pixels.

    Returns:
        (N, 2) float, in pixels.

    Raises:
        ValueError: there is an odd number of them, or one is not finite.
    """
    if len(polygon) % 2 or not np.isfinite(np.asarray(polygon, dtype=np.float64)).all():
        raise ValueError(
            f"a polygon has {len(polygon)} numbers, or one that is not finite; it needs finite "
            "pairs x, y"
        )
    return np.reshape(np.asarray(polygon, dtype=np.float64), (-1, 2))


def mask_of(encoded: dict[str, Any], size: Size) -> Mask:
    """Return the pixels of a run-length mask.

    Args:
        encoded: as `rle.decode` takes it.
        size: (height, width) of the picture.

    Returns:
        (height, width) bool.

    Raises:
        ValueError: the mask is of another size, or its runs can't be read.
    """
    if list(encoded.get("size", ())) != [size[0], size[1]]:
        raise ValueError(
            f"a mask is of {encoded.get('size')} (height, width), the picture of "
            f"{[size[0], size[1]]}"
        )
    return rle.decode(encoded)


def area_of(rings: Sequence[Ring], size: Size, *, crosses: bool) -> float:
    """Return the area that rings cover together, in square pixels.

    Where they may overlap, the pixels that they cover are counted.

    Args:
        rings: (N, 2) each, in pixels.
        size: (height, width) of the picture.
        crosses: rings may cross themselves.
    """
    frames = [(*ring.min(axis=0), *ring.max(axis=0)) for ring in rings]
    apart = all(
        a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        for i, a in enumerate(frames)
        for b in frames[:i]
    )
    if apart:
        return rounded(shapes.area([[ring] for ring in rings], crosses=crosses))
    return float(fill([[ring] for ring in rings], *size).sum())


def rounded(value: float) -> float:
    """Return a number with the digits that a data set gets."""
    return round(float(value), DIGITS) + 0.0  # no -0.0
