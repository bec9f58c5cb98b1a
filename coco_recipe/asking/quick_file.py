"""Decode the few keys of an annotation file that figures are made of; large files part by part.

A copy of this process decodes a half, at the same time. The file is cut between annotations, and
nothing is decoded to find out where: a place that looks like it is one if what stands before and
behind it are JSON, each closed or opened as a list of annotations is. Otherwise, the file is
decoded as a whole.
"""

import os
import re
from array import array
from collections.abc import Sequence
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from coco_recipe import coco_json, regular
from coco_recipe.asking import sides
from coco_recipe.asking.sides import CROWD, KEYPOINTS, MASK, POLYGONS, Boxes
from coco_recipe.engines.beside import Beside

MANY_BYTES = 16 * 2**20  # a copy of this process takes as long as decoding some thousand rows
PART_BYTES = 2**20  # what fits the processor's cache with its rows
SHARE = 0.47  # of the file: this process decodes the images as well, and joins what is found
LOOK_BYTES = 2**16  # at the end of a part, within which a row ends
_BLANKS = b" \t\r\n"  # of JSON
_BETWEEN_ROWS = re.compile(rb"\}[%b]*,[%b]*\{" % (_BLANKS, _BLANKS))
_MARK = coco_json.BYTE_ORDER_MARK
_KEY = b'"annotations"'
_OPENING = re.compile(rb"[%b]*:[%b]*(?=\[)" % (_BLANKS, _BLANKS))
_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class QuickImage(msgspec.Struct, gc=False):
    """An image: sizes in pixels, 0 where the file has none."""

    id: int
    width: int = 0
    height: int = 0
    license: Any = None


class QuickCategory(msgspec.Struct, gc=False):
    """A category."""

    id: int
    name: str


class QuickLicense(msgspec.Struct, gc=False):
    """A licence."""

    id: Any = None
    name: str = ""


class QuickRows(msgspec.Struct, gc=False):
    """The rows of one data set, as far as figures need them; ``boxes`` are its annotations."""

    images: list[QuickImage]
    boxes: Boxes
    categories: list[QuickCategory]
    licenses: list[QuickLicense] = []


class QuickBox(msgspec.Struct, gc=False):
    """An annotation; ``bbox`` is x, y, width, height in pixels."""

    image_id: int
    category_id: int = -1
    bbox: tuple[float, float, float, float] = (0, 0, 0, 0)
    iscrowd: bool | int = 0
    segmentation: list[Raw] | dict[str, Raw] | None = None
    keypoints: list[Raw] | None = None


class _Tables(msgspec.Struct, gc=False, kw_only=True):
    """The top-level keys of a file, or of a part of it."""

    images: list[QuickImage] | UnsetType = UNSET
    annotations: list[QuickBox] | UnsetType = UNSET
    categories: list[QuickCategory] | UnsetType = UNSET
    licenses: list[QuickLicense] | UnsetType = UNSET


_Part = tuple[_Tables, Boxes]  # without their annotations, and with them


def read(path: Path) -> QuickRows | None:
    """Read a COCO annotation file; None where a row or a table isn't as COCO has it.

    Raises:
        DatasetError: it isn't a regular file, or can't be read.
    """
    return _by_parts(path) or _at_once(coco_json.read_bytes(path))


def columns(rows: Sequence[QuickBox]) -> Boxes:
    """Return what figures need of annotations, a column each."""
    places = list(map(attrgetter("bbox"), rows))
    return Boxes(
        _numbers(rows, "image_id"),
        _numbers(rows, "category_id"),
        array("d", map(itemgetter(2), places)),
        array("d", map(itemgetter(3), places)),
        bytes(
            [
                (POLYGONS if type(row.segmentation) is list else MASK) * bool(row.segmentation)
                | CROWD * bool(row.iscrowd)
                | KEYPOINTS * bool(row.keypoints)
                for row in rows
            ]
        ),
    )


def _numbers(rows: Sequence[QuickBox], key: str) -> Sequence[int]:
    """Return ids as an array, or as a list where one is a hash of more than 63 bits."""
    try:
        return array("q", map(attrgetter(key), rows))
    except OverflowError:
        return list(map(attrgetter(key), rows))


def _at_once(text: bytes) -> QuickRows | None:
    """Decode a file's text."""
    try:
        found = msgspec.json.decode(text.removeprefix(_MARK), type=_Tables)
    except _ERRORS:
        return None
    return None if found.annotations is UNSET else _rows(found, columns(found.annotations))


def _rows(found: _Tables, boxes: Boxes) -> QuickRows | None:
    """Return what was found in a file; None where it lacks a table."""
    if found.images is UNSET or found.categories is UNSET:
        return None
    return QuickRows(found.images, boxes, found.categories, found.licenses or [])


