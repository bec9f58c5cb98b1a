"""Places under keys whose meaning is known: COCO-WholeBody's parts, CVAT's rotation.

COCO-WholeBody (https://github.com/jin-s13/COCO-WholeBody) gives a person boxes and keypoints of the
face, the hands and the feet. CVAT gives a box that is turned about its middle as ``bbox``,
unturned, and ``attributes.rotation``, in degrees with the clock (https://docs.cvat.ai, "Rotated
bounding box").
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from coco_recipe import Annotation, TurnedBox, body_parts, extras, turned_box, with_extras
from coco_recipe_pictures.geometry.judging import Left

if TYPE_CHECKING:
    from coco_recipe_pictures.geometry.instance import Instance

Pairs = tuple[tuple[int, int], ...]


def _mirror_images(*ranges: tuple[int, int]) -> Pairs:
    """Return the pairs of each range (first, last) of points from one side to the other."""
    return tuple(
        (first + n, last - n) for first, last in ranges for n in range((last - first + 1) // 2)
    )


# the order of 300-W's 68 points: jaw, brows, nostrils, eyes (corner to corner), lips
_FACE = (
    *_mirror_images((0, 16), (17, 26), (31, 35), (48, 54), (55, 59), (60, 64), (65, 67)),
    (36, 45),
    (37, 44),
    (38, 43),
    (39, 42),
    (40, 47),
    (41, 46),
)
_FEET = ((0, 3), (1, 4), (2, 5))  # big toe, small toe, heel of the left foot; those of the right
_POINTS: dict[str, tuple[int | None, Pairs]] = {  # how many (None: any), and which trade places
    "face_kpts": (68, _FACE),
    "foot_kpts": (6, _FEET),
    "lefthand_kpts": (None, ()),
    "righthand_kpts": (None, ()),
}
ROTATION = "attributes.rotation"


def of(row: Annotation) -> dict[str, "Instance"]:
    """Return the geometry of a row's boxes and keypoints of parts, by key."""
    from coco_recipe_pictures.geometry.instance import Instance

    found = {}
    for key, value in _parts(row):
        numbers = tuple(map(float, value))
        if key in body_parts.BOXES:
            found[key] = Instance(numbers, None, None)  # type: ignore[arg-type]
        else:
            found[key] = Instance(None, None, numbers, _POINTS[key][1])
    return found


def known(row: Annotation, *, warps: bool) -> set[str]:
    """Return the keys of a row whose places are moved here.

    A box doesn't stay a turned box in a warp.
    """
    return {key for key, _ in _parts(row)} | (
        {ROTATION} if turned_box(row) and not warps else set()
    )


def moved(row: Annotation, left: Mapping[str, Left], *, mirrored: bool) -> Annotation:
    """Return a row with the parts' new places; what has gone is 0, and no longer ``<part>_valid``.

    Args:
        row: the row.
        left: what is left of each part, by its key.
        mirrored: hands trade places.
    """
    has_hands = any(_other_hand(key) != key for key in row.__struct_encode_fields__)
    if not left and not (mirrored and has_hands):
        return row
    values = {
        key: value
        for key, value in extras(row)
        if key in left or key.endswith("_valid") or _other_hand(key) != key
    }
    before = set(values)
    for key, part in left.items():
        found = part.bbox if key in body_parts.BOXES else part.keypoints
        values[key] = list(found or [0.0] * len(values[key]))
        valid = body_parts.valid_key(key)
        if valid in values and not any(values[key]):
            values[valid] = False
    if mirrored:
        values = {_other_hand(key): value for key, value in values.items()}
    own = dict(zip(row.__struct_encode_fields__, row.__struct_fields__, strict=True))
    gone = {own[key]: UNSET for key in before - set(values)}
    return with_extras(msgspec.structs.replace(row, **gone), values)  # type: ignore[no-any-return]


def _parts(row: Annotation) -> Iterator[tuple[str, list[float]]]:
    """Yield the keys of a row that hold a box or keypoints of a part, with their numbers."""
    keys = (body_parts.BOXES | set(_POINTS)) & set(row.__struct_encode_fields__)
    for key, value in extras(row) if keys else ():
        if key not in keys or not _numbers(value) or not any(value):
            continue
        count = 4 if key in body_parts.BOXES else 3 * (_POINTS[key][0] or len(value) // 3)
        if len(value) == count and (key not in body_parts.BOXES or min(value[2:]) > 0):
            yield key, value


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, int | float) and not isinstance(one, bool) and isfinite(one)
        for one in value
    )


def _other_hand(key: str) -> str:
    for one, other in (("lefthand_", "righthand_"), ("righthand_", "lefthand_")):
        if key.startswith(one):
            return other + key.removeprefix(one)
    return key


