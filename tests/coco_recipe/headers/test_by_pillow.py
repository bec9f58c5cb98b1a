"""What Pillow tells of other formats."""

import pytest

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")
from picture_files import drawn, saved  # noqa: E402

from coco_recipe import CutOffError, header_of  # noqa: E402


@pytest.mark.parametrize("lost", [1, 2, 200, 1500, 3000])
@pytest.mark.parametrize("frames", [1, 2])
def test_a_gif_whose_end_is_lost_is_cut_off_whatever_bytes_its_pixels_have(
    lost: int, frames: int
) -> None:
    data = saved(drawn(), "GIF", save_all=True, append_images=[drawn().rotate(90)][: frames - 1])
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
    both = saved(drawn(), form, save_all=True, append_images=[drawn().rotate(90)])
    assert header_of(both).frames > 1
    assert header_of(saved(drawn(), "JPEG" if form == "MPO" else form)).frames == 1
