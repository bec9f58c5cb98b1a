"""The few keys of rows that figures are made of, read without the rest of the file."""

import contextlib
import gc
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from coco_recipe import coco_json
from coco_recipe.asking import reading
from coco_recipe.asking.sides import CROWD, KEYPOINTS, MASK, POLYGONS, Boxes
from coco_recipe.dataset import Annotation, Dataset
from coco_recipe.engines.beside import Beside, copies

MANY_BYTES = 16 * 2**20  # of text; a copy of this process takes as long as reading some of them


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


class _Place(msgspec.Struct, gc=False):
    """Where an annotation is; ``bbox`` is x, y, width, height in pixels."""

    image_id: int
    category_id: int = -1
    bbox: tuple[float, float, float, float] = (0, 0, 0, 0)


class _Form(msgspec.Struct, gc=False):
    """What else an annotation has."""

    iscrowd: bool | int = 0
    segmentation: list[Raw] | dict[str, Raw] | None = None
    keypoints: list[Raw] | None = None


class _Box(_Place, gc=False):
    """An annotation; the keys are those of `_Place` and `_Form`."""

    iscrowd: bool | int = 0
    segmentation: list[Raw] | dict[str, Raw] | None = None
    keypoints: list[Raw] | None = None


class _Places(msgspec.Struct, gc=False):
    annotations: list[_Place]


class _File(msgspec.Struct, gc=False):
    images: list[QuickImage]
    categories: list[QuickCategory]
    licenses: list[QuickLicense] = []


class _FileOfForms(_File, gc=False, kw_only=True):
    annotations: list[_Form]


class _FileOfBoxes(_File, gc=False, kw_only=True):
    annotations: list[_Box]


_Columns = tuple[list[int], list[int], "array[float]", "array[float]"]


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector off: rows hold no cycles, and it would take half of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def of_file(path: Path) -> QuickRows:
    """Read a COCO annotation file; of a large one, a copy of this process reads the places.

    Raises:
        DatasetError: the file can't be read, or isn't COCO.
    """
    text = coco_json.read_bytes(path).removeprefix(coco_json.BYTE_ORDER_MARK)
    try:
        if len(text) < MANY_BYTES or copies() == 1:
            whole = msgspec.json.decode(text, type=_FileOfBoxes)
            return _rows(whole, _columns(whole.annotations), _forms(whole.annotations))
        places = Beside(partial(_places, text))
        rest = msgspec.json.decode(text, type=_FileOfForms)
        return _rows(rest, places.result(), _forms(rest.annotations))
    except (msgspec.DecodeError, RecursionError):  # the thorough reading says what is wrong
        return of_dataset(reading.read(path))


def of_dataset(dataset: Dataset) -> QuickRows:
    """Return the same of a data set that is in memory."""
    boxes = [_box(row) for row in dataset.annotations]
    return QuickRows(
        [
            QuickImage(row.id, _value(row.width, 0), _value(row.height, 0), _value(row.license))
            for row in dataset.images
        ],
        Boxes(*_columns(boxes), _forms(boxes)),
        [QuickCategory(row.id, row.name) for row in dataset.categories],
        _licenses(dataset.extra.get("licenses")),
    )


def _rows(file: _File, columns: _Columns, forms: bytes) -> QuickRows:
    return QuickRows(file.images, Boxes(*columns, forms), file.categories, file.licenses)


def _places(text: bytes) -> _Columns:
    return _columns(msgspec.json.decode(text, type=_Places).annotations)


def _columns(rows: Sequence[_Place]) -> _Columns:
    """Return images, categories, widths and heights."""
    return (
        list(map(attrgetter("image_id"), rows)),
        list(map(attrgetter("category_id"), rows)),
        array("d", map(itemgetter(2), map(attrgetter("bbox"), rows))),
        array("d", map(itemgetter(3), map(attrgetter("bbox"), rows))),
    )


def _forms(rows: Sequence[_Form | _Box]) -> bytes:
    """Return what rows have beside their places, a byte of the bits of `sides.FORMS` each."""
    return bytes(
        [
            (POLYGONS if type(row.segmentation) is list else MASK) * bool(row.segmentation)
            | CROWD * bool(row.iscrowd)
            | KEYPOINTS * bool(row.keypoints)
            for row in rows
        ]
    )


def _box(row: Annotation) -> _Box:
    return _Box(
        row.image_id,
        _value(row.category_id, -1),
        _value(row.bbox, (0, 0, 0, 0)),
        _value(row.iscrowd, 0),
        _decoded(_SHAPES, row.segmentation),
        _decoded(_LISTS, getattr(row, "keypoints", UNSET)),
    )


_LISTS: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[Raw] | None)
_SHAPES: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[Raw] | dict[str, Raw] | None)


def _decoded(decoder: msgspec.json.Decoder[Any], found: Raw | UnsetType) -> Any:
    """Return a list or mapping, its content undecoded; None where there is none of that form."""
    try:
        return None if isinstance(found, UnsetType) else decoder.decode(found)
    except msgspec.DecodeError:
        return None


def _value(found: Any, missing: Any = None) -> Any:
    """Return a value of a row, decoded; ``missing`` where the row has none."""
    if isinstance(found, Raw):
        return msgspec.json.decode(found)
    return missing if found is UNSET else found


def _licenses(found: Raw | None) -> list[QuickLicense]:
    """Return the rows of ``licenses``; none where they have another form."""
    try:
        return msgspec.json.decode(found or b"[]", type=list[QuickLicense])
    except msgspec.DecodeError:
        return []
