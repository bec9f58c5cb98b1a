"""An annotation's geometry in a picture, and what is left of it in another.

Boxes, areas and polygons are in pixels, x to the right and y down, from the corner of the first
pixel; keypoints count pixels, as COCO has them.
"""

from dataclasses import dataclass
from typing import Any

Box = tuple[float, float, float, float]


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

    ``visibility`` is the share of the original that can be seen, 0 to 1; ``hidden`` the share of
    what is left that a transform drew over (see `hiding`), ``hidden_keypoints`` how many of its
    keypoints no longer can be seen by that. ``scale`` is by how much its area is larger than that
    of the original. One that a border shows again is of annotation ``of``; ``tiles`` are the places
    (column, row) of its tile, for each transform with such a border; ``mirrored`` tells whether
    these tiles mirror it.
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
