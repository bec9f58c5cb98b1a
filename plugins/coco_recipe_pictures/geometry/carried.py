"""Send a picture with its annotations through an Albumentations pipeline; boxes, areas and masks are derived once, at the end.

The library moves the pixels. What it did to places is read off the parameters of the transforms that fired, so that each
annotation's own corners, vertices, mask or keypoints are followed through the whole pipeline, and no hull is taken of a hull.
"""

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from coco_recipe_albumentations.library import albumentations
from coco_recipe_albumentations.moves import (
    Fired,
    is_mirrored,
    is_still,
    leaves,
    matrix_of,
    moves,
    product,
    warp_of,
)
from numpy.typing import NDArray

from coco_recipe_pictures.geometry import recorded, repeats, rle, shapes
from coco_recipe_pictures.geometry.hiding import hidden_after, hidden_by
from coco_recipe_pictures.geometry.rings import (
    Mask,
    Ring,
    bridged,
    crosses_itself,
    fill,
    outline,
    rectangle,
    signed_area,
)
from coco_recipe_pictures.geometry.shapes import Shape

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]
DIGITS = 2
SMALLEST_PX = (
    0.01  # the least side of a box, and the least square root of an area, that two digits can write
)
MOST_NUMBERS = 64


@dataclass(frozen=True, slots=True)
class Instance:
    """One annotation's geometry in the source picture, as COCO has it, in pixels.

    Attributes:
        bbox: x, y, w, h.
        segmentation: polygons, or a run-length mask; None where there is none.
        keypoints: x, y, v of each; x and y count pixels, so that (0, 0) is the middle of the first.
        swap: pairs of keypoints, counted from 0, that trade places in a mirrored picture.
    """

    bbox: Box | None
    segmentation: Any
    keypoints: tuple[float, ...] | None
    swap: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """What is left of an annotation in the new picture.

    ``visibility`` is the share of the original that can be seen, 0 to 1; ``hidden`` the share of what is left that
    a transform drew over (see `hiding`), ``hidden_keypoints`` how many of its keypoints no longer can be seen by that.
    ``scale`` is by how much its area is larger than that of the original. One that
    a border shows again is of annotation ``of``; ``tiles`` are the places (column, row) of its tile, for each transform
    with such a border; ``mirrored`` tells whether these tiles mirror it.
    """

    visibility: float
    bbox: Box | None
    area: float
    segmentation: Any
    keypoints: tuple[float, ...] | None
    num_keypoints: int | None
    hidden: float = 0.0
    scale: float = 1.0
    of: int | None = None
    tiles: tuple[tuple[int, int], ...] = ()
    mirrored: bool = False
    hidden_keypoints: int = 0


@dataclass(frozen=True, slots=True)
class Carried:
    """What a pipeline made of a picture.

    Attributes:
        picture: uint8 (H, W, 3), RGB.
        moved: what is left of each annotation, in order; then those that a border shows again.
        applied: the transforms that fired, with their parameters.
        mirrored: left and right have traded places.
        matrix: 3x3, for places in pixels, row by row; None unless it was asked for.
    """

    picture: Picture
    moved: tuple[Moved, ...]
    applied: tuple[tuple[str, dict[str, Any]], ...]
    mirrored: bool
    matrix: tuple[float, ...] | None


