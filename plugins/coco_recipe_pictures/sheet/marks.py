"""Draw one annotation on a scaled picture: mask, box, keypoints, and a plate with its name."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from coco_recipe_pictures.sheet import fonts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.ImageDraw import ImageDraw

Picture: TypeAlias = "NDArray[np.uint8]"
Points: TypeAlias = "NDArray[np.float64]"  # (N, 2), pixels of the scaled picture
Colour: TypeAlias = tuple[int, int, int]
Rectangle: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom
Scale: TypeAlias = tuple[float, float]  # of x, of y

# Okabe and Ito 2008 without black, then five of Paul Tol's muted scheme: told apart with every
# colour blindness
PALETTE: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (51, 34, 136),
    (68, 170, 153),
    (136, 34, 85),
    (153, 153, 51),
    (170, 68, 153),
)
DROPPED: Colour = (220, 0, 40)
HALO: Colour = (20, 20, 20)
INK: Colour = (25, 25, 25)
WHITE: Colour = (255, 255, 255)
TINT = 0.3  # how much of its category's colour a mask takes on
LINE_PX, DASH_PX, GAP_PX, SMALLEST_BOX_PX = 2, 6, 5, 8
PLATE_PX, WIDEST_PLATE_PX, NEAR_PX = 16, 260, 24
FAR = 1e5


@dataclass(frozen=True, slots=True)
class Mark:
    """One annotation to draw, in pixels of its picture.

    ``colour`` is the category's index, ``number`` its id. ``bbox`` is x y w h; ``segmentation`` is
    COCO's polygons or RLE; ``keypoints`` are x y v triples. A mark with a ``reason`` was dropped:
    it is drawn dashed, with the reason. ``score`` is how sure a detector is, from 0 to 1.
    """

    label: str
    colour: int
    bbox: tuple[float, float, float, float] | None
    segmentation: list[list[float]] | dict[str, Any] | None
    keypoints: tuple[float, ...] | None
    reason: str = ""
    number: int | None = None
    score: float | None = None

    @property
    def paint(self) -> Colour:
        """What it is drawn with."""
        return DROPPED if self.reason else PALETTE[self.colour % len(PALETTE)]


@dataclass(frozen=True, slots=True)
class Writing:
    """The fonts of a sheet, large and small, and the characters of its names that they lack."""

    text: "fonts.Font"
    small: "fonts.Font"
    lacking: frozenset[str]

    def plate(self, mark: Mark) -> str:
        """Return the text of a mark's plate: its category's name, score, and the reason.

        The id stands for a name that can't be written.
        """
        name = f"#{mark.number}" if self.lacking & set(mark.label) else mark.label
        name += "" if mark.score is None else f" {mark.score:.2f}"
        return fonts.escape(": ".join(word for word in (name, mark.reason) if word), self.small)


def draw(mark: Mark, picture: Picture, scale: Scale) -> None:
    """Draw mask, box and keypoints on a scaled picture, in place.

    Numbers that aren't finite are left out.

    Args:
        mark: the annotation, in pixels of the picture before it was scaled.
        picture: uint8 (H, W, 3), RGB.
        scale: by which the picture's width and height were multiplied.
    """
    import cv2

    outlines, inside = _outlines(mark, picture.shape[:2], scale)
    if not mark.reason and inside is not None:
        tint = picture.copy()
        tint[inside] = mark.paint
        cv2.addWeighted(tint, TINT, picture, 1 - TINT, 0, picture)
    for outline in outlines:
        _line(picture, outline, mark, 1)
    if (corners := _box(mark, scale)) is not None:
        _line(picture, corners, mark, LINE_PX)
    for x, y, visibility in _joints(mark, scale):
        cv2.circle(picture, (x, y), 5, HALO, -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), 4, mark.paint, -1 if visibility > 1 else 1, cv2.LINE_AA)


def write_plates(
    pen: "ImageDraw", marks: Sequence[Mark], scale: Scale, area: Rectangle, writing: Writing
) -> None:
    """Write each mark's plate beside it, over no other plate.

    A plate lies over no other mark, either, if that can be.

    Where all is taken nearby, the plate is left out, but never one with a reason.

    Args:
        pen: draws on the cell.
        marks: the most important first.
        scale: of the picture.
        area: of the cell, where the picture begins at the left top.
        writing: its fonts.
    """
    anchors = [_extent(mark, scale, area) for mark in marks]
    taken: list[Rectangle] = []
    for mark, anchor in zip(marks, anchors, strict=True):
        widest = min(WIDEST_PLATE_PX, area[2] - area[0] - 6)
        lines = fonts.wrap(writing.plate(mark), widest, writing.small, 4)
        if anchor is None or not any(lines):
            continue
        size = math.ceil(max(map(writing.small.getlength, lines))) + 6, PLATE_PX * len(lines)
        others = [other for other in anchors if other is not None and other is not anchor]
        far = max(area) if mark.reason else NEAR_PX
        place = _place(size, anchor, area, taken + others, NEAR_PX) or _place(
            size, anchor, area, taken, far
        )
        if place is None and not mark.reason:
            continue
        x, y = place or (area[0], area[3] - size[1])
        taken.append((x, y, x + size[0], y + size[1]))
        pen.rectangle((x, y, x + size[0] - 1, y + size[1] - 1), mark.paint, HALO)
        ink = (
            INK
            if sum(c * w for c, w in zip(mark.paint, (0.3, 0.59, 0.11), strict=True)) > 110
            else WHITE
        )
        for i, line in enumerate(lines):
            pen.text(
                (x + 3, y + PLATE_PX * i + PLATE_PX // 2), line, ink, writing.small, anchor="lm"
            )


def _place(
    size: tuple[int, int], box: Rectangle, area: Rectangle, taken: Sequence[Rectangle], far: int
) -> tuple[int, int] | None:
    """Return the left top of the free place nearest to a box, at most ``far`` pixels away.

    None if all is taken.
    """
    width, height = size
    left, top, right, bottom = box
    x_last, y_last = area[2] - width, area[3] - height
    beside = [
        (left, top - height),
        (left, bottom),
        (right - width, top - height),
        (right - width, bottom),
        (left, top),
        (left, bottom - height),
        (right, top),
        (left - width, top),
    ]
    inside = [(x, y) for x, y in beside if area[0] <= x <= x_last and area[1] <= y <= y_last]
    rest = [
        (distance, x, y)
        for y in range(area[1], y_last + 1, 6)
        for x in range(area[0], x_last + 1, 6)
        if (distance := max(left - x - width, x - right, 0) + max(top - y - height, y - bottom, 0))
        <= far
    ]
    return next(
        (
            at
            for at in [*inside, *((x, y) for _, x, y in sorted(rest))]
            if not any(
                at[0] < t[2] and t[0] < at[0] + width and at[1] < t[3] and t[1] < at[1] + height
                for t in taken
            )
        ),
        None,
    )


def _extent(mark: Mark, scale: Scale, area: Rectangle) -> Rectangle | None:
    """Return the rectangle on the cell that a plate stands beside."""
    import numpy as np

    points = [corners] if (corners := _box(mark, scale)) is not None else _polygons(mark, scale)
    joints = [np.array([(x, y)], float) for x, y, _ in _joints(mark, scale)]
    if not (points or joints):
        return (*area[:2], *area[:2]) if isinstance(mark.segmentation, dict) else None
    every = np.concatenate(points or joints) + area[:2]
    left, top = np.floor(every.min(axis=0))
    right, bottom = np.ceil(every.max(axis=0)) + 1
    return int(left), int(top), int(right), int(bottom)


def _box(mark: Mark, scale: Scale) -> "Points | None":
    """Return the corners of the box, the middles of its outermost pixels.

    A tiny box is widened so that it can be seen.
    """
    import numpy as np

    if mark.bbox is None or not np.isfinite(mark.bbox).all():
        return None
    x, y, w, h = mark.bbox
    (left, right), (top, bottom) = (
        _side(x * scale[0], w * scale[0]),
        _side(y * scale[1], h * scale[1]),
    )
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)]).clip(-FAR, FAR)


def _side(start: float, length: float) -> tuple[float, float]:
    widen = max(0.0, SMALLEST_BOX_PX - length) / 2
    return start - widen, start + length + widen - 1


def _polygons(mark: Mark, scale: Scale) -> "list[Points]":
    import numpy as np

    rows = mark.segmentation if isinstance(mark.segmentation, list) else []
    parts = [
        np.array(row[: len(row) // 2 * 2], float).reshape(-1, 2) for row in rows if len(row) >= 6
    ]
    return [(part * scale - 0.5).clip(-FAR, FAR) for part in parts if np.isfinite(part).all()]


def _outlines(
    mark: Mark, shape: tuple[int, ...], scale: Scale
) -> "tuple[list[Points], NDArray[np.bool_] | None]":
    """Return a segmentation's outlines, and which pixels of the scaled picture are inside."""
    import cv2
    import numpy as np

    inside: Any = np.zeros(shape, np.uint8)
    if isinstance(mark.segmentation, dict):
        from coco_recipe_pictures.geometry import rle

        mask: Any = rle.decode(mark.segmentation).astype(np.uint8) * 255
        inside = (cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_AREA) > 127).astype(
            np.uint8
        )
        found, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        return [part.reshape(-1, 2).astype(float) for part in found], inside > 0
    parts = _polygons(mark, scale)
    for part in parts:
        cv2.fillPoly(inside, [part.round().astype(np.int32)], 1)
    return parts, inside > 0 if parts else None


