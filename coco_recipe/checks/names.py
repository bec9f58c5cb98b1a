"""Names and texts that are repeated, alike, empty, unsafe, or of a wrong type."""

import unicodedata
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET

from coco_recipe.checks.rows import Rows, of_category, of_image, repeated
from coco_recipe.coco_json import unsafe_name
from coco_recipe.dataset import Category
from coco_recipe.findings import Row

TEXTS = ("date_captured", "coco_url", "flickr_url")  # hotcoco reads text only


def repeated_file_names(rows: Rows) -> Iterator[Row]:
    again = repeated([image.file_name for image in rows.images])
    return (of_image(image) for image in rows.images if image.file_name in again)


def repeated_category_names(rows: Rows) -> Iterator[Row]:
    again = repeated([category.name for category in rows.categories])
    return (of_category(category) for category in rows.categories if category.name in again)


def empty_names(rows: Rows) -> Iterator[Row]:
    return (of_category(category) for category in rows.categories if not category.name.strip())


def unsafe_file_names(rows: Rows) -> Iterator[Row]:
    return (
        of_image(image, reason) for image in rows.images if (reason := unsafe_name(image.file_name))
    )


def as_seen(name: str) -> str:
    """Return a name without what hardly is seen: case, blanks, Unicode form, zero widths.

    Args:
        name: of a category.

    Returns:
        The same text for names that look alike.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")


def categories_alike(rows: Rows) -> Iterator[Row]:
    named: dict[str, Category] = {}
    for category in rows.categories:
        named.setdefault(category.name, category)
    first: dict[str, Category] = {}
    for name, category in named.items():
        other = first.setdefault(as_seen(name), category)
        if other is not category:
            told = f"category {other.id} has {other.name!a}"
            yield of_category(category, told if name.isascii() else f"{name!a}, {told}")


def file_names_alike(rows: Rows) -> Iterator[Row]:
    names = set(map(attrgetter("file_name"), rows.images))
    text, lower = "".join(names), {name.casefold() for name in names}
    if text.isascii() and " " not in text and len(lower) == len(names):
        return
    first: dict[str, str] = {}
    for image in rows.images:
        key = "".join(unicodedata.normalize("NFC", image.file_name).casefold().split())
        if (other := first.setdefault(key, image.file_name)) != image.file_name:
            yield of_image(image, other)


def is_license(value: Any) -> bool:
    """Say whether a value can name a row of ``licenses``.

    Args:
        value: of an image's key ``license``.

    Returns:
        True for a whole number of 64 bits that isn't negative, and for null.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value is None
    return 0 <= value < 2**64 and value == value // 1


def wrong_licenses(rows: Rows) -> Iterator[Row]:
    written = {bytes(image.license) for image in rows.images if image.license is not UNSET}
    wrong = {text for text in written if not is_license(msgspec.json.decode(text))}
    for image in rows.images if wrong else ():
        if image.license is not UNSET and bytes(image.license) in wrong:
            yield of_image(image, msgspec.json.decode(image.license))


def wrong_texts(rows: Rows) -> Iterator[Row]:
    keys = [key for key in TEXTS if rows.have("images", key)]
    for image in rows.images if keys else ():
        for key in keys:
            value = getattr(image, key, UNSET)
            if value is not UNSET and memoryview(value)[0] not in b'"n':
                yield of_image(image, {key: msgspec.json.decode(value)})
