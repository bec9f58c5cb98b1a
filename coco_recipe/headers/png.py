"""The header of a PNG: chunks up to the pixels, and the end."""

import struct
import zlib

from coco_recipe.headers.header import Bytes, CutOffError, Header, sized
from coco_recipe.headers.tiff import orientation_of

_END = b"\0\0\0\0IEND\xaeB`\x82"


def png(data: Bytes) -> Header:
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
            orientation = orientation_of(data[at + 8 : at + 8 + length])
        transparent |= name == b"tRNS"
        at += 12 + length
    trailing = 0 if data[-12:] == _END else len(data) - _end_of(data, at)
    return sized(
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


def _end_of(data: Bytes, at: int) -> int:
    """Walk the chunks to the last; return where it ends."""
    while at + 12 <= len(data):
        name = data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        if name == b"IEND" and at <= len(data):
            return at
    raise CutOffError("the PNG file is cut off")
