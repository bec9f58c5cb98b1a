"""What a picture's file says of itself is what Pillow finds in it once it is decoded, in every
format.
"""

import struct
import time
import zlib
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")

from picture_files import drawn, saved  # noqa: E402

from coco_recipe import CutOffError, header_of, read_header  # noqa: E402

FORMATS = ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_not_whole(form: str, share: float) -> None:
    data = saved(drawn(), form)
    assert header_of(data).stored == (60, 40)
    with pytest.raises(CutOffError):
        header_of(data[: int(len(data) * share)])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize(
    "tail", [b"\0" * 7, b"PK\x03\x04 an archive", b"\xff\xd8 \xff\xd9 and so on"]
)
def test_bytes_after_the_end_are_counted(form: str, tail: bytes) -> None:
    data = saved(drawn(), form)
    assert header_of(data).trailing == 0
    assert header_of(data + tail).trailing == len(tail)


def test_a_size_is_told_before_anything_is_decoded_however_large() -> None:
    lying = bytearray(saved(drawn(), "PNG"))
    lying[16:24] = struct.pack(">II", 60000, 60000)
    lying[29:33] = struct.pack(">I", zlib.crc32(bytes(lying[12:29])))
    assert header_of(bytes(lying)).stored == (60000, 60000)
    gif = bytearray(saved(drawn(), "GIF"))
    gif[6:10] = struct.pack("<HH", 60000, 60000)
    assert header_of(bytes(gif)).stored == (60000, 60000)


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
        (tmp_path / name).write_bytes(saved(drawn(width=640, height=480), form))
        began = time.process_time()
        for _ in range(500):
            read_header(tmp_path / name)
        assert 500 / (time.process_time() - began) > 2500
