"""What a picture's first and last bytes say: format, size, depth, EXIF, whether it is whole.

JPEG and PNG, which most data sets are made of, are read here, about 30 bytes of each segment;
Pillow reads the others. Nothing is decoded.
"""

import mmap
import re
from pathlib import Path

from coco_recipe import regular
from coco_recipe.headers.by_pillow import by_pillow
from coco_recipe.headers.header import Bytes, Header
from coco_recipe.headers.jpeg import jpeg
from coco_recipe.headers.png import png

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


def read_header(path: Path, *, to_its_end: bool = False) -> Header:
    """Read a picture file's header.

    Args:
        path: the file.
        to_its_end: as of `header_of`.

    Returns:
        Format, size in pixels, depth and EXIF orientation.

    Raises:
        ValueError: as `header_of`.
        OSError: the file can't be read.
    """
    with regular.opened(path) as file:
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

    Args:
        data: all bytes of the file.
        to_its_end: go through a JPEG for its first end marker.

    Returns:
        Format, size in pixels, depth and EXIF orientation.

    Raises:
        CutOffError: the file is cut off or damaged.
        ValueError: it is no picture; says what it is, where that can be told.
    """
    if not len(data):
        raise ValueError("the file is empty")
    if data[:2] == b"\xff\xd8":
        return jpeg(data, to_its_end)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return png(data)
    start = bytes(data[:2048])
    for pattern, what in _NO_PICTURES:
        if re.match(pattern, start, re.IGNORECASE | re.DOTALL):
            raise ValueError(what)
    return by_pillow(data)