def _joints(mark: Mark, scale: Scale) -> Iterator[tuple[int, int, float]]:
    """Yield x, y and visibility (1 hidden, 2 seen) of the keypoints that are labelled."""
    numbers = mark.keypoints or ()
    for x, y, visibility in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=False):
        if visibility > 0 and math.isfinite(x + y):
            yield (
                round(min(max(x * scale[0], -FAR), FAR)),
                round(min(max(y * scale[1], -FAR), FAR)),
                visibility,
            )


def _line(picture: Picture, points: Points, mark: Mark, thick: int) -> None:
    """Draw a closed line with a dark edge, dashed if the mark was dropped."""
    import cv2
    import numpy as np

    pieces = _dashes(points, picture.shape[:2]) if mark.reason else [points]
    lines = [piece.round().astype(np.int32) for piece in pieces]
    cv2.polylines(picture, lines, not mark.reason, HALO, thick + 2, cv2.LINE_8)
    cv2.polylines(picture, lines, not mark.reason, mark.paint, thick, cv2.LINE_8)


def _dashes(points: Points, shape: tuple[int, ...]) -> "list[Points]":
    """Cut a closed line into dashes; what is far outside the picture is left out."""
    import numpy as np

    points = points.clip(-99, (shape[1] + 99, shape[0] + 99))
    closed = np.concatenate([points, points[:1]])
    along = np.concatenate([[0.0], np.hypot(*np.diff(closed, axis=0).T).cumsum()])
    dashes = []
    for start in np.arange(0, max(along[-1], 1), DASH_PX + GAP_PX):
        end = min(start + DASH_PX, along[-1])
        places = np.array([start, *along[(along > start) & (along < end)], end])
        dashes.append(np.stack([np.interp(places, along, closed[:, i]) for i in (0, 1)], axis=1))
    return dashes
