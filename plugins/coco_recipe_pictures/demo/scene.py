"""Draw what every demo picture has: the belt, the noise, and a box around what was drawn."""

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # slow imports, which only drawing needs
    import numpy as np
    from numpy.typing import NDArray

    Picture: TypeAlias = NDArray[np.uint8]
    Rng: TypeAlias = np.random.Generator

Colour: TypeAlias = tuple[int, int, int]
Box: TypeAlias = tuple[float, float, float, float]

SMALL, LARGE, SCALE = (658, 492), (4096, 3000), 4  # large pictures are drawn at 1/SCALE


def changed_box(before: "Picture", after: "Picture", rng: "Rng", scale: int = 1) -> Box:
    """Return the box of what was drawn, with the slight margin that a person leaves.

    Args:
        before: the picture without the thing, uint8 (H, W, 3).
        after: the picture with it.
        rng: gives the margin, 0.2 to 1.5 px on each side.
        scale: by how much the finished picture is larger.

    Returns:
        x, y, w, h in pixels of the finished picture.
    """
    import cv2
    import numpy as np

    x, y, w, h = cv2.boundingRect((cv2.absdiff(before, after).max(axis=2) > 12).astype(np.uint8))
    left, top, right, bottom = rng.uniform(0.2, 1.5, 4)
    box = (x - left, y - top, w + left + right, h + top + bottom)
    return tuple(round(float(v) * scale, 2) for v in box)  # type: ignore[return-value]


def photograph(picture: "Picture", rng: "Rng") -> "Picture":
    """Return the picture with uneven light and sensor noise."""
    import numpy as np

    height, width = picture.shape[:2]
    across, down = rng.uniform(-0.16, 0.16, 2)
    light = (
        rng.uniform(0.85, 1.1)
        + across * np.linspace(-1, 1, width)
        + down * np.linspace(-1, 1, height)[:, None]
    )
    noise = rng.normal(0, rng.uniform(2, 5), (height, width))
    lit: Picture = (picture * light[..., None] + noise[..., None]).clip(0, 255).astype(np.uint8)
    return lit


def draw_belt(size: tuple[int, int], rng: "Rng") -> "Picture":
    import cv2
    import numpy as np

    width, height = size
    rows = rng.uniform(95, 130) + rng.normal(0, 3, (height, 1))
    grain = cv2.GaussianBlur(rng.normal(0, 14, (height, width)), (0, 0), 2)
    belt = np.repeat((rows + grain)[..., None], 3, axis=2).clip(0, 255).astype(np.uint8)
    for y in range(int(rng.integers(0, 120)), height, 164):  # seams between the belt's slats
        cv2.line(belt, (0, y), (width, y), (78, 78, 78), 2)
        cv2.line(belt, (0, y + 2), (width, y + 2), (138, 138, 138), 1)
    return belt
