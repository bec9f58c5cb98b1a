"""Pictures in many formats."""

import io
from typing import Any

import numpy as np
import PIL.Image as Image
import pytest


def drawn(mode: str = "RGB", width: int = 60, height: int = 40) -> Any:
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 4), dtype=np.uint8)
    return Image.fromarray(noise, "RGBA").convert(mode)


def saved(picture: Any, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    try:
        picture.save(file, form, **options)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow writes no {form}")
    return file.getvalue()
