"""Draw a small bottle-cap data set with the quirks of a real one: ``coco-recipe demo DIR``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

# counts of boxes in the real set; the order of the ids is the real file's, too
CATEGORIES = {1: ("瓶盖破损", 1619), 9: ("喷码正常", 489), 5: ("瓶盖断点", 614), 3: ("瓶盖坏边", 656),
              4: ("瓶盖打旋", 480), 0: ("背景", 1170), 2: ("瓶盖变形", 705), 8: ("标贴气泡", 443),
              6: ("标贴歪斜", 186), 10: ("喷码异常", 199), 7: ("标贴起皱", 384)}
SMALL, LARGE, LARGE_SCALE = (658, 492), (4096, 3000), 4
ON_CAP, ON_LABEL = (1, 2, 3, 4, 5), (6, 7, 8, 9, 10)
Box = tuple[int, int, int, int]  # left, top, right, bottom, in drawn pixels


def write_demo(folder: Path, *, images: int = 60, seed: int = 0) -> None:
    """Write ``annotations.json`` and ``images/`` into ``folder``.

    The quirks: eleven categories in an odd order with background as id 0; a quarter of the images with nothing but a
    background box; pictures of 658x492 and 4096x3000 px; annotation ids that repeat; image ids with gaps; ``license``
    in the singular; no segmentation. The same seed gives the same bytes.

    Raises:
        ValueError: the folder is not empty, or ``images`` is less than 1.
        OSError: the folder can't be written.
    """
    import cv2
    import numpy as np

    if images < 1:
        raise ValueError(f"images must be at least 1, found {images}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is there already and not empty; name a new folder")
    (folder / "images").mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    rows: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    image_id = 0
    for index, wanted in enumerate(_contents(images, seed)):
        rng = np.random.default_rng([seed, index])
        image_id += 1 + int(rng.random() < 0.2)
        large = any(category in ON_LABEL for category in wanted)
        picture, boxes = (_label if large else _cap)(rng, wanted)
        if large:
            picture = cv2.resize(picture, LARGE, interpolation=cv2.INTER_LINEAR)
        name = f"img_{index + 1:04d}.jpg"
        done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        if not done:
            raise ValueError(f"{name} can't be encoded")
        (folder / "images" / name).write_bytes(data)
        width, height = LARGE if large else SMALL
        rows.append({"file_name": name, "height": height, "id": image_id, "width": width})
        for category, box in zip(wanted, boxes, strict=True):
            left, top, right, bottom = (value * (LARGE_SCALE if large else 1) for value in box)
            annotations.append({"area": float((right - left) * (bottom - top)), "iscrowd": 0, "image_id": image_id,
                                "bbox": [float(left), float(top), float(right - left), float(bottom - top)],
                                "category_id": category, "id": 0})
    distinct = max(1, round(len(annotations) * 2011 / 6945))
    for n, row in enumerate(annotations):
        row["id"] = n % distinct + 1
    top = {"info": {"description": "drawn bottle caps", "version": "1.0"}, "license": [], "images": rows,
           "annotations": annotations,
           "categories": [{"supercategory": name, "id": i, "name": name} for i, (name, _) in CATEGORIES.items()]}
    (folder / "annotations.json").write_text(json.dumps(top, ensure_ascii=False), "utf-8")


def _contents(images: int, seed: int) -> list[list[int]]:
    """Choose the categories of each image: a quarter background only, about a tenth labels, the rest caps."""
    import numpy as np

    rng = np.random.default_rng([seed, 1_000_000])
    background, labels = round(images * 1145 / 4516), max(round(images * 411 / 4516), int(images >= 5))
    decks = {kinds: _deck(rng, kinds, images * 3) for kinds in (ON_CAP, ON_LABEL)}
    contents = [[0] for _ in range(background)]
    for n in range(images - background):
        deck = decks[ON_LABEL if n < labels else ON_CAP]
        chosen = list(dict.fromkeys(deck.pop() for _ in range(int(rng.integers(1, 4)))))
        contents.append([*chosen, 0] if n == labels else chosen)
    return [contents[i] for i in rng.permutation(len(contents))]


def _deck(rng: Any, kinds: tuple[int, ...], size: int) -> list[int]:
    """Return categories to draw from the end: each kind once, then as often as in the real set."""
    share = [CATEGORIES[kind][1] for kind in kinds]
    drawn = rng.choice(kinds, size, p=[n / sum(share) for n in share])
    return [*(int(kind) for kind in drawn), *kinds]


def _ground(rng: Any, size: tuple[int, int]) -> Any:
    """Return a grey conveyor with light from one side and noise: uint8 (H, W, 3), BGR."""
    import numpy as np

    width, height = size
    light = np.linspace(rng.integers(95, 115), rng.integers(130, 155), width)[None, :, None]
    belt = 6 * np.sin(np.arange(height) / 9)[:, None, None]
    return np.clip(light + belt + rng.normal(0, 3, (height, width, 3)), 0, 255).astype(np.uint8)


def _cap(rng: Any, wanted: list[int]) -> tuple[Any, list[Box]]:
    """Draw a cap from above with its defects."""
    import cv2
    import numpy as np

    picture = _ground(rng, SMALL)
    x, y, r = int(rng.integers(280, 380)), int(rng.integers(225, 265)), int(rng.integers(140, 175))
    colour = [int(c) for c in rng.choice([[60, 60, 200], [170, 90, 40], [60, 150, 60], [40, 170, 210]])]
    angles = np.linspace(0, 2 * np.pi, 42, endpoint=False)
    rim = [(x + (r + 9 * (i % 2)) * np.cos(a), y + (r + 9 * (i % 2)) * np.sin(a)) for i, a in enumerate(angles)]
    cv2.circle(picture, (x + 8, y + 10), r + 8, (70, 70, 70), -1, cv2.LINE_AA)
    cv2.fillPoly(picture, [np.array(rim, np.int32)], [c * 3 // 4 for c in colour], cv2.LINE_AA)
    cv2.circle(picture, (x, y), r - 16, colour, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (x - r // 3, y - r // 3), (r // 4, r // 8), 135, 0, 360, [min(c + 60, 255) for c in colour], -1,
                cv2.LINE_AA)
    start = rng.random() * 2 * np.pi
    boxes = []
    for n, category in enumerate(wanted):
        angle = start + 2 * np.pi * n / len(wanted)
        boxes.append(_DEFECTS[category](picture, rng, (x, y, r), angle))
    return picture, boxes


def _around(points: Any, pad: int, size: tuple[int, int]) -> Box:
    """Return the box around points, a margin added, inside the picture."""
    import numpy as np

    points = np.asarray(points).reshape(-1, 2)
    (left, top), (right, bottom) = points.min(0) - pad, points.max(0) + pad + 1
    return max(int(left), 0), max(int(top), 0), min(int(right), size[0]), min(int(bottom), size[1])


def _polar(cap: tuple[int, int, int], share: float, angles: Any) -> Any:
    """Return integer points (N, 2) at a share of the cap's radius."""
    import numpy as np

    x, y, r = cap
    return np.stack([x + share * r * np.cos(angles), y + share * r * np.sin(angles)], -1).astype(np.int32)


