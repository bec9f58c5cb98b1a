"""Which pixels of a picture one call of a transform hid: behind holes, or under what it drew."""

from collections.abc import Callable

from coco_recipe_pictures.geometry.hiding import Picture, drawn_over, in_holes
from coco_recipe_pictures.geometry.rings import Mask

from coco_recipe import Params
from coco_recipe_albumentations.effects import COVERS


def hidden_by(
    name: str,
    params: Params,
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
        hidden = in_holes(params["holes"], (before.shape[0], before.shape[1]))
    elif name in COVERS and before.ndim == 3 and before.shape[2] >= 3:
        hidden = drawn_over(before, after, again)
    return hidden if hidden is not None and hidden.any() else None
