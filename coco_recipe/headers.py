"""What a picture's first and last bytes say: format, size, depth, EXIF, whether it is whole.

JPEG and PNG, which most data sets are made of, are read here, about 30 bytes of each segment;
Pillow reads the others. Nothing is decoded.
"""

import io
import mmap
import re
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

Bytes = bytes | mmap.mmap

ORIENTATION = 0x0112
PICTURES_IN_MPF = 0xB001
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_ALONE = {0x01, *range(0xD0, 0xD9)}  # JPEG markers without a length
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in a scan's data, FF is followed by 00
_TURNED_BY_OPENCV = {"jpeg", "png", "tiff"}  # 4.12 leaves WebP and AVIF as they are stored
_NO_PICTURES = (
    (rb"version https://git-lfs", "is a Git LFS pointer, not the picture: git lfs pull"),
    (rb"\s*<(!doctype html|html|head|body)", "is an HTML page, as a failed download leaves it"),
    (
        rb"\s*<(\?xml[^>]*>\s*|!--.*?-->\s*|!doctype svg[^>]*>\s*)*<?svg",
        "is an SVG drawing, which has no pixels",
    ),
    (rb"\s*[\[{]", "is JSON, not a picture"),
    (rb"PK\x03\x04", "is a ZIP archive, not a picture"),
    (rb"%PDF", "is a PDF document, not a picture"),
    (rb"\0+\Z", "has only zero bytes"),
)
_TIFF_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # by type
_TIFF_PIXELS = (273, 279, 324, 325)  # where strips and tiles start, and how many bytes they have
_MOST_OF_PPM = re.compile(rb"P[2356](?:\s+|#[^\n]*\n)+\d+\s+\d+\s+(\d+)\s")
_MAGIC = {
    rb"GIF8": "GIF",
    rb"RIFF....WEBP": "WebP",
    rb"II\*\0|MM\0\*": "TIFF",
    rb"BM": "BMP",
    rb"....ftypavi[fs]": "AVIF",
    rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51": "JPEG 2000",
}


class CutOffError(ValueError):
    """A picture's file ends before the picture does, or is damaged on the way."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture's file says of itself.

    Attributes:
        kind: the format: ``jpeg``, ``png``, else Pillow's name for it in small letters.
        width: in pixels, as they are stored.
        height: in pixels, as they are stored.
        bits: a channel.
        orientation: EXIF's, 1 to 8; 0 where the file has none.
        has_alpha: there is an alpha channel, or a transparent colour.
        is_cmyk: the colours are cyan, magenta, yellow and black.
        frames: pictures in the file; 2 stands for more than one where counting would take long.
        trailing: bytes after the picture's end.
    """

    kind: str
    width: int
    height: int
    bits: int = 8
    orientation: int = 0
    has_alpha: bool = False
    is_cmyk: bool = False
    frames: int = 1
    trailing: int = 0

    @property
    def stored(self) -> tuple[int, int]:
        """Return (width, height) as the pixels are stored."""
        return self.width, self.height

    @property
    def shown(self) -> tuple[int, int]:
        """Return (width, height) as OpenCV decodes it, turned as EXIF says; so do trainers."""
        turned = self.orientation >= 5 and self.kind in _TURNED_BY_OPENCV
        return (self.height, self.width) if turned else (self.width, self.height)


