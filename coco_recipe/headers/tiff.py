"""What TIFF structures say: of pictures, and of EXIF and MPF, which are such structures."""

import struct
from collections.abc import Iterator, Sequence

from coco_recipe.headers.header import Bytes, CutOffError, Header

ORIENTATION = 0x0112
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # by type
_PIXELS = (273, 279, 324, 325)  # where strips and tiles start, and how many bytes they have


def orientation_of(exif: bytes) -> int:
    """Return EXIF's orientation, 1 to 8; 0 where there is none."""
    found = number_of_tag(exif, ORIENTATION)
    return found if 1 <= found <= 8 else 0


def number_of_tag(tiff: Bytes, wanted: int) -> int:
    """Return the (first) number of a tag in the first directory of a TIFF structure.

    Return 0 where there is none. Such a structure is a byte order, and at an offset rows of tag,
    type, count and value.
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


def deep_tiff(data: Bytes) -> Header | None:
    """Return the header of a TIFF of more than 8 bits a channel, of which Pillow knows few.

    Return None where it is none.

    Raises:
        CutOffError: the file ends before a part of it does.
    """
    width, height, bits = (number_of_tag(data, tag) for tag in (256, 257, 258))
    if not (width and height and bits > 8):
        return None
    if max(ends_of_parts(data)) > len(data):
        raise CutOffError("the TIFF file is cut off")
    return Header("tiff", width, height, bits)


def ends_of_parts(data: Bytes) -> Iterator[int]:
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
            size, start = count * _BYTES.get(kind, 1), row + 8
            if size > 4:
                start = int(struct.unpack(order + "I", data[start : start + 4])[0])
            yield start + size
            if tag in _PIXELS and kind in (3, 4) and start + size <= len(data):
                form = f"{order}{count}{'H' if kind == 3 else 'I'}"
                parts[tag] = struct.unpack(form, data[start : start + size])
        for starts, lengths in ((273, 279), (324, 325)):
            pairs = zip(parts.get(starts, ()), parts.get(lengths, ()), strict=False)
            yield from (start + length for start, length in pairs)
        at = int(struct.unpack(order + "I", data[end - 4 : end])[0])
