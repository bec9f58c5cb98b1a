"""The header of a PNG."""

import io
from typing import Any

import pytest

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")
from coco_recipe import CutOffError, header_of  # noqa: E402


def _picture(mode: str = "RGB", width: int = 60, height: int = 40) -> Any:
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 4), dtype=np.uint8)
    return Image.fromarray(noise, "RGBA").convert(mode)


def _saved(picture: Any, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    try:
        picture.save(file, form, **options)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow writes no {form}")
    return file.getvalue()


def test_a_png_whose_header_is_damaged_is_told() -> None:
    damaged = bytearray(_saved(_picture(), "PNG"))
    damaged[19] ^= 1
    with pytest.raises(CutOffError, match="checksum"):
        header_of(bytes(damaged))
