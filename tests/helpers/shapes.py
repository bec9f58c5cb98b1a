"""Draw small pictures with one to three plain shapes, as a data set that a detector learns in
minutes.
"""

import json
from pathlib import Path
from typing import Any

NAMES = ("disc", "square", "triangle")


def draw(folder: Path, images: int, seed: int, *, side: int = 160, masks: bool = False) -> Path:
    """Write ``folder/annotations.json`` and ``folder/images/``; return the folder.

    Shapes don't overlap; they are 32 to 72 px wide at a side of 160 px, each kind in shades of a
    hue of its own.
    """
    import cv2
    import numpy as np

    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    data: dict[str, Any] = {
        "images": [],
        "annotations": [],
        "categories": [{"id": n, "name": name} for n, name in enumerate(NAMES, 1)],
    }
    for number in range(1, images + 1):
        picture = np.full((side, side, 3), rng.integers(60, 200), np.uint8)
        boxes: list[tuple[int, int, int, int]] = []
        for _ in range(int(rng.integers(1, 4))):
            size = int(rng.integers(side * 32 // 160, side * 72 // 160))
            x, y = (int(rng.integers(2, side - size - 2)) for _ in range(2))
            if any(
                x < bx + bw and bx < x + size and y < by + bh and by < y + size
                for bx, by, bw, bh in boxes
            ):
                continue
            kind = int(rng.integers(1, 4))
            colour = tuple(
                int(rng.integers(170, 256) if channel == kind else rng.integers(0, 80))
                for channel in (1, 2, 3)
            )
            corners = [[x, y + size - 1], [x + size - 1, y + size - 1], [x + size // 2, y]]
            if kind == 1:
                cv2.circle(picture, (x + size // 2, y + size // 2), size // 2, colour, -1)
            elif kind == 2:
                cv2.rectangle(picture, (x, y), (x + size - 1, y + size - 1), colour, -1)
            else:
                cv2.fillPoly(picture, [np.array(corners)], colour)
            boxes.append((x, y, size, size))
            data["annotations"].append(
                {
                    "id": len(data["annotations"]) + 1,
                    "image_id": number,
                    "category_id": kind,
                    "bbox": [x, y, size, size],
                    "area": size * size,
                    "iscrowd": 0,
                }
            )
            if masks:
                data["annotations"][-1]["segmentation"] = [
                    [x, y, x + size, y, x + size, y + size, x, y + size]
                ]
        ok, coded = cv2.imencode(".png", picture)
        assert ok
        (folder / f"images/{number:04}.png").write_bytes(coded.tobytes())
        data["images"].append(
            {"id": number, "file_name": f"{number:04}.png", "width": side, "height": side}
        )
    (folder / "annotations.json").write_text(json.dumps(data))
    return folder