def _by_parts(path: Path) -> QuickRows | None:
    """Decode a large file part by part; None where it is small, or doesn't come apart."""
    try:
        with regular.opened(path) as opened:
            return _in_two(opened.fileno())
    except OSError:  # told by the reading of the whole
        return None


def _in_two(file: int) -> QuickRows | None:
    """Decode a half of an opened file here, the other one in a copy of this process."""
    size = os.fstat(file).st_size
    if size <= MANY_BYTES:
        return None
    middle = int(size * SHARE)
    cut = _BETWEEN_ROWS.search(os.pread(file, PART_BYTES, middle))
    opening = _opening(file, middle)
    if cut is None or opening is None:
        return None
    end, start = middle + cut.start() + 1, middle + cut.end() - 1
    copy = Beside(lambda: _behind(file, start, size))
    tables = _above(file, opening)
    boxes, reached = _lists(file, opening + 1, end)
    behind = copy.result()
    if reached < end:  # the list ends before, or the cut is none
        behind = _behind(file, reached, size)
    if tables is None or behind is None:
        return None
    rest, others = behind
    for key in ("images", "categories", "licenses"):  # of keys that repeat, the last one counts
        if (value := getattr(rest, key)) is not UNSET:
            setattr(tables, key, value)
    return _rows(tables, sides.joined([*boxes, others]))


def _opening(file: int, end: int) -> int | None:
    """Return where the list of annotations begins, if this is before a place."""
    for start in range(0, end, PART_BYTES):
        found = os.pread(file, PART_BYTES + len(_KEY), start).find(_KEY)
        if found >= 0:
            key = start + found + len(_KEY)
            opening = _OPENING.match(os.pread(file, PART_BYTES, key))
            return key + opening.end() if opening and key + opening.end() < end else None
    return None


def _above(file: int, opening: int) -> _Tables | None:
    """Decode the top-level keys that stand above the annotations."""
    text = bytearray(opening)
    if not _fill(memoryview(text), file, 0):
        return None
    key = text.rfind(_KEY)
    text[key:] = b'"": 0}'  # another key in its place, and the end of the file
    try:
        return msgspec.json.decode(text.removeprefix(_MARK), type=_Tables)
    except _ERRORS:
        return None


def _lists(file: int, start: int, end: int) -> tuple[list[Boxes], int]:
    """Decode annotations as lists, part by part; return where the first part begins that is none.

    Args:
        file: its descriptor.
        start: where the first of them begins.
        end: where one ends.
    """
    found, text = list[Boxes](), bytearray(PART_BYTES + 2)
    text[:1] = b"["
    while start < end:
        size = min(PART_BYTES, end - start)
        if not _fill(memoryview(text)[1 : size + 1], file, start):
            break
        part = (size, size) if start + size == end else _last_between(text, size)
        if part is None:
            break
        last, following = part
        text[last + 1 : last + 2] = b"]"
        try:
            rows = msgspec.json.decode(memoryview(text)[: last + 2], type=list[QuickBox])
        except _ERRORS:
            break
        found.append(columns(rows))
        start += following
    return found, start


def _behind(file: int, start: int, end: int) -> _Part | None:
    """Decode what stands behind a place: annotations, and top-level keys."""
    boxes, start = _lists(file, start, end)
    name = os.urandom(16).hex()  # which is no key of the file

    class Rest(_Tables, gc=False, kw_only=True, rename={"rows": name}):
        rows: list[QuickBox]

    opening = b'{"%b": [' % name.encode()
    text = bytearray(len(opening) + end - start)
    text[: len(opening)] = opening
    if not _fill(memoryview(text)[len(opening) :], file, start):
        return None
    try:
        rest = msgspec.json.decode(text, type=Rest)
    except _ERRORS:
        return None
    if rest.annotations is not UNSET:  # they repeat, and only the last ones count
        return None
    tables = _Tables(images=rest.images, categories=rest.categories, licenses=rest.licenses)
    return tables, sides.joined([*boxes, columns(rest.rows)])


def _last_between(text: bytearray, size: int) -> tuple[int, int] | None:
    """Return where the last row of a part ends, and where the one behind it begins.

    Both are counted from the first row, which stands in the second place of ``text``.
    """
    found = [*_BETWEEN_ROWS.finditer(text, max(1, size - LOOK_BYTES), size + 1)]
    return (found[-1].start(), found[-1].end() - 2) if found else None


def _fill(buffer: memoryview, file: int, start: int) -> bool:
    """Fill a buffer from a place of a file on; report whether the file has so much."""
    done = 0
    while done < len(buffer) and (more := os.preadv(file, [buffer[done:]], start + done)):
        done += more
    return done == len(buffer)