def through(box: TurnedBox, matrix: Sequence[float]) -> TurnedBox:
    """Return where a matrix sends a turned box, to two digits.

    Where the matrix keeps no right angles, it is the smallest one around the moved corners.

    Args:
        matrix: 3x3, row by row, for places in pixels.
    """
    corners = [_sent(matrix, corner) for corner in box.corners()]
    across, up = _between(corners[0], corners[1]), _between(corners[3], corners[0])
    if not _is_rectangle(corners, across, up):
        return _smallest_around(corners, up)
    middle = (corners[0][0] + corners[2][0]) / 2, (corners[0][1] + corners[2][1]) / 2
    return _turned(middle, math.hypot(*across), math.hypot(*up), up)


def with_turned_box(
    row: Annotation,
    source: Annotation,
    matrix: Sequence[float],
    size: tuple[int, int],
    *,
    or_upright: bool = False,
) -> Annotation:
    """Return a copy's row with the turned box of its source, moved.

    One as it was stays to the last digit.

    What the picture cut off is taken off the box as far as it stays one of its angle (see
    `TurnedBox.within`). Its area scales with the box, where it isn't the segmentation's.

    Args:
        row: the copy's row.
        source: the row that it is a copy of.
        matrix: 3x3, row by row, for places in pixels.
        size: (width, height) of the copy.
        or_upright: as for `turned_box`.
    """
    before = turned_box(source, or_upright=or_upright)
    if before is None:
        return row
    is_still = tuple(matrix) == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    moved = before if is_still else through(before, matrix)
    seen = moved.within(*size)
    after = moved if seen is None or seen is moved else rounded(seen)
    if after is before:
        return msgspec.structs.replace(
            row, bbox=source.bbox, **({} if _is_filled(row.segmentation) else {"area": source.area})
        )
    changes: dict[str, Any] = {"bbox": after.box}
    if isinstance(source.area, int | float) and not _is_filled(row.segmentation):
        share = after.box[2] * after.box[3] / (before.box[2] * before.box[3])
        changes["area"] = round(source.area * share, 2)
    attributes = dict(extras(row))["attributes"] | {"rotation": after.degrees}
    turned: Annotation = msgspec.structs.replace(row, **changes)
    turned = with_extras(turned, {"attributes": attributes})
    return turned


def _is_filled(segmentation: Any) -> bool:
    return isinstance(segmentation, msgspec.Raw) and bool(msgspec.json.decode(segmentation))


def _sent(matrix: Sequence[float], place: tuple[float, float]) -> tuple[float, float]:
    x, y, w = (
        sum(a * b for a, b in zip(matrix[n : n + 3], (*place, 1.0), strict=True)) for n in (0, 3, 6)
    )
    return x / w, y / w


def _between(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return other[0] - one[0], other[1] - one[1]


def _is_rectangle(
    corners: Sequence[tuple[float, float]], across: tuple[float, float], up: tuple[float, float]
) -> bool:
    """Report whether corners make a rectangle, to a hundredth of a pixel.

    Its sides are at right angles, and opposite sides are equal.
    """
    slant = abs(across[0] * up[0] + across[1] * up[1]) / max(math.hypot(*across), math.hypot(*up))
    back = _between(corners[3], corners[2])
    return slant < 0.01 and math.dist(across, back) < 0.01


def _smallest_around(corners: Sequence[tuple[float, float]], up: tuple[float, float]) -> TurnedBox:
    """Return the smallest turned box around places, with the side on top that was there."""
    import cv2
    import numpy as np

    middle, (w, h), degrees = cv2.minAreaRect(np.asarray(corners, dtype=np.float32))
    candidates = [
        (degrees + turn, *((h, w) if turn % 180 else (w, h))) for turn in (0, 90, 180, 270)
    ]

    def fit(candidate: tuple[float, float, float]) -> float:
        radians = math.radians(candidate[0])
        return math.sin(radians) * up[0] - math.cos(radians) * up[1]

    best, w, h = max(candidates, key=fit)
    radians = math.radians(best)
    return _turned(
        (float(middle[0]), float(middle[1])), w, h, (math.sin(radians), -math.cos(radians))
    )


def _turned(middle: tuple[float, float], w: float, h: float, up: tuple[float, float]) -> TurnedBox:
    degrees = math.degrees(math.atan2(up[0], -up[1])) % 360
    return rounded(TurnedBox((middle[0] - w / 2, middle[1] - h / 2, w, h), degrees))


def rounded(box: TurnedBox) -> TurnedBox:
    """Return a turned box with two digits."""
    sides = tuple(round(side, 2) + 0.0 for side in box.box)
    return TurnedBox(sides, round(box.degrees, 2) % 360)  # type: ignore[arg-type]
