"""Draw a small bottle-cap defect data set, so that every recipe can be tried without the real pictures."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:  # slow imports, which only drawing needs
    import numpy as np
    from numpy.typing import NDArray

    Picture: TypeAlias = NDArray[np.uint8]
    Rng: TypeAlias = np.random.Generator

Colour: TypeAlias = tuple[int, int, int]
Box: TypeAlias = tuple[float, float, float, float]

NAMES = {
    1: "瓶盖破损",
    9: "喷码正常",
    5: "瓶盖断点",
    3: "瓶盖坏边",
    4: "瓶盖打旋",
    0: "背景",
    2: "瓶盖变形",
    8: "标贴气泡",
    6: "标贴歪斜",
    10: "喷码异常",
    7: "标贴起皱",
}  # the real set lists them in this order
BOXES = {
    1: 1619,
    2: 705,
    3: 656,
    4: 480,
    5: 614,
    6: 186,
    7: 384,
    8: 443,
    9: 489,
    10: 199,
}  # in the real set
SMALL, LARGE, SCALE = (658, 492), (4096, 3000), 4  # large pictures are drawn at 1/SCALE
CAP_COLOURS: tuple[Colour, ...] = (
    (60, 160, 205),
    (55, 50, 175),
    (150, 80, 40),
    (80, 125, 50),
    (185, 188, 190),
)
GLASS_COLOURS: tuple[Colour, ...] = ((45, 75, 30), (25, 45, 85), (75, 55, 35))
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


def write_demo(folder: Path, *, images: int = 60, seed: int = 0) -> None:
    """Write ``folder/annotations.json`` and ``folder/images/*.jpg``: drawn pictures with a real set's quirks.

    The quirks: repeated annotation ids, a background class with id 0 that fills a quarter of the pictures, categories
    out of order, gaps in image ids, two picture sizes, and the key ``license`` where COCO has ``licenses``.

    Args:
        folder: a new or empty folder.
        images: how many pictures to draw.
        seed: the same seed gives the same bytes.

    Raises:
        ValueError: the folder has something in it, or ``images`` is less than 1.
    """
    import cv2
    import numpy as np

    if images < 1:
        raise ValueError(f"images is {images}; ask for at least 1")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder}: is not an empty folder; name a new one, or empty it first")
    (folder / "images").mkdir(parents=True)
    image_rows: list[dict[str, Any]] = []
    found: list[tuple[int, int, Box]] = []
    image_id = 0
    for index, (large, categories) in enumerate(_plan(images, seed), start=1):
        rng = np.random.default_rng([seed, index])
        image_id += 1 if index == 1 else int(rng.integers(1, 4))
        picture, boxes = (
            _draw_bottle(categories, rng) if large else _draw_cap_picture(categories, rng)
        )
        ok, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        if not ok:
            raise OSError(f"OpenCV couldn't encode picture {index}")
        name = f"img_{image_id:04d}.jpg"
        (folder / "images" / name).write_bytes(data.tobytes())
        height, width = picture.shape[:2]
        image_rows.append({"file_name": name, "height": height, "id": image_id, "width": width})
        found += [
            (image_id, category, box) for category, box in zip(categories, boxes, strict=True)
        ]
    _write_json(folder / "annotations.json", image_rows, found)


def _write_json(
    path: Path, images: list[dict[str, Any]], found: Sequence[tuple[int, int, Box]]
) -> None:
    distinct = math.ceil(
        len(found) * 0.29
    )  # ids start again from 1, as when files are pasted together
    annotations = [
        {
            "id": i % distinct + 1,
            "image_id": image_id,
            "category_id": category,
            "bbox": list(box),
            "area": round(box[2] * box[3], 2),
            "iscrowd": 0,
        }
        for i, (image_id, category, box) in enumerate(found)
    ]
    info = {
        "description": "Drawn stand-in for a bottle-cap defect data set",
        "version": "1.0",
        "year": 2020,
    }
    categories = [{"id": i, "name": name, "supercategory": name} for i, name in NAMES.items()]
    content = {
        "info": info,
        "license": [],
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }
    path.write_bytes(json.dumps(content, ensure_ascii=False).encode() + b"\n")


def _plan(images: int, seed: int) -> list[tuple[bool, list[int]]]:
    """Return for each picture whether it is large, and the categories to draw in it."""
    import numpy as np

    rng = np.random.default_rng([seed, 0])
    large, plain = max(int(images >= 5), round(images * 0.09)), round(images * 0.25)
    counts: Counter[int] = Counter()
    rows = [(False, [0])] * plain
    rows += [(True, _pick((9, 10), 1, counts) + _pick((6, 7, 8), 2, counts)) for _ in range(large)]
    sizes = sorted(
        int(n) for n in rng.choice((1, 2, 3), images - large - plain, p=(0.68, 0.23, 0.09))
    )
    for i, size in enumerate(sizes):
        beside = [0] if i < min(2, len(sizes) // 5) and size < 3 else []
        rows.append((False, _pick((1, 2, 3, 4, 5), size, counts) + beside))
    return [rows[i] for i in rng.permutation(images)]


def _pick(choices: Sequence[int], size: int, counts: Counter[int]) -> list[int]:
    """Return the different categories that are furthest behind their share, and count them."""
    picked = sorted(choices, key=lambda c: -BOXES[c] / (2 * counts[c] + 1))[:size]
    counts.update(picked)
    return picked


def _changed_box(before: "Picture", after: "Picture", rng: "Rng", scale: int = 1) -> Box:
    """Return the box of what was drawn, with the slight margin that a person leaves."""
    import cv2
    import numpy as np

    x, y, w, h = cv2.boundingRect((cv2.absdiff(before, after).max(axis=2) > 12).astype(np.uint8))
    left, top, right, bottom = rng.uniform(0.2, 1.5, 4)
    box = (x - left, y - top, w + left + right, h + top + bottom)
    return tuple(round(float(v) * scale, 2) for v in box)  # type: ignore[return-value]


def _photograph(picture: "Picture", rng: "Rng") -> "Picture":
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


def _draw_belt(size: tuple[int, int], rng: "Rng") -> "Picture":
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


def _draw_cap_picture(categories: Sequence[int], rng: "Rng") -> tuple["Picture", list[Box]]:
    belt = _draw_belt(SMALL, rng)
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
        boxes.append(_changed_box(before, canvas, rng))
    return _photograph(canvas, rng), boxes


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


def _draw_bottle(categories: Sequence[int], rng: "Rng") -> tuple["Picture", list[Box]]:
    import cv2

    canvas = _draw_belt((LARGE[0] // SCALE, LARGE[1] // SCALE), rng)
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
        boxes[category] = _changed_box(before, canvas, rng, SCALE)
    picture = cv2.resize(_photograph(canvas, rng), LARGE, interpolation=cv2.INTER_LINEAR)
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
