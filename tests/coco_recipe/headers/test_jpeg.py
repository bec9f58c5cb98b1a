"""The end of a JPEG."""

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


def test_the_end_of_a_progressive_jpeg_is_behind_all_its_scans() -> None:
    data = _saved(_picture(), "JPEG", progressive=True)
    assert header_of(data + b"12345").trailing == 5
    with pytest.raises(CutOffError):
        header_of(data[:-2] + b"12345")
