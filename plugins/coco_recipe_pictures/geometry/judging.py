"""Whether enough of an annotation is left in a new picture, and the record of what is."""

from collections.abc import Mapping
from typing import Any

import msgspec

from coco_recipe_pictures.geometry.instance import Moved


class Left(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is left of one annotation in a copy.

    ``reason`` says why it is not in it; ``scale`` by how much its area has grown. One that a border
    shows again is of annotation ``of``, of those with a geometry counted from 0; ``tiles``,
    ``mirrored`` and ``hidden_keypoints`` are as in `instance.Moved`.
    """

    visibility: float
    bbox: tuple[float, float, float, float] | None = None
    area: float = 0
    segmentation: Any = None
    keypoints: tuple[float, ...] | None = None
    num_keypoints: int | None = None
    reason: str = ""
    scale: float = 1.0
    of: int | None = None
    tiles: tuple[tuple[int, int], ...] = ()
    mirrored: bool = False
    hidden_keypoints: int = 0


def judged(moved: Moved, limits: Mapping[str, float]) -> Left:
    """Return what is left of an annotation, with the reason why it is too little, if it is.

    Args:
        moved: what is left of it.
        limits: ``min_visibility`` (0 to 1), ``min_area_px`` (square pixels) and ``min_side_px``.
    """
    reason, box = "", moved.bbox
    if moved.visibility <= 0:
        reason = "nothing of it is left in the copy"
    elif moved.visibility < limits["min_visibility"]:
        reason = f"visibility is below min_visibility ({limits['min_visibility']})"
    elif box and moved.area * (1 - moved.hidden) < limits["min_area_px"]:
        reason = f"area is below min_area_px ({limits['min_area_px']})"
    elif box and min(box[2:]) < limits["min_side_px"]:
        reason = f"a side is below min_side_px ({limits['min_side_px']})"
    return Left(
        moved.visibility,
        moved.bbox,
        moved.area,
        moved.segmentation,
        moved.keypoints,
        moved.num_keypoints,
        reason,
        moved.scale,
        moved.of,
        moved.tiles,
        moved.mirrored,
        moved.hidden_keypoints,
    )