def _background(picture: Any, rng: Any, cap: tuple[int, int, int], angle: float) -> Box:
    left, top = int(rng.integers(0, 40)), int(rng.integers(0, 40))
    return left, top, left + int(rng.integers(60, 110)), top + int(rng.integers(60, 110))


def _broken(picture: Any, rng: Any, cap: tuple[int, int, int], angle: float) -> Box:
    """A dark, jagged hole."""
    import cv2
    import numpy as np

    (x, y), = _polar(cap, 0.5, np.array([angle]))
    around = np.linspace(0, 2 * np.pi, 11, endpoint=False)
    size = rng.uniform(14, 36, 11)
    points = np.stack([x + size * np.cos(around), y + size * np.sin(around)], -1).astype(np.int32)
    cv2.fillPoly(picture, [points], (25, 25, 30))
    cv2.polylines(picture, [points], True, (215, 215, 215), 2)
    return _around(points, 1, SMALL)


def _deformed(picture: Any, rng: Any, cap: tuple[int, int, int], angle: float) -> Box:
    """A flattened side: the belt shows where the cap should be."""
    import cv2
    import numpy as np

    points = _polar(cap, 1.09, angle + np.linspace(-0.42, 0.42, 15))
    cv2.fillPoly(picture, [points], (125, 125, 125))
    cv2.line(picture, points[0].tolist(), points[-1].tolist(), (45, 45, 45), 4)
    return _around(points, 2, SMALL)


def _bad_edge(picture: Any, rng: Any, cap: tuple[int, int, int], angle: float) -> Box:
    """Torn teeth on the rim."""
    import cv2
    import numpy as np

    inner, outer = _polar(cap, 0.9, angle + np.linspace(-0.3, 0.3, 7)), _polar(cap, 1.12, angle + np.linspace(-0.3, 0.3, 7))
    zigzag = np.where((np.arange(7) % 2 == 0)[:, None], inner, outer)
    cv2.polylines(picture, [zigzag], False, (20, 20, 20), 7)
    cv2.polylines(picture, [zigzag], False, (235, 235, 235), 2)
    return _around(zigzag, 4, SMALL)