def read_header(path: Path, *, to_its_end: bool = False) -> Header:
    """Read a picture file's header; with ``to_its_end`` as `header_of`.

    Raises:
        ValueError: as `header_of`.
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file can't be mapped
            return header_of(b"")
        with data:
            return header_of(data, to_its_end=to_its_end)


def header_of(data: Bytes, *, to_its_end: bool = False) -> Header:
    """Read the header of a picture, and see that its file goes on to the picture's end.

    OpenCV decodes a JPEG that is cut in half as a half grey picture, without an error. A JPEG file
    whose last bytes are an end marker is taken to end there, unless ``to_its_end`` asks to go
    through all of it for the first one.

    Raises:
        CutOffError: the file is cut off or damaged.
        ValueError: it is no picture; says what it is, where that can be told.
    """
    if not len(data):
        raise ValueError("the file is empty")
    if data[:2] == b"\xff\xd8":
        return _jpeg(data, to_its_end)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(data)
    start = bytes(data[:2048])
    for pattern, what in _NO_PICTURES:
        if re.match(pattern, start, re.IGNORECASE | re.DOTALL):
            raise ValueError(what)
    return _by_pillow(data)


def _sized(found: Header) -> Header:
    if not (found.width and found.height):
        raise CutOffError(f"the {found.kind.upper()} file says {found.width}x{found.height} px")
    return found


def _png(data: Bytes) -> Header:
    """Walk the chunks up to the pixels: IHDR, and what may stand between."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise CutOffError("the PNG file is cut off")
    width, height, bits, colour = struct.unpack(">IIBB", data[16:26])
    if zlib.crc32(data[12:29]) != int.from_bytes(data[29:33], "big"):
        raise CutOffError("the PNG file is damaged: its header's checksum is wrong")
    transparent, frames, orientation = colour in (4, 6), 1, 0
    at = 33
    while (name := data[at + 4 : at + 8]) not in (b"IDAT", b"IEND", b""):
        length = int.from_bytes(data[at : at + 4], "big")
        if name == b"acTL":
            frames = int.from_bytes(data[at + 8 : at + 12], "big")
        elif name == b"eXIf":
            orientation = _orientation(data[at + 8 : at + 8 + length])
        transparent |= name == b"tRNS"
        at += 12 + length
    trailing = 0 if data[-12:] == PNG_END else len(data) - _png_end(data, at)
    return _sized(
        Header(
            "png",
            width,
            height,
            bits,
            orientation,
            transparent,
            frames=max(frames, 1),
            trailing=trailing,
        )
    )


def _png_end(data: Bytes, at: int) -> int:
    """Walk the chunks to the last; return where it ends."""
    while at + 12 <= len(data):
        name = data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        if name == b"IEND" and at <= len(data):
            return at
    raise CutOffError("the PNG file is cut off")


