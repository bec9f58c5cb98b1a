"""The box that a row records beside a segmentation: one that is another box is moved as such."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from coco_recipe_pictures.geometry import repeats, shapes
from coco_recipe_pictures.geometry.move import Move
from coco_recipe_pictures.geometry.rings import Ring, rectangle
from coco_recipe_pictures.geometry.shapes import NEAR_PX, Shape

SAME_PX = 0.01  # what two digits can tell
SIDE_PX, SIDE_SHARE = 2.0, 0.05  # how far a box's side may be from its segmentation's
Sides = tuple[float, float, float, float]  # left, top, right, bottom
Tiles = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A box that isn't exactly its segmentation's.

    Attributes:
        place: the row's, among those of its picture.
        shape: the box's corners.
        fits: it is as near to its segmentation as `check` asks.
    """

    place: int
    shape: Shape
    fits: bool


def recorded(place: int, bbox: Sides, outline: Shape) -> Iterator[Recorded]:
    """Yield a row's box if it isn't exactly that of its segmentation.

    Args:
        place: the row's, among those of its picture.
        bbox: x, y, w, h.
        outline: of the segmentation, in the same picture.
    """
    if not outline.groups:
        return
    corners = rectangle(*bbox)
    hull = np.array(shapes.hull(outline.groups))
    off = np.abs(np.concatenate([corners[0], corners[2]]) - hull).max()
    if off > SAME_PX:
        allowed = max(SIDE_PX, SIDE_SHARE * max(*bbox[2:], *(hull[2:] - hull[:2])))
        yield Recorded(place, Shape([[corners]], np.empty((0, 2)), of=place), bool(off <= allowed))


def moved(
    boxes: Sequence[Recorded], moving: Sequence[Move]
) -> dict[tuple[int | None, Tiles], Sides]:
    """Send recorded boxes through transforms.

    A box that lies upright and whole in the end has its own sides. Of one that was cut or turned,
    or went through a map of pixels, only the hull is known: so it is left out where it fits its
    segmentation, whose box is the better one then. One that has left the picture is left out too.

    Args:
        boxes: in pixels of the first picture.
        moving: the transforms that move pixels, in order.

    Returns:
        Left, top, right and bottom in pixels, by the row's place and the tiles that show it.
    """
    if any(move.matrix is None for move in moving):
        boxes = [box for box in boxes if not box.fits]
    carried = [box.shape for box in boxes]
    for move in moving if carried else ():
        if move.border:
            carried = repeats.followed(carried, move)
        elif move.matrix is None:
            shapes.warp(carried, move.warped())
        else:
            stretch = shapes.begin(carried)
            shapes.step(carried, stretch, move.matrix, move.after)
            shapes.finish(carried, stretch)
    fits = {box.place for box in boxes if box.fits}
    return {
        (shape.of, shape.tiles): shapes.frame(shape.groups)
        for shape in carried
        if shape.groups and (shape.of not in fits or _is_whole(shape))
    }


def _is_whole(shape: Shape) -> bool:
    """Report whether a box still is one: four corners, upright, and nothing of it cut off."""
    (ring,) = shape.groups[0]
    return shape.visibility > 1 - NEAR_PX and len(ring) == 4 and _is_upright(ring)


def _is_upright(ring: Ring) -> bool:
    low, high = np.sort(ring, axis=0)[[0, 2]], np.sort(ring, axis=0)[[1, 3]]
    return bool((high - low <= NEAR_PX).all())
