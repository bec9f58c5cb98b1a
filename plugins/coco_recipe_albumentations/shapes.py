"""COCO's forms of geometry to rings and back: boxes, polygons, run lengths and keypoints."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from coco_recipe_albumentations import carry, rle
from coco_recipe_albumentations.carry import Figure, Path
from coco_recipe_albumentations.moves import Size
from coco_recipe_albumentations.rings import Ring, area, fill, outline, rectangle, signed_area

Box = tuple[float, float, float, float]
Segmentation = list[list[float]] | dict[str, Any] | None
Shape = tuple[Box | None, float, Segmentation]
DIGITS = 2  # of boxes and polygons that were moved
LEAST = 0.005  # px²; smaller pieces of polygons are nothing


def figure_of(bbox: Box | None, segmentation: Segmentation, size: Size) -> Figure | None:
    """Return an instance's rings: of its segmentation, or of its box where there is none or it holds no area.

    Raises:
        ValueError: a polygon of less than three points, or run lengths that aren't a mask of ``size``.
    """
    if isinstance(segmentation, dict):
        _check_size(segmentation, size)
        figure = Figure("rle", (tuple(outline(rle.decode(segmentation))),), packed=isinstance(segmentation["counts"], str))
    else:
        kind: carry.Kind = "box" if is_rectangle(bbox, segmentation) else "polygons"
        figure = Figure(kind, tuple((_ring(numbers),) for numbers in segmentation or ()))
    if sum(area(group) for group in figure.groups) > 0:
        return figure
    return Figure("box", ((rectangle(*bbox),),)) if bbox else None


def is_rectangle(bbox: Box | None, segmentation: Segmentation) -> bool:
    """Say whether a segmentation is no more than its box's rectangle."""
    if bbox is None or not isinstance(segmentation, list) or len(segmentation) != 1 or len(segmentation[0]) not in (8, 10):
        return False
    corners = {(round(x, 3), round(y, 3)) for x, y in zip(segmentation[0][::2], segmentation[0][1::2], strict=True)}
    ring = _ring(segmentation[0])[:4]
    straight = bool(((ring == np.roll(ring, -1, axis=0)).sum(axis=1) == 1).all())
    return straight and corners == {(round(x, 3), round(y, 3)) for x, y in rectangle(*bbox).tolist()}


def finished(figure: Figure, size: Size, *, rectangle: bool) -> Shape:
    """Return box, area and segmentation of a figure in the new picture; no box where less than 0.01 px is left of a side.

    Args:
        figure: carried along the path.
        size: height and width of the new picture.
        rectangle: the box's rectangle is wanted as segmentation.
    """
    if figure.kind == "rle":
        return _mask(figure, size)
    rings = [_rounded(ring, size) for group in figure.groups for ring in group]
    if figure.kind == "polygons":
        rings = [ring for ring in map(_without_repeats, rings) if len(ring) > 2 and abs(signed_area(ring)) > LEAST]
    box = _hull(rings, size) if rings else None
    if box is None:
        return None, 0.0, None
    if figure.kind == "polygons":
        return box, _covered(rings), [ring.reshape(-1).tolist() for ring in rings]
    return box, round(box[2] * box[3], DIGITS), _as_polygon(box) if rectangle else None


def area_of(bbox: Box | None, segmentation: Segmentation) -> float:
    """Return the area of geometry as it stands: of its mask, its polygons, or its box."""
    if isinstance(segmentation, dict):
        return float(sum(rle.runs_of(segmentation["counts"])[1::2]))
    if segmentation:
        return _covered([_ring(numbers) for numbers in segmentation])
    return bbox[2] * bbox[3] if bbox else 0.0