class Carrier:
    """A pipeline that takes annotations along.

    Args:
        transforms: Albumentations transforms.

    Raises:
        ValueError: one of them can't be followed; names it.
    """

    def __init__(self, transforms: Sequence[Any]) -> None:
        self.instances: Sequence[Instance] = ()
        self.size: Any = ()
        self.fired: list[Fired] = []
        for leaf in {
            id(leaf): leaf for leaf in leaves(transforms)
        }.values():  # one that stands there twice is heard once
            self._listen(leaf)
            if any("BBox" in base.__name__ for base in type(leaf).__mro__):
                self._show_boxes(leaf)
        self.compose = albumentations().Compose(list(transforms))

    def _listen(self, leaf: Any) -> None:
        """Take down each call of a transform that fires, inside OneOf and the like too."""
        apply = leaf.apply_with_params

        def listened(params: dict[str, Any], *args: Any, **data: Any) -> Any:
            before = data["image"]
            result = apply(params, *args, **data)
            after, hidden = result["image"], None
            if self.instances:
                hidden = hidden_by(
                    type(leaf).__name__,
                    params,
                    before,
                    after,
                    lambda picture: apply(params, image=picture)["image"],
                )
            self.fired.append(Fired(leaf, params, before.shape[:2], after.shape[:2], hidden))
            return result

        leaf.apply_with_params = listened

    def _show_boxes(self, leaf: Any) -> None:
        """Let a transform that looks at boxes see them where they are by now; the library's own would be hulls of hulls."""
        ask = leaf.get_params_dependent_on_data

        def asked(params: dict[str, Any], data: dict[str, Any]) -> Any:
            return ask(params, {**data, "bboxes": self._boxes(data["image"].shape[:2])})

        leaf.get_params_dependent_on_data = asked

    def _boxes(self, size: Any) -> NDArray[np.float64]:
        """Return what there is of boxes (N, 4): left, top, right, bottom as shares of the picture's width and height."""
        left = [
            one.bbox
            for one in _followed(self.instances, self.fired, self.size, size)
            if one.bbox and one.visibility > 0
        ]
        x, y, w, h = np.reshape(left, (-1, 4)).T
        shares: NDArray[np.float64] = np.clip(
            np.stack([x, y, x + w, y + h], axis=1) / (*size[::-1], *size[::-1]), 0, 1
        )
        return shares[(shares[:, 2:] > shares[:, :2]).all(axis=1)]

    def __call__(
        self,
        picture: Picture,
        instances: Sequence[Instance],
        key: int,
        *,
        with_matrix: bool = False,
    ) -> Carried:
        """Send one picture through the pipeline.

        Args:
            picture: uint8 (H, W, 3), RGB.
            instances: its annotations; boxes and polygons are finite numbers.
            key: all randomness of this call depends on it, and on nothing else.
            with_matrix: return the matrix of the whole pipeline; each transform must have one.

        Raises:
            ValueError: a segmentation isn't what it should be.
        """
        self.fired.clear()
        self.compose.set_random_state(np.random.default_rng(key), random.Random(key))
        self.instances, self.size = instances, picture.shape[:2]
        result = self.compose(image=picture)["image"]
        applied = tuple((type(one.transform).__name__, _plain(one.params)) for one in self.fired)
        moved = _followed(instances, self.fired, self.size, result.shape[:2])
        matrix = tuple(product(self.fired).ravel().tolist()) if with_matrix else None
        return Carried(result, moved, applied, is_mirrored(self.fired), matrix)


def _followed(
    instances: Sequence[Instance], fired_so_far: Sequence[Fired], before: Any, after: Any
) -> tuple[Moved, ...]:
    """Return what is left of annotations after the transforms that fired; sizes are (height, width)."""
    moving = [one for one in fired_so_far if moves(one.transform) and not is_still(one)]
    hidden = hidden_after(fired_so_far, before)
    if not moving and hidden is None:
        return tuple(_unmoved(one, before) for one in instances)
    carried = [replace(_shape(one, before), of=n) for n, one in enumerate(instances)]
    boxes = [
        box
        for n, (one, shape) in enumerate(zip(instances, carried, strict=True))
        if moving and one.bbox and one.segmentation
        for box in recorded.recorded(n, one.bbox, shape)
    ]
    moved = _moved(instances, carried, moving, before, after)
    sides = recorded.moved(boxes, moving)
    for i, shape in enumerate(carried if sides else ()):
        if (box := sides.get((shape.of, shape.tiles))) and shape.of is not None:
            moved[i] = _with_box(moved[i], instances[shape.of], _box(box, after))
    if hidden is not None:
        moved = [_behind(one, shape, hidden) for one, shape in zip(moved, carried, strict=True)]
    return tuple(
        one
        for one, shape in zip(moved, carried, strict=True)
        if one.of is None or (one.visibility > 0 and (one.num_keypoints or repeats.shows(shape)))
    )


