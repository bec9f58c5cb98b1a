"""Follow annotations through what was done to their picture.

Each annotation's own corners, vertices, mask or keypoints go through all moves of the picture; its
box, area and segmentation are derived once, at the end, so that no hull is taken of a hull.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coco_recipe_pictures.geometry import recorded, repeats, shapes
from coco_recipe_pictures.geometry.hiding import hidden_after
from coco_recipe_pictures.geometry.instance import Box, Instance, Moved
from coco_recipe_pictures.geometry.left import box_within, left_of, unmoved
from coco_recipe_pictures.geometry.move import Mask, Matrix, Move, Size, is_mirrored, product
from coco_recipe_pictures.geometry.placed import shape_of
from coco_recipe_pictures.geometry.rings import fill
from coco_recipe_pictures.geometry.shapes import Shape

Applied = tuple[tuple[str, dict[str, Any]], ...]


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

    picture: NDArray[np.uint8]
    moved: tuple[Moved, ...]
    applied: tuple[tuple[str, dict[str, Any]], ...]
    mirrored: bool
    matrix: tuple[float, ...] | None


def carried(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    instances: Sequence[Instance],
    moves: Sequence[Move],
    applied: Applied,
    *,
    with_matrix: bool,
) -> Carried:
    """Return a picture that transforms made, with what is left of the annotations of its source.

    Args:
        before: the source, uint8 (H, W, 3).
        after: the picture that the transforms made of it, likewise.
        instances: the source's annotations.
        moves: what the transforms did, in order.
        applied: the transforms' names, with the parameters that they sampled as JSON has them.
        with_matrix: give the matrix of them all; each must have one.

    Raises:
        ValueError: as `followed`.
    """
    left = followed(instances, moves, _size(before), _size(after))
    matrix = tuple(product(moves).ravel().tolist()) if with_matrix else None
    return Carried(after, left, applied, is_mirrored(moves), matrix)


def _size(picture: NDArray[np.uint8]) -> Size:
    return int(picture.shape[0]), int(picture.shape[1])


def moved(instance: Instance, matrix: Matrix, before: Size, after: Size) -> Moved:
    """Return what is left of an annotation where a matrix makes a new picture.

    What lies outside the new picture is cut off. An annotation that the matrix leaves where it was
    keeps its numbers to the last digit.

    Args:
        instance: the annotation in the old picture, in pixels, as COCO has it.
        matrix: 3x3, from places of the old picture to places of the new one: pixels from the corner
            of the first pixel, x to the right and y down. A crop that begins at (left, top) is
            ``[[1, 0, -left], [0, 1, -top], [0, 0, 1]]``.
        before: (height, width) of the old picture, in pixels.
        after: (height, width) of the new picture, in pixels.

    Returns:
        Box, area, segmentation and keypoints in the new picture, and ``visibility``, the share of
        the annotation that is left, 0 to 1; of one without box and segmentation, 1 if a labelled
        keypoint is left.

    Raises:
        ValueError: a polygon isn't finite pairs, or a mask isn't of the old picture's size.
    """
    return followed([instance], [Move("matrix", before, after, matrix)], before, after)[0]


def boxes_left(
    instances: Sequence[Instance], moves: Sequence[Move], before: Size, after: Size
) -> NDArray[np.float64]:
    """Return the boxes that can still be seen, for a transform that looks at them.

    Args:
        instances: the annotations in the source picture.
        moves: what was done to it so far.
        before: (height, width) of the source picture, in pixels.
        after: (height, width) of the picture as it is now.

    Returns:
        (N, 4): left, top, right and bottom, as shares of the picture's width and height.
    """
    left = [
        one.bbox
        for one in followed(instances, moves, before, after)
        if one.bbox and one.visibility > 0
    ]
    x, y, w, h = np.reshape(left, (-1, 4)).T
    shares: NDArray[np.float64] = np.clip(
        np.stack([x, y, x + w, y + h], axis=1) / (*after[::-1], *after[::-1]), 0, 1
    )
    return shares[(shares[:, 2:] > shares[:, :2]).all(axis=1)]


def followed(
    instances: Sequence[Instance], moves: Sequence[Move], before: Size, after: Size
) -> tuple[Moved, ...]:
    """Return what is left of annotations after transforms.

    Args:
        instances: the annotations in the source picture.
        moves: what the transforms did, in order.
        before: (height, width) of the source picture, in pixels.
        after: (height, width) of the picture that the last made.

    Returns:
        One for each annotation, in order; then those that a border shows again.

    Raises:
        ValueError: a segmentation isn't what it should be, or a border shows the picture too often.
    """
    moving = [move for move in moves if not move.is_still]
    hidden = hidden_after(moves, before)
    if not moving and hidden is None:
        return tuple(unmoved(one, before) for one in instances)
    carried = [replace(shape_of(one, before), of=n) for n, one in enumerate(instances)]
    boxes = [
        box
        for n, (one, shape) in enumerate(zip(instances, carried, strict=True))
        if moving and one.bbox and one.segmentation
        for box in recorded.recorded(n, one.bbox, shape)
    ]
    moved = _sent(instances, carried, moving, before, after)
    sides = recorded.moved(boxes, moving)
    for i, shape in enumerate(carried if sides else ()):
        if (box := sides.get((shape.of, shape.tiles))) and shape.of is not None:
            moved[i] = _with_box(moved[i], instances[shape.of], box_within(box, after))
    if hidden is not None:
        moved = [_behind(one, shape, hidden) for one, shape in zip(moved, carried, strict=True)]
    return tuple(
        one
        for one, shape in zip(moved, carried, strict=True)
        if one.of is None or (one.visibility > 0 and (one.num_keypoints or repeats.shows(shape)))
    )


def _sent(
    instances: Sequence[Instance],
    carried: list[Shape],
    moving: Sequence[Move],
    before: Size,
    after: Size,
) -> list[Moved]:
    """Return what is left of annotations whose shapes go through the transforms that moved pixels.

    What a border shows again stands behind the others, in ``carried`` and in what is returned.
    """
    if not moving:
        return [unmoved(one, before) for one in instances]
    stretch, is_back, number = None, True, len(instances)
    for move in moving:
        if move.border:
            if stretch:
                shapes.finish(carried, stretch)
            stretch, is_back, carried[:] = None, False, repeats.followed(carried, move)
            continue
        if move.matrix is not None:
            stretch = stretch or shapes.begin(carried)
            shapes.step(carried, stretch, move.matrix, move.after)
            continue
        is_back = False
        if stretch:
            shapes.finish(carried, stretch)
            stretch = None
        shapes.warp(carried, move.warped())
    if stretch:
        shapes.finish(carried, stretch)
        # two flips, or a crop padded again
        is_back = is_back and before == after and bool((stretch.total == np.eye(3)).all())
    was_cut = stretch.was_cut if stretch else [True] * len(carried)
    mirrors = is_mirrored(moving)
    own = [
        unmoved(one, after)
        if stretch and is_back and not cut and not np.isnan(shape.points).any()
        else left_of(one, shape, after, mirrors)
        for one, shape, cut in zip(instances, carried[:number], was_cut[:number], strict=True)
    ]
    copies = repeats.copies(carried)
    carried[number:] = [shape for _, shape in copies]
    return own + [_out_again(instances[of], shape, after, mirrors) for of, shape in copies]


def _out_again(one: Instance, shape: Shape, size: Size, mirrors: bool) -> Moved:
    """Return what a border shows again of an annotation."""
    moved = left_of(one, shape, size, mirrors ^ shape.mirrored)
    return replace(moved, of=shape.of, tiles=shape.tiles, mirrored=shape.mirrored)


def _with_box(moved: Moved, one: Instance, box: Box | None) -> Moved:
    """Give a moved annotation its own box in place of its segmentation's."""
    if box is None or moved.visibility <= 0 or moved.segmentation == one.segmentation:
        return moved
    return replace(moved, bbox=box)


def _behind(moved: Moved, shape: Shape, hidden: Mask) -> Moved:
    """Lower the visibility of an annotation by the share of its pixels that are hidden.

    Hidden keypoints are v 1.
    """
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
    """Return the annotation with its hidden keypoints labelled but not visible (v 1, not 2)."""
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
