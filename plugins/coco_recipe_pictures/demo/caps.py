"""Draw a cap from above, with its defects."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coco_recipe_pictures.demo.scene import SMALL, Box, Colour, changed_box, draw_belt, photograph

if TYPE_CHECKING:
    from coco_recipe_pictures.demo.scene import Picture, Rng

CAP_COLOURS: tuple[Colour, ...] = (
    (60, 160, 205),
    (55, 50, 175),
    (150, 80, 40),
    (80, 125, 50),
    (185, 188, 190),
)
METAL, METAL_DARK, METAL_LIGHT = (150, 155, 158), (72, 76, 80), (222, 226, 228)
RIDGES = 21


@dataclass(frozen=True, slots=True)
class Cap:
    """Where a cap lies, and its paint."""

    x: float
    y: float
    radius: float
    turn: float
    colour: Colour

    def outline(self, start: float = 0.0, end: float = math.tau) -> "Picture":
        """Return points of the ridged rim between two angles."""
        angles = [start + (end - start) * i / 240 for i in range(241)]
        return self.points((a, 1 + 0.035 * math.cos(RIDGES * (a - self.turn))) for a in angles)

    def points(self, polar: Iterable[tuple[float, float]]) -> "Picture":
        """Return pixels for (angle, share of the radius) pairs, as OpenCV takes them."""
        import numpy as np

        places = [
            (self.x + self.radius * r * math.cos(a), self.y + self.radius * r * math.sin(a))
            for a, r in polar
        ]
        return np.array(places).round().astype(np.int32)


def draw_cap_picture(categories: Sequence[int], rng: "Rng") -> tuple["Picture", list[Box]]:
    belt = draw_belt(SMALL, rng)
    cap = Cap(
        329 + rng.uniform(-50, 50),
        246 + rng.uniform(-30, 30),
        rng.uniform(145, 175),
        rng.uniform(0, 1),
        CAP_COLOURS[rng.integers(len(CAP_COLOURS))],
    )
    canvas = belt.copy()
    if categories[0] != 0 or rng.random() < 0.7:
        _draw_cap(canvas, cap)
    boxes: list[Box] = []
    first = rng.uniform(0, math.tau)
    for slot, category in enumerate(categories):
        if category == 0:
            boxes.append(_background_box(cap, beside=len(categories) > 1, rng=rng))
            continue
        before = canvas.copy()
        CAP_DEFECTS[category](canvas, belt, cap, first + slot * math.tau / 3, rng)
        boxes.append(changed_box(before, canvas, rng))
    return photograph(canvas, rng), boxes


def _background_box(cap: Cap, beside: bool, rng: "Rng") -> Box:
    """Return a part of the picture: any, or one beside the cap."""
    width = rng.uniform(60, 110) if beside else rng.uniform(180, 420)
    height = rng.uniform(120, 380)
    x = rng.uniform(5, 15) if beside else rng.uniform(5, SMALL[0] - 5 - width)
    if beside and cap.x < SMALL[0] / 2:
        x = SMALL[0] - x - width
    return (
        round(x, 2),
        round(rng.uniform(5, SMALL[1] - 5 - height), 2),
        round(width, 2),
        round(height, 2),
    )


def _draw_cap(canvas: "Picture", cap: Cap) -> None:
    import cv2
    import numpy as np

    shadow = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(shadow, [cap.outline() + 9], 150)
    canvas[:] = canvas * (1 - cv2.GaussianBlur(shadow, (0, 0), 7)[..., None] / 255)
    cv2.fillPoly(canvas, [cap.outline()], METAL_DARK, cv2.LINE_AA)
    for ridge in range(RIDGES):
        angle = cap.turn + ridge * math.tau / RIDGES
        tooth = cap.points(
            [(angle - 0.07, 0.84), (angle - 0.05, 1.01), (angle + 0.05, 1.01), (angle + 0.07, 0.84)]
        )
        cv2.fillPoly(canvas, [tooth], METAL, cv2.LINE_AA)
        start, end = cap.points([(angle - 0.03, 0.86), (angle - 0.03, 1.0)]).tolist()
        cv2.line(canvas, start, end, METAL_LIGHT, 2, cv2.LINE_AA)
    centre = (round(cap.x), round(cap.y))
    cv2.circle(canvas, centre, round(cap.radius * 0.86), METAL_LIGHT, -1, cv2.LINE_AA)
    for share in (
        0.845,
        0.83,
        0.8,
        0.77,
    ):  # the bevel: darker outside, the paint's own colour inside
        paint = tuple(round(c * (1.55 - share)) if share > 0.77 else c for c in cap.colour)
        cv2.circle(canvas, centre, round(cap.radius * share), paint, -1, cv2.LINE_AA)
    lighter = tuple(min(255, c + 45) for c in cap.colour)
    axes = (round(cap.radius * 0.68),) * 2
    cv2.ellipse(canvas, centre, axes, 0, 195, 255, lighter, 9, cv2.LINE_AA)


def _draw_broken(canvas: "Picture", belt: "Picture", cap: Cap, angle: float, rng: "Rng") -> None:
    """Bite a jagged piece out of the cap."""
    import cv2
    import numpy as np

    half = rng.uniform(0.2, 0.34)
    steps = np.linspace(-1, 1, 9)
    depth = (
        0.62
        + 0.36 * np.abs(steps)
        + np.where(np.arange(9) % 2, 0.07, -0.03) * rng.uniform(0.6, 1.2, 9)
    )
    torn = [(angle + half * s, d) for s, d in zip(steps, depth, strict=True)]
    hole = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(
        hole, [cap.points([*torn, (angle + half, 1.08), (angle, 1.1), (angle - half, 1.08)])], 255
    )
    canvas[hole > 0] = (belt * 0.5)[hole > 0]
    cv2.polylines(canvas, [cap.points(torn)], False, METAL_LIGHT, 4, cv2.LINE_AA)
    crack = [(torn[4][0] + rng.uniform(-0.1, 0.1) * i, torn[4][1] - 0.07 * i) for i in range(4)]
    cv2.polylines(canvas, [cap.points(crack)], False, (30, 30, 30), 2, cv2.LINE_AA)


def _draw_deformed(canvas: "Picture", belt: "Picture", cap: Cap, angle: float, rng: "Rng") -> None:
    """Press one side of the cap flat, with creases along the dent."""
    import cv2
    import numpy as np

    half = rng.uniform(0.45, 0.6)
    steps = np.linspace(-half, half, 25)
    chord = math.cos(half) / np.cos(steps)  # a straight line in polar form
    gone = np.zeros(canvas.shape[:2], np.uint8)
    outer = [(angle + s, 1.07) for s in steps[::-1]]
    cv2.fillPoly(
        gone,
        [cap.points([*((angle + s, r) for s, r in zip(steps, chord, strict=True)), *outer])],
        255,
    )
    canvas[gone > 0] = (belt * 0.62)[gone > 0]
    for inset, paint, thick in (
        (0.0, METAL, 8),
        (0.04, METAL_LIGHT, 3),
        (0.09, (35, 35, 38), 6),
        (0.15, METAL, 4),
    ):
        part = steps[round(inset * 30) : 25 - round(inset * 30)]
        fold = [
            (angle + s, math.cos(half) / math.cos(s) - inset * (1 - (s / half) ** 2) - 0.01)
            for s in part
        ]
        cv2.polylines(canvas, [cap.points(fold)], False, paint, thick, cv2.LINE_AA)


def _draw_bad_edge(canvas: "Picture", belt: "Picture", cap: Cap, angle: float, rng: "Rng") -> None:
    """Replace a stretch of ridges with bent teeth and burrs."""
    import cv2

    half = rng.uniform(0.3, 0.5)
    teeth = 11
    for i in range(teeth):
        at = angle + half * (2 * i / (teeth - 1) - 1)
        tip = rng.uniform(1.0, 1.15)
        tooth = cap.points(
            [(at - 0.06, 0.85), (at + rng.uniform(-0.12, 0.12), tip), (at + 0.06, 0.85)]
        )
        cv2.fillPoly(canvas, [tooth], (METAL_LIGHT, METAL_DARK, (95, 120, 150))[i % 3], cv2.LINE_AA)
        cv2.polylines(canvas, [tooth], True, (28, 28, 30), 2, cv2.LINE_AA)


def _draw_swirl(canvas: "Picture", belt: "Picture", cap: Cap, angle: float, rng: "Rng") -> None:
    """Scratch spirals into the face, as a slipping capping head does."""
    import cv2

    reach = rng.uniform(0.36, 0.52)
    for arm in range(3):
        spiral = [
            (angle + arm * math.tau / 3 + 0.13 * i, 0.05 + (reach - 0.05) * i / 40)
            for i in range(41)
        ]
        cv2.polylines(
            canvas, [cap.points(spiral)], False, tuple(c // 2 for c in cap.colour), 5, cv2.LINE_AA
        )
        cv2.polylines(canvas, [cap.points(spiral) - 2], False, METAL_LIGHT, 2, cv2.LINE_AA)


def _draw_break_point(
    canvas: "Picture", belt: "Picture", cap: Cap, angle: float, rng: "Rng"
) -> None:
    """Cut a narrow gap through the rim."""
    import cv2

    half = rng.uniform(0.035, 0.06)
    inner = rng.uniform(0.76, 0.82)
    gap = cap.points(
        [
            (angle - half, 1.05),
            (angle - half * 0.7, inner + 0.06),
            (angle, inner),
            (angle + half * 0.7, inner + 0.06),
            (angle + half, 1.05),
        ]
    )
    cv2.fillPoly(canvas, [gap], (22, 22, 24), cv2.LINE_AA)
    cv2.polylines(canvas, [gap], False, METAL_LIGHT, 2, cv2.LINE_AA)


CAP_DEFECTS: dict[int, Callable[["Picture", "Picture", Cap, float, "Rng"], None]] = {
    1: _draw_broken,
    2: _draw_deformed,
    3: _draw_bad_edge,
    4: _draw_swirl,
    5: _draw_break_point,
}
