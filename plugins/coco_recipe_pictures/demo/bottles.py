"""Draw a bottle from the side, with the faults of its label and its code."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from coco_recipe_pictures.demo.caps import CAP_COLOURS
from coco_recipe_pictures.demo.scene import (
    LARGE,
    SCALE,
    Box,
    Colour,
    changed_box,
    draw_belt,
    photograph,
)

if TYPE_CHECKING:
    from coco_recipe_pictures.demo.scene import Picture, Rng

GLASS_COLOURS: tuple[Colour, ...] = ((45, 75, 30), (25, 45, 85), (75, 55, 35))


def draw_bottle(categories: Sequence[int], rng: "Rng") -> tuple["Picture", list[Box]]:
    import cv2

    canvas = draw_belt((LARGE[0] // SCALE, LARGE[1] // SCALE), rng)
    x, y = (
        round(512 + rng.uniform(-120, 120)),
        round(385 + rng.uniform(-25, 25)),
    )  # the label's middle
    _draw_glass(canvas, x, GLASS_COLOURS[rng.integers(len(GLASS_COLOURS))])
    skew = rng.choice((-1, 1)) * rng.uniform(6, 10) if 6 in categories else 0.0
    side = int(rng.choice((-1, 1)))
    draw: dict[int, Callable[[], None]] = {
        6: lambda: _draw_label(canvas, x, y, skew, rng),
        7: lambda: _draw_wrinkles(canvas, x + 85 * side, y, rng),
        8: lambda: _draw_bubbles(canvas, x - 85 * side, y, rng),
        9: lambda: _draw_code(canvas, x, y + 210, False, rng),
        10: lambda: _draw_code(canvas, x, y + 210, True, rng),
    }
    boxes: dict[int, Box] = {}
    for category in sorted({6, *categories}):  # there is always a label, and it lies under the rest
        before = canvas.copy()
        draw[category]()
        boxes[category] = changed_box(before, canvas, rng, SCALE)
    picture = cv2.resize(photograph(canvas, rng), LARGE, interpolation=cv2.INTER_LINEAR)
    return picture, [boxes[c] for c in categories]


def _draw_glass(canvas: "Picture", x: int, glass: Colour) -> None:
    import cv2
    import numpy as np

    half = [(70, 0), (72, 60), (92, 105), (160, 150), (205, 200), (210, 750)]
    outline = [(x + w, y) for w, y in half] + [(x - w, y) for w, y in reversed(half)]
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.array(outline, np.int32)], 255)
    mask = cv2.GaussianBlur(mask, (0, 0), 1)
    across = (np.arange(canvas.shape[1]) - x) / 210
    shade = (
        0.45
        + 0.9 * np.sqrt(np.clip(1 - across**2, 0, 1))
        + 0.9 * np.exp(-(((across + 0.62) / 0.07) ** 2))
    )
    body = np.array(glass) * shade[None, :, None]
    share = mask[..., None] / 255
    canvas[:] = (canvas * (1 - share) + body * share).clip(0, 255)


def _draw_label(canvas: "Picture", x: int, y: int, skew: float, rng: "Rng") -> None:
    import cv2
    import numpy as np

    w, h = 330, 250
    label = np.full((h, w, 3), (205, 225, 232), np.uint8)
    paint = CAP_COLOURS[rng.integers(3)]
    cv2.rectangle(label, (0, 0), (w, 50), paint, -1)
    cv2.rectangle(label, (0, h - 26), (w, h), paint, -1)
    cv2.putText(label, "DEMO BREW", (28, 112), cv2.FONT_HERSHEY_TRIPLEX, 1.5, paint, 3, cv2.LINE_AA)
    for row in range(4):
        cv2.line(
            label, (60, 145 + row * 18), (w - 60 - row * 22, 145 + row * 18), (120, 130, 135), 3
        )
    move = cv2.getRotationMatrix2D((w / 2, h / 2), skew, 1.0)
    move[:, 2] += (x - w / 2, y - h / 2)
    size = (canvas.shape[1], canvas.shape[0])
    share = cv2.warpAffine(np.full((h, w), 255, np.uint8), move, size)[..., None] / 255
    canvas[:] = canvas * (1 - share) + cv2.warpAffine(label, move, size) * share


def _draw_wrinkles(canvas: "Picture", x: int, y: int, rng: "Rng") -> None:
    import cv2
    import numpy as np

    for fold in range(int(rng.integers(4, 7))):
        t = np.linspace(-1, 1, 40)
        length, lean = rng.uniform(40, 62), rng.uniform(4, 9)
        across = x - 36 + fold * 13 + lean * np.sin(t * 4 + rng.uniform(0, 6))
        line = np.stack([across, y + 10 + length * t], axis=1).round().astype(np.int32)
        cv2.polylines(canvas, [np.add(line, (3, 0))], False, (245, 250, 252), 3, cv2.LINE_AA)
        cv2.polylines(canvas, [line], False, (92, 102, 108), 3, cv2.LINE_AA)


def _draw_bubbles(canvas: "Picture", x: int, y: int, rng: "Rng") -> None:
    import cv2

    for bubble in range(int(rng.integers(4, 8))):
        centre = (
            round(x - 30 + bubble % 3 * 30 + rng.uniform(-5, 5)),
            round(y - 20 + bubble // 3 * 34),
        )
        axes = (round(rng.uniform(9, 15)), round(rng.uniform(8, 13)))
        cv2.ellipse(canvas, centre, axes, 0, 0, 360, (178, 198, 206), -1, cv2.LINE_AA)
        cv2.ellipse(canvas, centre, axes, 0, 0, 360, (88, 98, 104), 2, cv2.LINE_AA)
        cv2.ellipse(
            canvas, centre, (axes[0] - 4, axes[1] - 4), 0, 180, 280, (255, 255, 255), 3, cv2.LINE_AA
        )


def _draw_code(canvas: "Picture", x: int, y: int, bad: bool, rng: "Rng") -> None:
    """Print a date and a batch on the glass; a bad print is smeared, and part of it is missing."""
    import cv2
    import numpy as np

    ink = np.zeros(canvas.shape[:2], np.uint8)
    day = f"2020{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"
    for row, text in enumerate(
        (day, f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d} A{rng.integers(1, 9)}")
    ):
        cv2.putText(
            ink, text, (x - 100, y + row * 45), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 235, 3, cv2.LINE_AA
        )
    if bad:
        gap = x - 70 + int(rng.integers(0, 90))
        ink[y - 32 : y + 8, gap : gap + 42] = 0
        ink[y + 10 : y + 60] = np.minimum(255, cv2.blur(ink[y + 10 : y + 60], (27, 5)) * 1.3)
        ink[y + 18 : y + 24] = np.roll(ink[y + 18 : y + 24], 14, axis=1)
    share = ink[..., None] / 255
    canvas[:] = canvas * (1 - share) + np.array((225, 235, 235)) * share
