"""Which pixels of a picture a pipeline hid: behind holes, or under what a transform drew over them.

A hole's rectangle is a parameter of the transform. What is drawn over a picture has no outline that
could be read off, so the transform is applied twice more with the same parameters: to the picture
made a little brighter, and a little darker. A pixel that comes out the same each time no longer
depends on what was there. A shadow, thin fog or a change of colour lets the difference through.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coco_recipe_pictures.geometry.move import Move, Size
from coco_recipe_pictures.geometry.rings import Mask

Picture = NDArray[np.uint8]
STEP = 32  # of 255: by how much the picture is made brighter and darker
PART = 10  # a pixel is hidden if no more than a tenth of the difference comes through


def hidden_after(moves: Iterable[Move], size: Size) -> Mask | None:
    """Return which pixels are hidden in the picture that the transforms made; None where none is.

    Pixels that one transform hid are moved by those after it, as its own masks are; hidden by two
    is hidden once.

    Args:
        moves: what the transforms did, in order.
        size: (height, width) of the picture before the first.
    """
    hidden: Mask | None = None
    for one in moves:
        if hidden is not None and not one.is_still:
            hidden = _moved(hidden, one)
        if one.hidden is not None:
            hidden = one.hidden if hidden is None else hidden | one.hidden
    return hidden


def _moved(hidden: Mask, move: Move) -> Mask:
    pixels = hidden.astype(np.uint8) * 255
    return np.asarray((move.send or _through(move))(pixels) > 127, dtype=np.bool_)


def _through(move: Move) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    """Return what sends a mask through a move's matrix; what comes from outside is not hidden."""
    import cv2

    assert move.matrix is not None, f"BUG: {move.name} sends no mask"
    to_corners, to_middles = np.eye(3), np.eye(3)
    to_corners[:2, 2] = 0.5
    to_middles[:2, 2] = -0.5
    middles = to_middles @ move.matrix @ to_corners
    return lambda mask: np.asarray(cv2.warpPerspective(mask, middles, move.after[::-1]), np.uint8)


def in_holes(holes: Any, size: Size) -> Mask:
    """Return the pixels (H, W) of holes.

    Args:
        holes: left, top, right and bottom of each, in pixels.
        size: (height, width) of the picture.
    """
    hidden = np.zeros(size, dtype=np.bool_)
    sides = np.reshape(np.asarray(holes, dtype=int), (-1, 4)).clip(0)
    for left, top, right, bottom in sides.tolist():
        hidden[top:bottom, left:right] = True
    return hidden


def drawn_over(before: Picture, after: Picture, again: Callable[[Picture], Picture]) -> Mask:
    """Return where brighter and darker pictures come out as the picture did, in every channel.

    Args:
        before: (H, W, C) uint8, the picture that the transform got.
        after: the picture that it made, of the same size.
        again: applies the transform with the same parameters to another picture.

    Returns:
        (H, W) bool.
    """
    import cv2

    step = np.full_like(before, STEP)
    brighter, darker = cv2.add(before, step), cv2.subtract(before, step)
    difference = cv2.subtract(brighter, darker)
    first, second = again(brighter), again(darker)
    highest, lowest = cv2.max(first, second), cv2.min(first, second)
    spread = cv2.subtract(cv2.max(highest, after), cv2.min(lowest, after))
    shows = cv2.split(cv2.subtract(spread, difference // PART))  # stops at 0
    return np.asarray(np.bitwise_or.reduce(shows) == 0, dtype=np.bool_)
