"""What a header tells: channels, bits, and the size that is shown."""

import pytest

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")
from picture_files import drawn, saved  # noqa: E402

from coco_recipe import header_of  # noqa: E402


def _turned(form: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(drawn(), form, exif=exif)


@pytest.mark.parametrize(
    ("mode", "form"), [("RGBA", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP"), ("RGBA", "TIFF")]
)
def test_an_alpha_channel_is_told(mode: str, form: str) -> None:
    assert header_of(saved(drawn(mode), form)).has_alpha
    assert not header_of(saved(drawn(), form)).has_alpha


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cyan_magenta_yellow_and_black_are_told(form: str) -> None:
    assert header_of(saved(drawn("CMYK"), form)).is_cmyk
    assert not header_of(saved(drawn(), form)).is_cmyk


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_told(form: str) -> None:
    grey = Image.fromarray(np.arange(2400, dtype=np.uint16).reshape(40, 60))
    assert header_of(saved(grey, form)).bits == 16


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_that_is_shown_is_the_size_that_opencv_decodes(
    form: str, orientation: int
) -> None:
    cv2 = pytest.importorskip("cv2")
    data = _turned(form, orientation)
    height, width = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    found = header_of(data)
    assert (found.shown, found.stored) == ((width, height), (60, 40))
    if form != "AVIF":  # Pillow's encoder writes it into the format's own field, too
        assert found.orientation == orientation
