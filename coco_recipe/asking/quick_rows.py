"""The few keys of rows that figures are made of, read without the rest of the file."""

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from coco_recipe.asking import quick_file
from coco_recipe.asking.quick_file import (
    QuickBox,
    QuickCategory,
    QuickImage,
    QuickLicense,
    QuickRows,
)
from coco_recipe.dataset import Annotation, Dataset


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
    if found := quick_file.read(path):
        return found
    from coco_recipe.asking import reading  # of a part of the files, and it imports much

    return of_dataset(reading.read(path))


def of_dataset(dataset: Dataset) -> QuickRows:
    """Return the same of a data set that is in memory."""
    boxes = [_box(row) for row in dataset.annotations]
    return QuickRows(
        [
            QuickImage(row.id, _value(row.width, 0), _value(row.height, 0), _value(row.license))
            for row in dataset.images
        ],
        quick_file.columns(boxes),
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
