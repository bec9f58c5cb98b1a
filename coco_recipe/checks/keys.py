"""Keys beyond COCO's own that hotcoco reads, with values of a type that it can't load.

The types are hotcoco's, written for msgspec; it takes a whole number that is written as 2.0.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta

from coco_recipe.checks.rows import Rows, of_category, of_image
from coco_recipe.checks.segmentation_form import with_any_number
from coco_recipe.dataset import Annotation, Category, Image
from coco_recipe.findings import Row

LARGEST = 2**32 - 1  # of a size, a count, or a place in a skeleton
LARGEST_ID = 2**64
SHOWN = 60  # characters

_Count = Annotated[float, Meta(ge=0, le=LARGEST, multiple_of=1)]
_Id = Annotated[float, Meta(ge=0, lt=LARGEST_ID, multiple_of=1)]
_Flag = bool | Annotated[float, Meta(multiple_of=1)]
_Place = Annotated[int, Meta(ge=0, le=LARGEST)]
_Types = Mapping[str, Mapping[str, Any]]  # by table and key

KEYPOINTS: _Types = {"annotations": {"keypoints": list[float] | None}}
NUM_KEYPOINTS: _Types = {"annotations": {"num_keypoints": _Count | None}}
OF_CATEGORIES: _Types = {
    "categories": {"keypoints": list[str] | None, "skeleton": list[tuple[_Place, _Place]] | None}
}
OTHERS: _Types = {
    "annotations": {
        "score": float | None,
        "obb": tuple[float, float, float, float, float] | None,
        "is_group_of": _Flag | None,
    },
    "images": {"neg_category_ids": list[_Id], "not_exhaustive_category_ids": list[_Id]},
    "categories": {"frequency": str | None, "isthing": _Flag | None},
}


def wrong_values(types: _Types) -> Callable[[Rows], Iterator[Row]]:
    """Return what finds the rows of which a key has a value of another type."""

    def find(rows: Rows) -> Iterator[Row]:
        for table, keys in types.items():
            for key, wanted in keys.items():
                if rows.have(table, key):
                    decode = msgspec.json.Decoder(wanted).decode
                    yield from _wrong(rows, getattr(rows, table), key, decode)

    return find


def _wrong(
    rows: Rows, listed: tuple[Any, ...], key: str, decode: Callable[[Any], Any]
) -> Iterator[Row]:
    for row in listed:
        value = getattr(row, key, UNSET)
        if value is UNSET:
            continue
        try:
            decode(value)
        except msgspec.ValidationError as error:
            yield _named(rows, row, _told(key, with_any_number(bytes(value)), str(error)))


def _named(rows: Rows, row: Annotation | Image | Category, told: str) -> Row:
    if isinstance(row, Annotation):
        return rows.of(row, told)
    return of_image(row, told) if isinstance(row, Image) else of_category(row, told)


def _told(key: str, value: Any, message: str) -> str:
    """Say what stands at the place that a message of msgspec names, as ``keypoints[2] is null``."""
    place = re.search(r" - at `\$((?:\[\d+\])+)`$", message)
    for n in re.findall(r"\d+", place[1]) if place else ():
        value = value[int(n)]
    if value in (inf, -inf):
        return f"{key}{place[1] if place else ''} is too large a number"
    shown = msgspec.json.encode(value).decode()
    shown = shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 3]}..."
    return f"{key}{place[1] if place else ''} is {shown}"


def sizes_too_large(rows: Rows) -> Iterator[Row]:
    for image in rows.images:
        for key, side in (("width", image.width), ("height", image.height)):
            if isinstance(side, int) and side > LARGEST:
                yield of_image(image, f"{key} is {side}")