def _jpeg(data: Bytes, to_its_end: bool) -> Header:
    """Walk the segments: a thumbnail in one has a size and an end of its own, not the picture's."""
    at, size, bits, channels, orientation, frames = 2, (0, 0), 8, 0, 0, 1
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise CutOffError(f"the JPEG file is damaged at byte {at}")
        marker = data[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _FRAMES and at + 10 <= len(data):
            bits, height, width, channels = struct.unpack(">BHHB", data[at + 4 : at + 10])
            size = width, height
        elif marker == 0xE1 and not orientation and data[at + 4 : at + 10] == b"Exif\0\0":
            orientation = _orientation(data[at + 10 : at + 2 + length])
        elif marker == 0xE2 and data[at + 4 : at + 8] == b"MPF\0":
            frames = max(frames, _tag(data[at + 8 : at + 2 + length], PICTURES_IN_MPF))
        elif marker == 0xDA:
            is_last = not to_its_end and frames == 1 and data[-2:] == b"\xff\xd9"
            trailing = 0 if is_last else len(data) - _jpeg_end(data, at)
            return _sized(
                Header(
                    "jpeg",
                    *size,
                    bits,
                    orientation,
                    False,
                    channels == 4,
                    frames,
                    trailing if frames == 1 else 0,
                )
            )
        at += 2 + length
    raise CutOffError("the JPEG file is cut off")


def _jpeg_end(data: Bytes, at: int) -> int:
    """Go from the first scan, over what stands between scans, to the end marker; return its end."""
    while at + 4 <= len(data):
        after = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found = _MARKER_IN_SCAN.search(data, after)
        if found is None:
            break
        if data[found.start() + 1] == 0xD9:
            return found.end()
        at = found.start()
    raise CutOffError("the JPEG file is cut off")


def _orientation(exif: bytes) -> int:
    found = _tag(exif, ORIENTATION)
    return found if 1 <= found <= 8 else 0


def _deep_tiff(data: Bytes) -> Header | None:
    """Return the header of a TIFF of more than 8 bits a channel, of which Pillow knows few.

    Return None where it is none.
    """
    width, height, bits = (_tag(data, tag) for tag in (256, 257, 258))
    if not (width and height and bits > 8):
        return None
    if max(_tiff_ends(data)) > len(data):
        raise CutOffError("the TIFF file is cut off")
    return Header("tiff", width, height, bits)


def _tag(tiff: Bytes, wanted: int) -> int:
    """Return the (first) number of a tag in the first directory of a TIFF structure.

    0 where there is none.

    EXIF and MPF are such structures: a byte order, and at an offset rows of tag, type, count,
    value.
    """
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 0
    at = int(struct.unpack(order + "I", tiff[4:8])[0])
    if at + 2 > len(tiff):
        return 0
    for row in range(at + 2, at + 2 + 12 * struct.unpack(order + "H", tiff[at : at + 2])[0], 12):
        if row + 12 > len(tiff):
            break
        tag, kind, count = struct.unpack(order + "HHI", tiff[row : row + 8])
        if tag == wanted:
            form, length = ("H", 2) if kind == 3 else ("I", 4)
            start = (
                row + 8
                if count * length <= 4
                else struct.unpack(order + "I", tiff[row + 8 : row + 12])[0]
            )
            number = tiff[start : start + length]
            return int(struct.unpack(order + form, number)[0]) if len(number) == length else 0
    return 0


def _by_pillow(data: Bytes) -> Header:
    """Let Pillow read the header of any other format."""
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
        if deep := _deep_tiff(data):
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
    return _sized(replace(found, trailing=len(data) - end))


def _not_known(data: Bytes) -> ValueError:
    start = bytes(data[:256])
    for pattern, name in _MAGIC.items():
        if re.match(pattern, start, re.DOTALL):
            return CutOffError(
                f"the {name} file is cut off, damaged, or of a kind that can't be read"
            )
    is_text = all(byte >= 32 or byte in b"\t\r\n\f" for byte in start)
    return ValueError("is text, not a picture" if is_text else "is not a picture that can be read")


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

    Else as Pillow's mode has them.
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
    return max(len(data), *_tiff_ends(data))


def _tiff_ends(data: Bytes) -> Iterator[int]:
    """Yield where the directories of a TIFF end, the values that they point to, and the pixels."""
    yield 8
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(data[:4]))
    at, seen = (int(struct.unpack(order + "I", data[4:8])[0]) if order else 0), set[int]()
    while at and at not in seen and order:
        seen.add(at)
        rows = int(struct.unpack(order + "H", data[at : at + 2])[0]) if at + 2 <= len(data) else 0
        end = at + 2 + 12 * rows + 4
        yield end
        if end > len(data):
            return
        parts: dict[int, Sequence[int]] = {}
        for row in range(at + 2, at + 2 + 12 * rows, 12):
            tag, kind, count = struct.unpack(order + "HHI", data[row : row + 8])
            size, start = count * _TIFF_BYTES.get(kind, 1), row + 8
            if size > 4:
                start = int(struct.unpack(order + "I", data[start : start + 4])[0])
            yield start + size
            if tag in _TIFF_PIXELS and kind in (3, 4) and start + size <= len(data):
                form = f"{order}{count}{'H' if kind == 3 else 'I'}"
                parts[tag] = struct.unpack(form, data[start : start + size])
        for starts, lengths in ((273, 279), (324, 325)):
            pairs = zip(parts.get(starts, ()), parts.get(lengths, ()), strict=False)
            yield from (start + length for start, length in pairs)
        at = int(struct.unpack(order + "I", data[end - 4 : end])[0])


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
