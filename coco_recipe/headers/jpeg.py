"""The header of a JPEG: segments up to the first scan, and the end of the last."""

import re
import struct

from coco_recipe.headers.header import Bytes, CutOffError, Header, sized
from coco_recipe.headers.tiff import number_of_tag, orientation_of

_PICTURES_IN_MPF = 0xB001
_ALONE = {0x01, *range(0xD0, 0xD9)}  # JPEG markers without a length
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in a scan's data, FF is followed by 00


def jpeg(data: Bytes, to_its_end: bool) -> Header:
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
            orientation = orientation_of(data[at + 10 : at + 2 + length])
        elif marker == 0xE2 and data[at + 4 : at + 8] == b"MPF\0":
            frames = max(frames, number_of_tag(data[at + 8 : at + 2 + length], _PICTURES_IN_MPF))
        elif marker == 0xDA:
            is_last = not to_its_end and frames == 1 and data[-2:] == b"\xff\xd9"
            trailing = 0 if is_last else len(data) - _end_of(data, at)
            return sized(
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


def _end_of(data: Bytes, at: int) -> int:
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
