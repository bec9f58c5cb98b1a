"""Which pixels of a picture a pipeline hid: behind holes, or under what a transform drew over them.

A hole's rectangle is a parameter of the transform. What is drawn over a picture has no outline that
could be read off, so the transform is applied twice more with the same parameters: to the picture
made a little brighter, and a little darker. A pixel that comes out the same each time no longer
depends on what was there. A shadow, thin fog or a change of colour lets the difference through.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from coco_recipe_albumentations.moves import Fired, Size, is_still, moves
from numpy.typing import NDArray

from coco_recipe_pictures.geometry.rings import Mask

Picture = NDArray[np.uint8]
# those of the pinned library that can cover a pixel; others may blur, recolour or add noise to it
COVERS = {
    "PixelDropout",
    "SaltAndPepper",
    "RandomSunFlare",
    "RandomShadow",
    "PlasmaShadow",
    "RandomFog",
    "RandomSnow",
    "RandomRain",
    "RandomGravel",
    "Spatter",
}
STEP = 32  # of 255: by how much the picture is made brighter and darker
PART = 10  # a pixel is hidden if no more than a tenth of the difference comes through


def hidden_by(
    name: str,
    params: Mapping[str, Any],
    before: Picture,
    after: Picture,
    again: Callable[[Picture], Picture],
) -> Mask | None:
    """Return which pixels (H, W) one call of a transform hid; None where it hid none.

    Args:
        name: the transform's.
        params: what it sampled.
        before: the picture that it got, uint8 (H, W, C); of fewer channels than three, none is
            hidden, since the others, which it didn't get, still show.
        after: what it made of it.
        again: applies it with the same parameters to another picture.
    """
    hidden = None
    if "holes" in params:
        hidden = _in_holes(params["holes"], (before.shape[0], before.shape[1]))
    elif name in COVERS and before.ndim == 3 and before.shape[2] >= 3:
        hidden = _drawn_over(before, after, again)
    return hidden if hidden is not None and hidden.any() else None


def hidden_after(fired: Iterable[Fired], size: Size) -> Mask | None:
    """Return which pixels are hidden in the picture that the transforms made; None where none is.

    Pixels that one transform hid are moved by those after it, as its own masks are; hidden by two
    is hidden once.

    Args:
        fired: the transforms, in order.
        size: (height, width) of the picture before the first.
    """
    hidden: Mask | None = None
    for one in fired:
        if hidden is not None and moves(one.transform) and not is_still(one):
            hidden = _moved(hidden, one)
        if one.hidden is not None:
            hidden = one.hidden if hidden is None else hidden | one.hidden
    return hidden


def _moved(hidden: Mask, fired: Fired) -> Mask:
    moved = fired.transform.apply_to_mask(hidden.astype(np.uint8) * 255, **fired.params)
    return np.asarray(moved > 127, dtype=np.bool_)


def _in_holes(holes: Any, size: Size) -> Mask:
    """Draw rectangles: left, top, right, bottom in pixels."""
    hidden = np.zeros(size, dtype=np.bool_)
    sides = np.reshape(np.asarray(holes, dtype=int), (-1, 4)).clip(0)
    for left, top, right, bottom in sides.tolist():
        hidden[top:bottom, left:right] = True
    return hidden


def _drawn_over(before: Picture, after: Picture, again: Callable[[Picture], Picture]) -> Mask:
    """Return where brighter and darker pictures come out as the picture did, in every channel."""
    import cv2

    step = np.full_like(before, STEP)
    brighter, darker = cv2.add(before, step), cv2.subtract(before, step)
    difference = cv2.subtract(brighter, darker)
    first, second = again(brighter), again(darker)
    highest, lowest = cv2.max(first, second), cv2.min(first, second)
    spread = cv2.subtract(cv2.max(highest, after), cv2.min(lowest, after))
    shows = cv2.split(cv2.subtract(spread, difference // PART))  # stops at 0
    return np.asarray(np.bitwise_or.reduce(shows) == 0, dtype=np.bool_)
