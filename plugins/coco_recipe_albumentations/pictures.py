"""Picture files: what the header says, decoding that refuses what is damaged, encoding; one seam to OpenCV."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Picture = np.ndarray[Any, np.dtype[np.uint8]]

_BITS = "has {} bits a channel, which would be cut to 8: convert it first"
_NO_LENGTH = {0x01, *range(0xD0, 0xD9)}  # JPEG markers that stand alone
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture's first bytes say; width and height are 0 for a format that isn't looked into."""

    kind: str
    width: int = 0
    height: int = 0
    bits: int = 8
    has_alpha: bool = False


def header(data: bytes) -> Header:
    """Read the header of a picture, and see that the file goes on to its end.

    OpenCV decodes a JPEG that is cut in half as a half grey picture, without an error.

    Raises:
        ValueError: the file is empty, cut off, or no picture.
    """
    if not data:
        raise ValueError("the file is empty")
    if data.startswith(b"version https://git-lfs"):
        raise ValueError("is a Git LFS pointer, not the picture: git lfs pull")
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(data)
    return Header("other")


def _png(data: bytes) -> Header:
    if len(data) < 33 or data.rfind(b"IEND", max(len(data) - 64, 8)) < 0:
        raise ValueError("the PNG file is cut off")
    width, height, bits, colour = struct.unpack(">IIBB", data[16:26])
    return Header("png", width, height, bits, colour in (4, 6))


def _jpeg(data: bytes) -> Header:
    """Walk the segments: a thumbnail inside one has a size and an end of its own, which must not be taken for these."""
    at, found = 2, Header("jpeg")
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise ValueError(f"the JPEG file is damaged at byte {at}")
        marker = data[at + 1]
        if marker == 0xFF or marker in _NO_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(data[at + 2:at + 4], "big")
        if marker in _FRAMES and at + 9 <= len(data):
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            found = Header("jpeg", width, height, data[at + 4])
        if marker == 0xDA:  # the scan; in it a marker byte FF is always escaped, so FF D9 is the end
            if data.rfind(b"\xff\xd9", at + 2 + length) < 0:
                break
            return found
        at += 2 + length
    raise ValueError("the JPEG file is cut off")


def decode(data: bytes, *, size: tuple[int, int] | None, exif: str = "apply", max_pixels: int = 0) -> "Picture":
    """Decode a picture.

    Args:
        data: the file's bytes.
        size: (width, height) that the data set says; None leaves it unchecked.
        exif: ``apply`` turns the picture as its EXIF orientation says, ``ignore`` leaves the pixels as they are stored.
        max_pixels: a larger picture is refused, a PNG or JPEG before it is decoded; 0 for no limit.

    Returns:
        uint8 (H, W, 3), RGB; an alpha channel is left out.

    Raises:
        ValueError: the file is damaged, too large, has 16 bits a channel, or not the size that the data set says.
    """
    import cv2
    import numpy as np

    head = header(data)
    _check_pixels(head.width, head.height, max_pixels)
    if head.bits > 8:
        raise ValueError(_BITS.format(head.bits))
    as_rgb = head.kind != "other"  # of OpenCV's decoders for other formats, some give RGB for RGB and some BGR
    flags = cv2.IMREAD_COLOR_RGB if as_rgb else cv2.IMREAD_COLOR
    flags |= cv2.IMREAD_IGNORE_ORIENTATION if exif == "ignore" else 0
    try:
        picture: Picture | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise ValueError(f"can't be decoded: {error.err}") from error
    if picture is None:
        raise ValueError("is not a picture that OpenCV can read")
    height, width = picture.shape[:2]
    _check_pixels(width, height, max_pixels)
    if head.kind == "other":
        stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if stored is not None and stored.dtype != np.uint8:
            raise ValueError(_BITS.format(8 * stored.dtype.itemsize))
    if size is not None and (width, height) != size:
        hint = ""
        if (height, width) == size:
            hint = f"; its EXIF orientation turns it: exif: {'ignore' if exif == 'apply' else 'apply'}"
        raise ValueError(f"has {width}x{height} px, the data set says {size[0]}x{size[1]}{hint}")
    if not as_rgb:
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, picture)
    return picture


def _check_pixels(width: int, height: int, most: int) -> None:
    if most and width * height > most:
        raise ValueError(f"has {width}x{height} px, more than max_pixels ({most})")


def encode(picture: "Picture", suffix: str, quality: int) -> bytes:
    """Encode a picture, uint8 (H, W, 3) RGB, as ``.jpg`` (quality 1 to 100) or ``.png``.

    Raises:
        ValueError: the format can't hold it (a JPEG has at most 65,535 px a side).
    """
    import cv2

    flags = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else []
    try:
        done, data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), flags)
    except cv2.error:
        done = False
    if not done:
        raise ValueError(f"{picture.shape[1]}x{picture.shape[0]} px can't be written as {suffix}")
    return bytes(data.tobytes())


def read(path: Path) -> bytes:
    """Read a picture's file; Python does it, because OpenCV crashes on odd paths."""
    if not path.is_file():
        raise ValueError("there is no such file")
    return path.read_bytes()
