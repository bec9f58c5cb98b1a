"""What Pillow tells of other formats."""

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


@pytest.mark.parametrize("lost", [1, 2, 200, 1500, 3000])
@pytest.mark.parametrize("frames", [1, 2])
def test_a_gif_whose_end_is_lost_is_cut_off_whatever_bytes_its_pixels_have(
    lost: int, frames: int
) -> None:
    data = _saved(
        _picture(), "GIF", save_all=True, append_images=[_picture().rotate(90)][: frames - 1]
    )
    assert data.count(b"\0;") == 1
    within = len(data) - 2000  # an end and what follows it, where a frame's pixels are
    lying = data[:within] + b"\0;" + data[within + 2 :]
    for whole in (data, lying):
        assert header_of(whole).trailing == 0
        with pytest.raises(CutOffError):
            header_of(whole[:-lost])
        assert header_of(whole + b"\0; more").trailing == 7


@pytest.mark.parametrize("form", ["PNG", "GIF", "WEBP", "TIFF", "MPO"])
def test_more_than_one_picture_in_a_file_is_told(form: str) -> None:
    both = _saved(_picture(), form, save_all=True, append_images=[_picture().rotate(90)])
    assert header_of(both).frames > 1
    assert header_of(_saved(_picture(), "JPEG" if form == "MPO" else form)).frames == 1
