"""What is kept of a picture to find others that show the same: a small grey one, and its DCT.

The low coefficients of one discrete cosine transform give the perceptual hash of the picture and of
its seven flips and turns: a flip changes the signs of every other coefficient, and a turn by 90°
swaps their two axes as well.

Source: pHash (Zauner 2010), as `imagehash.phash` computes it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coco_recipe import header_of
from coco_recipe_pictures import codec_lines, pictures

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float32]]
    Words = np.ndarray[Any, np.dtype[np.uint64]]

SIDE, FULL, LOW = 48, 32, 8  # px of the grey picture, of what is transformed, coefficients kept
LEVELS = 31  # of the grey picture, a standard deviation; it is kept as int8
FLAT = 1e-3  # a standard deviation below which a picture shows nothing
# number k: swap the axes if k & 4, then mirror left and right if k & 2, top and bottom if k & 1
WAYS = (
    "as it is",
    "flipped top to bottom",
    "flipped left to right",
    "turned by 180°",
    "flipped along the diagonal",
    "turned by 90° to the left",
    "turned by 90° to the right",
    "flipped along the other diagonal",
)


@dataclass(frozen=True, slots=True)
class Look:
    """What is kept of a picture.

    Attributes:
        sha256: of its file.
        grey: int8 (SIDE, SIDE): the grey picture without its mean, LEVELS a standard deviation; all
            0 where the picture shows nothing.
        low: float32 (LOW, LOW): the low coefficients, frequencies down and to the right.
        deviation: a standard deviation of the grey picture, in grey levels of 0 to 255.
    """

    sha256: str
    grey: bytes
    low: bytes
    deviation: float

    def thumbnail(self) -> tuple[bytes, float]:
        """Return what pictures are laid upon one another by: the grey one, and its contrast."""
        return self.grey, self.deviation


def look(path: str) -> Look | str:
    """Look at a picture's file; return in words why that can't be done.

    A JPEG is decoded at an eighth, a quarter or half of its size, where that is enough.
    """
    import cv2
    import numpy as np

    try:
        data = pictures.read(Path(path))
        head = header_of(data)
    except (OSError, ValueError) as error:
        return str(error)
    flags = _reduced(min(head.width, head.height))
    with codec_lines.taken():
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if grey is None:
        return "is not a picture that OpenCV can read"
    small, low, deviation = of_grey(grey.astype(np.float32))
    return Look(hashlib.sha256(data).hexdigest(), small.tobytes(), low.tobytes(), deviation)


def _reduced(side: int) -> int:
    """Return how to decode a picture, by its shorter side in pixels."""
    import cv2

    for factor, flags in (
        (8, cv2.IMREAD_REDUCED_GRAYSCALE_8),
        (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
        (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
    ):
        if side >= factor * 2 * SIDE:
            return flags
    return cv2.IMREAD_GRAYSCALE


def of_grey(grey: "Floats") -> "tuple[np.ndarray[Any, np.dtype[np.int8]], Floats, float]":
    """Return the small grey picture, the low coefficients and the contrast of a grey picture.

    Args:
        grey: float32 (H, W).

    Returns:
        As `Look` keeps them: int8 (SIDE, SIDE), float32 (LOW, LOW), and the deviation.
    """
    import cv2
    import numpy as np

    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    small -= small.mean()
    deviation = float(small.std())
    small *= LEVELS / deviation if deviation > FLAT else 0
    full = cv2.resize(grey, (FULL, FULL), interpolation=cv2.INTER_AREA)
    low = np.array(cv2.dct(full)[:LOW, :LOW])
    low[0] *= 2**0.5  # as without orthonormal scales, which ImageHash doesn't have
    low[:, 0] *= 2**0.5
    return np.clip(np.rint(small), -127, 127).astype(np.int8), low, deviation


def in_all_ways(low: "Floats") -> "Floats":
    """Return the coefficients of pictures in all eight ways.

    Args:
        low: (..., LOW, LOW).

    Returns:
        (..., 8, LOW, LOW), by number of `WAYS`.
    """
    import numpy as np

    signs = (-1.0) ** np.arange(LOW, dtype=np.float32)
    both = np.stack([low, np.swapaxes(low, -1, -2)], -3)
    down = np.stack([both, both * signs[:, None]], -3)  # (..., 2, 2, LOW, LOW): axes, rows
    right = np.stack([down, down * signs], -4)
    return right.reshape(*low.shape[:-2], 8, LOW, LOW)


def hashes(low: "Floats") -> "Words":
    """Return perceptual hashes: a bit for each coefficient above the median, row by row.

    Args:
        low: (..., LOW, LOW).

    Returns:
        uint64 (...), the first coefficient in the highest bit, as in ImageHash's text.
    """
    import numpy as np

    flat = low.reshape(*low.shape[:-2], LOW * LOW)
    bits = np.packbits(flat > np.median(flat, axis=-1, keepdims=True), axis=-1)
    words: Words = bits.view(">u8")[..., 0].astype(np.uint64)
    return words


def in_way(grey: "np.ndarray[Any, Any]", way: int) -> "np.ndarray[Any, Any]":
    """Return a grey picture in one of the eight `WAYS`, by its number."""
    import numpy as np

    turned = grey.T if way & 4 else grey
    turned = turned[:, ::-1] if way & 2 else turned
    return np.ascontiguousarray(turned[::-1] if way & 1 else turned)