def _moved(
    instances: Sequence[Instance],
    carried: list[Shape],
    moving: Sequence[Fired],
    before: Any,
    after: Any,
) -> list[Moved]:
    """Send shapes through the transforms that moved pixels, and return what is left of their annotations.

    What a border shows again stands behind the others, in ``carried`` and in what is returned.
    """
    if not moving:
        return [_unmoved(one, before) for one in instances]
    stretch, is_back, number = None, True, len(instances)
    for fired in moving:
        matrix = matrix_of(fired)
        if repeats.repeats(fired):
            if stretch:
                shapes.finish(carried, stretch)
            stretch, is_back, carried[:] = None, False, repeats.followed(carried, fired)
            continue
        if matrix is not None:
            stretch = stretch or shapes.begin(carried)
            shapes.step(carried, stretch, matrix, fired.after)
            continue
        is_back = False
        if stretch:
            shapes.finish(carried, stretch)
            stretch = None
        shapes.warp(carried, warp_of(fired))
    if stretch:
        shapes.finish(carried, stretch)
        # two flips, or a crop padded again
        is_back = is_back and before == after and bool((stretch.total == np.eye(3)).all())
    was_cut = stretch.was_cut if stretch else [True] * len(carried)
    mirrors = is_mirrored(moving)
    own = [
        _unmoved(one, after)
        if stretch and is_back and not cut and not np.isnan(shape.points).any()
        else _out(one, shape, after, mirrors)
        for one, shape, cut in zip(instances, carried[:number], was_cut[:number], strict=True)
    ]
    copies = repeats.copies(carried)
    carried[number:] = [shape for _, shape in copies]
    return own + [_out_again(instances[of], shape, after, mirrors) for of, shape in copies]


def _out_again(one: Instance, shape: Shape, size: Any, mirrors: bool) -> Moved:
    """Return what a border shows again of an annotation."""
    moved = _out(one, shape, size, mirrors ^ shape.mirrored)
    return replace(moved, of=shape.of, tiles=shape.tiles, mirrored=shape.mirrored)


def _with_box(moved: Moved, one: Instance, box: Box | None) -> Moved:
    """Give a moved annotation its own box in place of its segmentation's."""
    if box is None or moved.visibility <= 0 or moved.segmentation == one.segmentation:
        return moved
    return replace(moved, bbox=box)


def _behind(moved: Moved, shape: Shape, hidden: Mask) -> Moved:
    """Lower the visibility of an annotation by the share of its pixels that are hidden; hidden keypoints are v 1."""
    moved = _with_hidden_points(moved, hidden)
    if not shape.groups or moved.visibility <= 0:
        return moved
    mask = fill(shape.groups, *hidden.shape)
    pixels = int(mask.sum())
    if not pixels:
        return moved
    share = int((mask & hidden).sum()) / pixels
    return replace(moved, visibility=moved.visibility * (1 - share), hidden=share)


def _with_hidden_points(moved: Moved, hidden: Mask) -> Moved:
    """Say of visible keypoints (v 2) whose pixel is hidden that they are labelled and not visible (v 1)."""
    points = list(moved.keypoints or ())
    height, width = hidden.shape
    covered = [
        n
        for n in range(0, len(points), 3)
        if points[n + 2] == 2
        and hidden[
            min(max(round(points[n + 1]), 0), height - 1), min(max(round(points[n]), 0), width - 1)
        ]
    ]
    for n in covered:
        points[n + 2] = 1
    return (
        replace(moved, keypoints=tuple(points), hidden_keypoints=len(covered)) if covered else moved
    )


def _shape(one: Instance, size: Any) -> Shape:
    """Return where an annotation is followed by: its mask's outline, its polygons, or its box's corners."""
    points: NDArray[np.float64] = np.empty((0, 2))
    if one.keypoints:
        points = np.reshape(one.keypoints, (-1, 3))[:, :2] + 0.5
        border = np.array([size[1], size[0]], dtype=np.float64)
        points = np.where(
            points <= border + 0.5, np.minimum(points, border), points
        )  # x may be the width itself
    if isinstance(one.segmentation, dict):
        mask = _mask(one.segmentation, size)
        return Shape([traced] if (traced := outline(mask)) else [], points, whole=float(mask.sum()))
    if one.segmentation:
        rings = [ring for ring in map(_ring, one.segmentation) if len(ring) > 2]
        crosses = any(map(crosses_itself, rings))
        return Shape(
            shapes.framed([[ring] for ring in rings], size),
            points,
            is_polygon=True,
            crosses=crosses,
            whole=_area(rings, size, crosses=crosses),
        )
    if one.bbox is None:
        return Shape([], points)
    return Shape([[rectangle(*one.bbox)]], points, whole=one.bbox[2] * one.bbox[3])


def _ring(polygon: Sequence[float]) -> Ring:
    if len(polygon) % 2 or not np.isfinite(np.asarray(polygon, dtype=np.float64)).all():
        raise ValueError(
            f"a polygon has {len(polygon)} numbers, or one that is not finite; it needs finite pairs x, y"
        )
    return np.reshape(np.asarray(polygon, dtype=np.float64), (-1, 2))


