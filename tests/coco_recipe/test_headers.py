"""What a picture's file says of itself is what Pillow finds in it once it is decoded, in every format."""

import io
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")

from coco_recipe import CutOffError, header_of, read_header  # noqa: E402

FORMATS = ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000"]


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


def _turned(form: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _saved(_picture(), form, exif=exif)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_not_whole(form: str, share: float) -> None:
    data = _saved(_picture(), form)
    assert header_of(data).stored == (60, 40)
    with pytest.raises(CutOffError):
        header_of(data[: int(len(data) * share)])


TIFFS: dict[str, dict[str, Any]] = {
    "plain": {},
    "packed": {"compression": "tiff_lzw"},
    "jpeg": {"compression": "jpeg"},
    "pages": {"save_all": True, "append_images": [_picture(width=30)]},
}


@pytest.mark.parametrize("depth", ["8", "16", "jpeg", "packed", "pages", "plain"])
def test_a_tiff_is_cut_off_wherever_its_directory_stands(depth: str) -> None:
    if depth in TIFFS:
        data = _saved(_picture(), "TIFF", **TIFFS[depth])
    else:
        cv2 = pytest.importorskip("cv2")
        kind = np.uint16 if depth == "16" else np.uint8
        shades = np.random.default_rng(1).integers(0, 255, (40, 60, 3)).astype(kind)
        data = cv2.imencode(".tiff", shades)[1].tobytes()
    assert header_of(data).stored == (60, 40)
    assert header_of(data + b"some bytes more").stored == (60, 40)
    for lost in (40, 77, len(data) // 3, len(data) // 2, len(data) - 60):
        with pytest.raises(CutOffError):
            header_of(data[:-lost])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize(
    "tail", [b"\0" * 7, b"PK\x03\x04 an archive", b"\xff\xd8 \xff\xd9 and so on"]
)
def test_bytes_after_the_end_are_counted(form: str, tail: bytes) -> None:
    data = _saved(_picture(), form)
    assert header_of(data).trailing == 0
    assert header_of(data + tail).trailing == len(tail)


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


def test_the_end_of_a_progressive_jpeg_is_behind_all_its_scans() -> None:
    data = _saved(_picture(), "JPEG", progressive=True)
    assert header_of(data + b"12345").trailing == 5
    with pytest.raises(CutOffError):
        header_of(data[:-2] + b"12345")


@pytest.mark.parametrize("form", ["PNG", "GIF", "WEBP", "TIFF", "MPO"])
def test_more_than_one_picture_in_a_file_is_told(form: str) -> None:
    both = _saved(_picture(), form, save_all=True, append_images=[_picture().rotate(90)])
    assert header_of(both).frames > 1
    assert header_of(_saved(_picture(), "JPEG" if form == "MPO" else form)).frames == 1


@pytest.mark.parametrize(
    ("mode", "form"), [("RGBA", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP"), ("RGBA", "TIFF")]
)
def test_an_alpha_channel_is_told(mode: str, form: str) -> None:
    assert header_of(_saved(_picture(mode), form)).has_alpha
    assert not header_of(_saved(_picture(), form)).has_alpha


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cyan_magenta_yellow_and_black_are_told(form: str) -> None:
    assert header_of(_saved(_picture("CMYK"), form)).is_cmyk
    assert not header_of(_saved(_picture(), form)).is_cmyk


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_told(form: str) -> None:
    grey = Image.fromarray(np.arange(2400, dtype=np.uint16).reshape(40, 60))
    assert header_of(_saved(grey, form)).bits == 16


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


def test_exif_with_the_high_byte_first_is_read() -> None:
    exif = (
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 8, 0) + b"\0\0\0\0"
    )
    data = _saved(_picture(), "JPEG")
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    assert (header_of(data).orientation, header_of(data).shown) == (8, (40, 60))


def test_a_size_is_told_before_anything_is_decoded_however_large() -> None:
    lying = bytearray(_saved(_picture(), "PNG"))
    lying[16:24] = struct.pack(">II", 60000, 60000)
    lying[29:33] = struct.pack(">I", zlib.crc32(bytes(lying[12:29])))
    assert header_of(bytes(lying)).stored == (60000, 60000)
    gif = bytearray(_saved(_picture(), "GIF"))
    gif[6:10] = struct.pack("<HH", 60000, 60000)
    assert header_of(bytes(gif)).stored == (60000, 60000)


def test_a_png_whose_header_is_damaged_is_told() -> None:
    damaged = bytearray(_saved(_picture(), "PNG"))
    damaged[19] ^= 1
    with pytest.raises(CutOffError, match="checksum"):
        header_of(bytes(damaged))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"hello, world" * 9, "text"),
        (b"\0" * 500, "only zero bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
        (b"<!DOCTYPE html>\n<html><body>404", "HTML page"),
        (b"<html>", "HTML page"),
        (b'<?xml version="1.0"?>\n<svg xmlns="x">', "SVG"),
        (b'{"error": 404}', "JSON"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"%PDF-1.7", "PDF"),
        (b"\x01\x02\x03\x04" * 50, "not a picture"),
    ],
)
def test_what_is_no_picture_is_called_what_it_is(data: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        header_of(data)


def test_headers_of_files_are_read_fast(tmp_path: Path) -> None:
    """The figure to hold is 5,000 a second; a busy machine gets room."""
    for name, form in (("a.jpg", "JPEG"), ("a.png", "PNG")):
        (tmp_path / name).write_bytes(_saved(_picture(width=640, height=480), form))
        began = time.process_time()
        for _ in range(500):
            read_header(tmp_path / name)
        assert 500 / (time.process_time() - began) > 2500