def _swirl(picture: Any, rng: Any, cap: tuple[int, int, int], angle: float) -> Box:
    """A spiral scratch."""
    import cv2
    import numpy as np

    (x, y), = _polar(cap, 0.4, np.array([angle]))
    turn = np.linspace(0, 5 * np.pi, 60)
    size = turn * rng.uniform(2.2, 3.0)
    points = np.stack([x + size * np.cos(turn), y + size * np.sin(turn)], -1).astype(np.int32)
    cv2.polylines(picture, [points], False, (240, 240, 240), 3, cv2.LINE_AA)
    return _around(points, 2, SMALL)


def _break_point(picture: Any, rng: Any, cap: tuple[int, int, int], angle: float) -> Box:
    """A small gap in the seal ring."""
    import cv2
    import numpy as np

    points = np.concatenate([_polar(cap, 0.82, angle + np.array([-0.07, 0.07])),
                             _polar(cap, 1.0, angle + np.array([0.07, -0.07]))])
    cv2.fillPoly(picture, [points], (10, 10, 10))
    return _around(points, 1, SMALL)


def _label(rng: Any, wanted: list[int]) -> tuple[Any, list[Box]]:
    """Draw a bottle with a label and a printed code, at a quarter of its size."""
    import cv2

    size = LARGE[0] // LARGE_SCALE, LARGE[1] // LARGE_SCALE
    picture = _ground(rng, size)
    cv2.rectangle(picture, (260, 0), (760, size[1] - 1), (120, 140, 90), -1)
    cv2.rectangle(picture, (260, 180), (760, 620), (225, 235, 240), -1)
    cv2.putText(picture, "SPRING WATER", (300, 300), cv2.FONT_HERSHEY_SIMPLEX, 1.7, (150, 70, 40), 4)
    draw: dict[int, Callable[[], Box]] = {
        6: lambda: _skewed(picture), 7: lambda: _wrinkles(picture, rng), 8: lambda: _bubbles(picture, rng),
        9: lambda: _code(picture, 430, bad=False), 10: lambda: _code(picture, 90, bad=True),
        0: lambda: _background(picture, rng, (0, 0, 0), 0.0)}
    return picture, [draw[category]() for category in wanted]


def _skewed(picture: Any) -> Box:
    """The lower border of the label, askew."""
    import cv2
    import numpy as np

    points = np.array([[260, 580], [760, 640], [760, 690], [260, 630]], np.int32)
    cv2.fillPoly(picture, [points], (225, 235, 240))
    cv2.polylines(picture, [points], True, (60, 60, 60), 3)
    return _around(points, 2, (1024, 750))


def _wrinkles(picture: Any, rng: Any) -> Box:
    import cv2
    import numpy as np

    x = int(rng.integers(300, 560))
    points = np.array([[[x + 30 * k + 8 * (i % 2), 330 + 12 * i] for i in range(8)] for k in range(4)], np.int32)
    cv2.polylines(picture, list(points), False, (120, 120, 120), 3, cv2.LINE_AA)
    return _around(points, 2, (1024, 750))


def _bubbles(picture: Any, rng: Any) -> Box:
    import cv2
    import numpy as np

    x, y = int(rng.integers(320, 640)), int(rng.integers(470, 540))
    spots = [(x + dx, y + dy, radius) for dx, dy, radius in ((0, 0, 22), (45, 12, 15), (20, 40, 12))]
    for cx, cy, radius in spots:
        cv2.circle(picture, (cx, cy), radius, (250, 250, 250), -1, cv2.LINE_AA)
        cv2.circle(picture, (cx, cy), radius, (140, 140, 140), 2, cv2.LINE_AA)
    return _around(np.array([[s * r + c for c, s in ((cx, k), (cy, k))] for cx, cy, r in spots for k in (-1, 1)]), 1,
                   (1024, 750))


def _code(picture: Any, top: int, *, bad: bool) -> Box:
    """The printed code; a bad one is smeared."""
    import cv2

    text, base = "20240611 A7", (330, top + 40)
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_PLAIN, 3, 3)
    cv2.putText(picture, text, base, cv2.FONT_HERSHEY_PLAIN, 3, (20, 20, 20), 3)
    box = base[0] - 4, base[1] - height - 4, base[0] + width + 4, base[1] + below + 4
    if bad:
        left, y0, right, y1 = box
        picture[y0:y1, left:right] = cv2.blur(picture[y0:y1, left:right], (31, 5))
    return box


_DEFECTS: dict[int, Callable[..., Box]] = {0: _background, 1: _broken, 2: _deformed, 3: _bad_edge, 4: _swirl,
                                           5: _break_point}