def moved_keypoints(keypoints: Sequence[float], swap: Sequence[tuple[int, int]], path: Path, before: Size, after: Size
                    ) -> tuple[float, ...]:
    """Carry keypoints; those that leave the picture, and those without a label, are 0, 0, 0.

    COCO counts keypoints from the pixels' middles, so half a pixel is added on the way in and taken off on the way out.
    """
    rows = np.array(keypoints, dtype=np.float64).reshape(-1, 3)
    limit = np.array([before[1], before[0]], dtype=np.float64)
    seen = (rows[:, 2] > 0) & (rows[:, :2] >= 0).all(axis=1) & (rows[:, :2] <= limit).all(axis=1)
    places, seen = carry.carried_points(np.minimum(rows[:, :2] + 0.5, limit), seen, path)
    moved = np.where(seen[:, None], np.column_stack([places - 0.5, rows[:, 2]]), 0.0)
    moved[:, :2] = np.clip(moved[:, :2].round(DIGITS), 0, (after[1], after[0]))
    if carry.is_mirrored(path):
        for one, other in swap:
            moved[[one, other]] = moved[[other, one]]
    return tuple(_plain(value) for value in moved.reshape(-1).tolist())


def _check_size(segmentation: dict[str, Any], size: Size) -> None:
    if list(segmentation.get("size") or ()) != list(size) or not isinstance(segmentation.get("counts"), str | list):
        raise ValueError(f"a run-length mask of size {segmentation.get('size')} doesn't fit a picture of height and width "
                         f"{list(size)}")


def _ring(numbers: Sequence[float]) -> Ring:
    if not isinstance(numbers, list) or len(numbers) < 6 or len(numbers) % 2:
        raise ValueError(f"a polygon is a list of at least three points x, y, not {str(numbers)[:60]}")
    return np.array(numbers, dtype=np.float64).reshape(-1, 2)


def _rounded(ring: Ring, size: Size) -> Ring:
    return np.asarray(np.clip(ring.round(DIGITS), 0, (size[1], size[0])) + 0.0)  # + 0.0: no minus zero


def _without_repeats(ring: Ring) -> Ring:
    return ring[(ring != np.roll(ring, 1, axis=0)).any(axis=1)]


def _hull(rings: Sequence[Ring], size: Size) -> Box | None:
    points = np.concatenate(rings)
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    width, height = (_fitting(low, high, side) for low, high, side in ((left, right, size[1]), (top, bottom, size[0])))
    return (left, top, width, height) if width > 0 and height > 0 else None


def _fitting(low: float, high: float, side: int) -> float:
    """Return ``high - low``, rounded, so that adding it to ``low`` doesn't pass ``side`` by the last bit."""
    length = round(high - low, DIGITS)
    while low + length > side:
        length = float(np.nextafter(length, 0))
    return length


def _as_polygon(box: Box) -> list[list[float]]:
    x, y, width, height = box
    right, bottom = round(x + width, DIGITS), round(y + height, DIGITS)
    return [[x, y, right, y, right, bottom, x, bottom]]


def _covered(rings: Sequence[Ring]) -> float:
    """Return the area of polygons; where two may lie on each other, by their pixels, so that none counts twice."""
    total = sum(abs(signed_area(ring)) for ring in rings)
    if any(_touch(one, other) for index, one in enumerate(rings) for other in rings[:index]):
        low = np.floor(np.concatenate(rings).min(axis=0))
        width, height = (np.ceil(np.concatenate(rings).max(axis=0)) - low).astype(int).tolist()
        drawn = float(fill([[ring - low] for ring in rings], height, width).sum())
        total = min(total, max(drawn, *(abs(signed_area(ring)) for ring in rings)))
    return round(total, DIGITS)


def _touch(one: Ring, other: Ring) -> bool:
    return bool((one.min(axis=0) < other.max(axis=0)).all() and (other.min(axis=0) < one.max(axis=0)).all())


def _mask(figure: Figure, size: Size) -> Shape:
    mask = fill(figure.groups, *size)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None, 0.0, None
    left, top = int(columns[0]), int(rows[0])
    box = (float(left), float(top), float(columns[-1] + 1 - left), float(rows[-1] + 1 - top))
    return box, float(mask.sum()), rle.encode(mask, compressed=figure.packed)


def _plain(value: float) -> float:
    """COCO writes keypoints as whole numbers where they are."""
    return int(value) if value == int(value) else value
