"""Small data sets for tests of steps, and pictures to go with them; they need no other package."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe import coco_json
from coco_recipe.dataset import Dataset

BOX = (1, 2, 10, 10)  # x, y, width and height of every box, in pixels
SIZE = (64, 48)  # width and height of every picture, in pixels


def coco(
    images: int = 3,
    boxes: Sequence[tuple[int, int]] = ((1, 1), (2, 2)),
    names: Sequence[str] = ("cat", "dog"),
    *,
    ending: str = "jpg",
    **extra: Any,
) -> dict[str, Any]:
    """Return COCO JSON for a test to change: pictures of 64x48 px, boxes of 10x10 px.

    Args:
        images: how many; their ids count from 1.
        boxes: (image id, category id) of each annotation; their ids count from 1.
        names: of the categories; their ids count from 1.
        ending: of the file names, as ``1.jpg``.
        extra: further keys at the top level, as ``licenses``.

    Returns:
        A new object, for `dataset`, or for ``json.dumps`` into a file.
    """
    width, height = SIZE
    return {
        "info": {"year": 2026},
        **extra,
        "images": [
            {"id": i, "file_name": f"{i}.{ending}", "width": width, "height": height}
            for i in range(1, images + 1)
        ],
        "annotations": [
            {
                "id": n,
                "image_id": i,
                "category_id": c,
                "bbox": list(BOX),
                "area": BOX[2] * BOX[3],
                "iscrowd": 0,
            }
            for n, (i, c) in enumerate(boxes, 1)
        ],
        "categories": [
            {"id": n, "name": name, "supercategory": name} for n, name in enumerate(names, 1)
        ],
    }


def dataset(
    data: Mapping[str, Any] | None = None, *, home: str = "raw", images: Path | None = None
) -> Dataset:
    """Return COCO JSON as a step gets it.

    Args:
        data: the JSON; without it that of `coco`.
        home: the name of the input that it is taken for.
        images: the folder with its pictures, as `draw` makes it.

    Returns:
        The data set, for `run_step` and `broken_promises`.

    Raises:
        DatasetError: the JSON isn't COCO.
    """
    text = msgspec.json.encode(coco() if data is None else data)
    return coco_json.parse(text, name=home, home=home, images=images)


def draw(folder: Path, data: Mapping[str, Any]) -> Path:
    """Write a picture for each image: black, with the first box of a data set of `coco` white.

    The files are PNG, whatever their names end with.

    Args:
        folder: where they are written; it is made where it isn't there.
        data: the JSON; rows of ``images`` with ``file_name``, ``width`` and ``height``.

    Returns:
        The folder, for ``dataset(data, images=...)``.
    """
    for row in data["images"]:
        path = folder / row["file_name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_png(row["width"], row["height"]))
    return folder


def _png(width: int, height: int) -> bytes:
    """Return a grey picture of that size in pixels: 0, and 255 inside of `BOX`."""
    left, top, across, down = BOX
    black = bytes(width)
    white = (bytes(left) + b"\xff" * across).ljust(width, b"\0")[:width]
    rows = (white if top <= y < top + down else black for y in range(height))
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))  # 0: no filter
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits of grey
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
