"""Write a small bottle-cap data set, so that recipes can be tried without real pictures."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coco_recipe_pictures.demo.bottles import draw_bottle
from coco_recipe_pictures.demo.caps import draw_cap_picture
from coco_recipe_pictures.demo.scene import Box

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


def write_demo(folder: Path, *, images: int = 60, seed: int = 0) -> None:
    """Write ``folder/annotations.json`` and drawn pictures, with a real set's quirks.

    The pictures are ``folder/images/*.jpg``.

    The quirks: repeated annotation ids, a background class with id 0 that fills a quarter of the
    pictures, categories out of order, gaps in image ids, two picture sizes, and the key ``license``
    where COCO has ``licenses``.

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
            draw_bottle(categories, rng) if large else draw_cap_picture(categories, rng)
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
