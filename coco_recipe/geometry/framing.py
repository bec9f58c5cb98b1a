"""What of a polygon is inside a picture.

Source: Sutherland and Hodgman 1974, Reentrant polygon clipping.
"""

from collections.abc import Callable, Sequence

Point = tuple[float, float]


def framed(points: Sequence[Point], width: float, height: float) -> list[Point]:
    """Cut a polygon at a frame.

    Where the part inside is in several pieces, they hang together by edges along the frame.

    Source: Sutherland and Hodgman 1974, Reentrant polygon clipping.

    Args:
        points: the polygon's vertices, x and y in pixels; the last is joined to the first.
        width: of the frame, in pixels.
        height: of the frame, in pixels.

    Returns:
        The vertices of the part inside (0, 0)-(width, height); empty where there is none.
    """
    left = list(points)
    for axis, limit, keep_below in (
        (0, 0.0, False),
        (0, width, True),
        (1, 0.0, False),
        (1, height, True),
    ):
        left = _cut(left, axis, limit, keep_below=keep_below)
    return left


def _cut(points: list[Point], axis: int, limit: float, *, keep_below: bool) -> list[Point]:
    """Keep what is on one side of the line where a coordinate is ``limit``."""
    inside: Callable[[Point], bool] = (
        (lambda p: p[axis] <= limit) if keep_below else (lambda p: p[axis] >= limit)
    )
    kept: list[Point] = []
    for before, point in zip([*points[-1:], *points[:-1]], points, strict=True):
        if inside(before) != inside(point):
            share = (limit - before[axis]) / (point[axis] - before[axis])
            other = before[1 - axis] + share * (point[1 - axis] - before[1 - axis])
            kept.append((limit, other) if axis == 0 else (other, limit))
        if inside(point):
            kept.append(point)
    return kept