def _mask(encoded: dict[str, Any], size: Any) -> NDArray[np.bool_]:
    if list(encoded.get("size", ())) != [size[0], size[1]]:
        raise ValueError(
            f"a mask is of {encoded.get('size')} (height, width), the picture of {[size[0], size[1]]}"
        )
    return rle.decode(encoded)


def _out(one: Instance, shape: Shape, size: Any, mirrors: bool) -> Moved:
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
        box = _box((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1), size)
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
        box = _box(shapes.frame(shape.groups), size)
        if box is None or not (
            covered := _rounded(box[2] * box[3])
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
    box = _box(shapes.hull([rings]), size) if rings else None
    if box is None or not (covered := _area(rings, size, crosses=shape.crosses)):
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


def _polygons(shape: Shape, size: Any) -> list[Ring]:
    """Return one ring for each part, rounded and inside the picture; holes that a warp left are bridged to their border."""
    rings = [
        ring for group in shape.groups for ring in (_parts(group) if shape.is_traced else group)
    ]
    limits = np.array([size[1], size[0]], dtype=np.float64)
    return [np.clip(np.round(ring, DIGITS), 0, limits) for ring in rings]


def _parts(group: Sequence[Ring]) -> list[Ring]:
    """Join each hole with the smallest outer ring around it; the largest ring is no hole, and holes turn the other way."""
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


def _area(rings: Sequence[Ring], size: Any, *, crosses: bool) -> float:
    """Return the area that rings cover together; in pixels where they may overlap."""
    frames = [(*ring.min(axis=0), *ring.max(axis=0)) for ring in rings]
    apart = all(
        a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        for i, a in enumerate(frames)
        for b in frames[:i]
    )
    if apart:
        return _rounded(shapes.area([[ring] for ring in rings], crosses=crosses))
    return float(fill([[ring] for ring in rings], *size).sum())


def _box(sides: Sequence[float], size: Any) -> Box | None:
    """Round and cut a box; None where nothing is left that two digits can write."""
    left, top = max(_rounded(sides[0]), 0.0), max(_rounded(sides[1]), 0.0)
    right, bottom = min(_rounded(sides[2]), float(size[1])), min(_rounded(sides[3]), float(size[0]))
    box = (left, top, _fitting(left, right, size[1]), _fitting(top, bottom, size[0]))
    return box if min(box[2:]) >= SMALLEST_PX else None


def _fitting(low: float, high: float, side: float) -> float:
    """Return a box's width or height, such that ``low`` and it don't add up to the last bit more than the picture's side."""
    length = _rounded(high - low)
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
            (0, 0, 0) if gone else (*(max(_rounded(side - 0.5), 0.0) for side in place), flag)
        )
    for first, second in one.swap if mirrors else ():
        rows[first], rows[second] = rows[second], rows[first]
    return tuple(value for row in rows for value in row), sum(row[2] > 0 for row in rows)


def _unmoved(one: Instance, size: Any) -> Moved:
    """Return an annotation as it is, to the last digit."""
    if isinstance(one.segmentation, dict):
        covered = float(_mask(one.segmentation, size).sum())
    elif one.segmentation:
        rings = [ring for ring in map(_ring, one.segmentation) if len(ring) > 2]
        covered = _area(rings, size, crosses=any(map(crosses_itself, rings)))
    else:
        covered = one.bbox[2] * one.bbox[3] if one.bbox is not None else 0.0
    count = None if one.keypoints is None else sum(flag > 0 for flag in one.keypoints[2::3])
    return Moved(
        1.0, one.bbox or _own_box(one, size), covered, one.segmentation, one.keypoints, count
    )


def _own_box(one: Instance, size: Any) -> Box | None:
    """Return the box of a segmentation that came without one."""
    groups = _shape(one, size).groups if one.segmentation else []
    return _box(shapes.hull(groups), size) if groups else None


def _numbers(ring: Ring) -> list[float]:
    return [_rounded(value) for value in ring.reshape(-1)]


def _rounded(value: float) -> float:
    return round(float(value), DIGITS) + 0.0  # no -0.0


def _plain(value: Any) -> Any:
    """Return a parameter as JSON has it; a large array as its shape, type and hash."""
    if isinstance(value, np.ndarray):
        if value.size <= MOST_NUMBERS:
            return value.tolist()
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"shape": list(value.shape), "dtype": str(value.dtype), "sha256": digest}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(name): _plain(child) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
