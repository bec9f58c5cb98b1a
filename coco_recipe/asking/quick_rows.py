"""The few keys of rows that figures are made of, read without the rest of the file."""

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from coco_recipe import coco_json
from coco_recipe.asking import reading
from coco_recipe.dataset import Annotation, Dataset


class QuickImage(msgspec.Struct, gc=False):
    """An image: sizes in pixels, 0 where the file has none."""

    id: int
    width: int = 0
    height: int = 0
    license: Any = None


class QuickBox(msgspec.Struct, gc=False):
    """An annotation; ``bbox`` is x, y, width, height in pixels."""

    image_id: int
    category_id: int = -1
    bbox: tuple[float, float, float, float] = (0, 0, 0, 0)
    iscrowd: bool | int = 0
    segmentation: list[Raw] | dict[str, Raw] | None = None
    keypoints: list[Raw] | None = None


class QuickCategory(msgspec.Struct, gc=False):
    """A category."""

    id: int
    name: str


class QuickLicense(msgspec.Struct, gc=False):
    """A licence."""

    id: Any = None
    name: str = ""


class QuickRows(msgspec.Struct, gc=False):
    """The rows of one data set, as far as figures need them."""

    images: list[QuickImage]
    annotations: list[QuickBox]
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
    text = coco_json.read_bytes(path)
    try:
        return msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"), type=QuickRows)
    except (msgspec.DecodeError, RecursionError):  # the thorough reading says what is wrong
        return of_dataset(reading.read(path))


def of_dataset(dataset: Dataset) -> QuickRows:
    """Return the same of a data set that is in memory."""
    return QuickRows(
        [
            QuickImage(row.id, _value(row.width, 0), _value(row.height, 0), _value(row.license))
            for row in dataset.images
        ],
        [_box(row) for row in dataset.annotations],
        [QuickCategory(row.id, row.name) for row in dataset.categories],
        _licenses(dataset.extra.get("licenses")),
    )


def _box(row: Annotation) -> QuickBox:
    return QuickBox(
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
