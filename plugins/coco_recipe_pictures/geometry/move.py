"""What a transform did to the places of a picture: a 3x3 matrix, or a map of pixels.

Places are in pixels from the corner of the first pixel: x to the right, y down. The middle of the
first pixel is at (0.5, 0.5).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Size = tuple[int, int]  # height, width, as numpy has it
Maps = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Warp:
    """A map of pixels: which old place the middle of each new pixel shows.

    Attributes:
        x: (H, W) of the new picture, in pixels of the old one; NaN where it shows none.
        y: likewise.
        before: size of the old picture.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    before: Size


@dataclass(frozen=True, slots=True)
class Border:
    """A border that repeats the picture.

    Attributes:
        mode: cv2's border mode: 2 (reflect), 3 (wrap) or 4 (reflect_101).
        crop: left, top, right, bottom in pixels of the part that is left before the border is made
            and repeated by it; None: the whole picture.
        maps: for a map of pixels, the x and y that each new pixel's middle shows, (H, W), in
            pixels, also where they lie in the border; None for a matrix.
    """

    mode: int
    crop: tuple[float, float, float, float] | None = None
    maps: Maps | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """What one transform did to a picture, as places see it.

    Attributes:
        name: the transform's, as messages name it.
        before: the picture's size before it.
        after: the picture's size after it.
        matrix: 3x3, from places before to places after; None where it has none.
        warp: returns the map of pixels of a transform without a matrix.
        border: its border that repeats the picture; None where it has none.
        hidden: pixels (H, W) of the picture after it that show nothing of what was there; None:
            none.
        send: sends a mask (H, W, uint8, 0 or 255) through it; None where the matrix does.
    """

    name: str
    before: Size
    after: Size
    matrix: Matrix | None
    warp: Callable[[], Warp] | None = None
    border: Border | None = None
    hidden: Mask | None = None
    send: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None

    @property
    def is_still(self) -> bool:
        """Whether every pixel is where it was, as after a turn by 0 degrees."""
        if self.before != self.after or self.matrix is None:
            return False
        return bool((self.matrix == np.eye(3)).all())

    @property
    def is_mirror(self) -> bool:
        """Whether its matrix mirrors the picture: its determinant is negative."""
        return self.matrix is not None and bool(np.linalg.det(self.matrix) < 0)

    def warped(self) -> Warp:
        """Return its map of pixels; it has no matrix."""
        assert self.warp is not None, f"BUG: {self.name} has neither a matrix nor a map"
        return self.warp()


def is_mirrored(moves: Sequence[Move]) -> bool:
    """Report whether moves together mirror the picture: an odd number of them does."""
    return sum(move.is_mirror for move in moves) % 2 == 1


def product(moves: Sequence[Move]) -> Matrix:
    """Return the matrix of moves together, (3, 3); each of them has one.

    Args:
        moves: in the order in which they were made.
    """
    total = np.eye(3)
    for move in moves:
        assert move.matrix is not None, f"BUG: {move.name} has no matrix"
        total = move.matrix @ total
    return total
