"""The headers of all other formats, which Pillow reads, and where their pictures end."""

import codecs
import io
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from coco_recipe.headers.header import Bytes, CutOffError, Header, sized
from coco_recipe.headers.tiff import ORIENTATION, deep_tiff, ends_of_parts

_MOST_OF_PPM = re.compile(rb"P[2356](?:\s+|#[^\n]*\n)+\d+\s+\d+\s+(\d+)\s")
_MAGIC = {
    rb"GIF8": "GIF",
    rb"RIFF....WEBP": "WebP",
    rb"II\*\0|MM\0\*": "TIFF",
    rb"BM": "BMP",
    rb"....ftypavi[fs]": "AVIF",
    rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51": "JPEG 2000",
}


def by_pillow(data: Bytes) -> Header:
    """Let Pillow read a header.

    Raises:
        CutOffError: the file is cut off or damaged.
        ValueError: it is no picture that Pillow knows.
    """
    from PIL import UnidentifiedImageError

    try:
        with _opened(data) as picture:
            kind = str(picture.format).lower()
            width, height = _stored_size(picture)
            transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
            found = Header(
                kind,
                width,
                height,
                _bits(picture, bytes(data[:2048])),
                int(picture.getexif().get(ORIENTATION) or 0),
                transparent,
                picture.mode == "CMYK",
                1 + bool(getattr(picture, "is_animated", False)),
            )
            end = _END[kind](data, picture) if kind in _END else len(data)
    except UnidentifiedImageError as error:
        if deep := deep_tiff(data):
            return deep
        raise _not_known(data) from error
    except (
        OSError,
        SyntaxError,
        ValueError,
        struct.error,
        EOFError,
        IndexError,
        TypeError,
        OverflowError,
        ZeroDivisionError,
    ) as error:  # what its readers raise on damaged files
        raise CutOffError(f"the file is cut off or damaged: {error}") from error
    if end > len(data):
        raise CutOffError(f"the {kind.upper()} file is cut off")
    return sized(replace(found, trailing=len(data) - end))


def _not_known(data: Bytes) -> ValueError:
    start = bytes(data[:256])
    for pattern, name in _MAGIC.items():
        if re.match(pattern, start, re.DOTALL):
            return CutOffError(
                f"the {name} file is cut off, damaged, or of a kind that can't be read"
            )
    is_text = all(byte >= 32 or byte in b"\t\r\n\f" for byte in start) and _is_utf8(start)
    return ValueError("is text, not a picture" if is_text else "is not a picture that can be read")


def _is_utf8(start: bytes) -> bool:
    """Say whether bytes are the start of a text in UTF-8; its last letter may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _opened(data: Bytes) -> Iterator[Any]:
    """Let Pillow open a picture of any size: nothing is decoded, and the size is what is asked."""
    from PIL import Image

    most, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield Image.open(io.BytesIO(data[:]))
    finally:
        Image.MAX_IMAGE_PIXELS = most


def _stored_size(picture: Any) -> tuple[int, int]:
    """Return width and height; Pillow has turned a TIFF's already."""
    tags = getattr(picture, "tag_v2", {})
    width, height = tags.get(256, picture.width), tags.get(257, picture.height)
    return int(width), int(height)


def _bits(picture: Any, start: bytes) -> int:
    """Return the bits of a channel: TIFF's own tag, PPM's greatest value.

    Of other formats they are as Pillow's mode has them.
    """
    given = getattr(picture, "tag_v2", {}).get(258)
    if given:
        return max(given) if isinstance(given, tuple) else int(given)
    mode = str(picture.mode)
    if picture.format == "PPM" and (most := _MOST_OF_PPM.match(start)):
        return 16 if int(most[1]) > 255 else 8
    return 16 if mode.startswith("I;16") else 32 if mode in ("I", "F") else 8


def _gif_end(data: Bytes, picture: Any) -> int:
    """Walk the blocks to the trailer.

    Return its end, or a place past the file's where it is cut off.
    """
    at = 13 + _gif_colours(data, 10)
    while (name := data[at : at + 1]) in (b"!", b","):
        # an extension has a label, a frame its place, size and colours and the bits of a code
        at += 2 if name == b"!" else 11 + _gif_colours(data, at + 9)
        while at < len(data) and data[at]:  # blocks of data, up to the empty one
            at += 1 + data[at]
        at += 1
    if at < len(data) and name != b";":
        raise CutOffError(f"the GIF file is damaged at byte {at}")
    return at + 1


def _gif_colours(data: Bytes, at: int) -> int:
    """Return the length in bytes of the colour table that flags at a place announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp_end(data: Bytes, picture: Any) -> int:
    length = int.from_bytes(data[4:8], "little") + 8
    return length + length % 2 if length < len(data) else length


def _bmp_end(data: Bytes, picture: Any) -> int:
    """Return where the rows end, each padded to 4 bytes; packed files are taken for whole."""
    start, bits, packing = (
        int.from_bytes(data[a:b], "little") for a, b in ((10, 14), (28, 30), (30, 34))
    )
    if packing not in (0, 3) or data[14:15] == b"\x0c":
        return len(data)
    end: int = start + (picture.width * bits + 31) // 32 * 4 * picture.height
    return max(end, min(int.from_bytes(data[2:6], "little"), len(data)))


def _tiff_end(data: Bytes, picture: Any) -> int:
    """Return where the last part of a TIFF ends, or the file: its parts stand in any order."""
    return max(len(data), *ends_of_parts(data))


def _jpeg2000_end(data: Bytes, picture: Any) -> int:
    return len(data) + (data.rfind(b"\xff\xd9") < 0)


def _avif_end(data: Bytes, picture: Any) -> int:
    """Walk the boxes: a length (1: it follows, in 8 bytes; 0: up to the end) and a name each."""
    at = 0
    while data[at + 4 : at + 8] in (b"ftyp", b"meta", b"moov", b"mdat", b"free"):
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 0:
            return len(data)
        at += int.from_bytes(data[at + 8 : at + 16], "big") if length == 1 else length
    return at


_END = {
    "gif": _gif_end,
    "webp": _webp_end,
    "bmp": _bmp_end,
    "tiff": _tiff_end,
    "jpeg2000": _jpeg2000_end,
    "avif": _avif_end,
}
