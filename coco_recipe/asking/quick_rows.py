"""The few keys of rows that figures are made of, read without the rest of the file."""

import contextlib
import gc
from array import array
from collections.abc import Iterator, Sequence
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from coco_recipe import coco_json
from coco_recipe.asking import reading
from coco_recipe.asking.sides import CROWD, KEYPOINTS, MASK, POLYGONS, Boxes
from coco_recipe.dataset import Annotation, Dataset


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


class _Box(msgspec.Struct, gc=False):
    """An annotation; ``bbox`` is x, y, width, height in pixels."""

    image_id: int
    category_id: int = -1
    bbox: tuple[float, float, float, float] = (0, 0, 0, 0)
    iscrowd: bool | int = 0
    segmentation: list[Raw] | dict[str, Raw] | None = None
    keypoints: list[Raw] | None = None


class _File(msgspec.Struct, gc=False):
    images: list[QuickImage]
    annotations: list[_Box]
    categories: list[QuickCategory]
    licenses: list[QuickLicense] = []


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
    """Read a COCO annotation file.

    Raises:
        DatasetError: the file can't be read, or isn't COCO.
    """
    text = coco_json.read_bytes(path).removeprefix(coco_json.BYTE_ORDER_MARK)
    try:
        file = msgspec.json.decode(text, type=_File)
    except (msgspec.DecodeError, RecursionError):  # the thorough reading says what is wrong
        return of_dataset(reading.read(path))
    return QuickRows(file.images, _columns(file.annotations), file.categories, file.licenses)


def of_dataset(dataset: Dataset) -> QuickRows:
    """Return the same of a data set that is in memory."""
    boxes = [_box(row) for row in dataset.annotations]
    return QuickRows(
        [
            QuickImage(row.id, _value(row.width, 0), _value(row.height, 0), _value(row.license))
            for row in dataset.images
        ],
        _columns(boxes),
        [QuickCategory(row.id, row.name) for row in dataset.categories],
        _licenses(dataset.extra.get("licenses")),
    )


def _columns(rows: Sequence[_Box]) -> Boxes:
    return Boxes(
        list(map(attrgetter("image_id"), rows)),
        list(map(attrgetter("category_id"), rows)),
        array("d", map(itemgetter(2), map(attrgetter("bbox"), rows))),
        array("d", map(itemgetter(3), map(attrgetter("bbox"), rows))),
        bytes(
            [
                (POLYGONS if type(row.segmentation) is list else MASK) * bool(row.segmentation)
                | CROWD * bool(row.iscrowd)
                | KEYPOINTS * bool(row.keypoints)
                for row in rows
            ]
        ),
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
