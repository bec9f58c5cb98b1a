"""Pictures of noise of several scales, which look alike to no hash, and copies of pictures."""

import random
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

Picture = Any


def scene(seed: int, width: int = 160, height: int = 120) -> Picture:
    """Return a picture, uint8 (height, width, 3): coloured noise, coarse and fine."""
    noise = np.random.default_rng(seed)
    out = np.zeros((height, width, 3), np.float32)
    for cells, strength in ((3, 60), (6, 40), (12, 25), (40, 12)):
        coarse = noise.normal(0, strength, (cells, cells, 3)).astype(np.float32)
        out += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(out + 128, 0, 255).astype(np.uint8)


def _scaled(picture: Picture, rng: random.Random) -> Picture:
    factor = rng.choice([0.4, 0.6, 0.8, 1.5])
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def _cropped(picture: Picture, rng: random.Random) -> Picture:
    height, width = picture.shape[:2]
    left, top, right, bottom = (rng.uniform(0, 0.05) for _ in range(4))
    return picture[
        int(top * height) : int(height - bottom * height),
        int(left * width) : int(width - right * width),
    ]


def _brighter(picture: Picture, rng: random.Random) -> Picture:
    lit = picture.astype(np.float32) * rng.uniform(0.75, 1.25) + rng.uniform(-25, 25)
    return np.clip(lit, 0, 255).astype(np.uint8)


COPIES: dict[str, Callable[[Picture, random.Random], Picture]] = {
    "encoded anew": lambda picture, rng: picture,
    "scaled": _scaled,
    "cropped": _cropped,
    "brighter": _brighter,
    "flipped": lambda picture, rng: cv2.flip(picture, rng.choice([0, 1])),
    "turned": lambda picture, rng: np.rot90(picture, rng.choice([1, 2, 3])),
    "all": lambda picture, rng: np.rot90(
        _scaled(_brighter(_cropped(picture, rng), rng), rng)[:, ::-1], rng.choice([0, 1, 2, 3])
    ),
}


def encoded(picture: Picture, quality: int = 60) -> bytes:
    """Return a picture as the bytes of a JPEG."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(picture), flags)[1].tobytes())
