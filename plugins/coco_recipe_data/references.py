"""Keys by which rows name others, as ``video_id``, and the new ids under them."""

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw

from coco_recipe import (
    Annotation,
    Category,
    Image,
    with_extras,
)
from coco_recipe_data import loose

COCO = {"images": "image_id", "annotations": "annotation_id", "categories": "category_id"}
Id = int | str
Listed = TypeVar("Listed", Image, Annotation, Category)
ENDINGS = ("_id", "_ids")
Ids = Mapping[str, Mapping[Any, Id]]  # the new id by the old one, by the key that names it


def refer(rows: Sequence[Any], keys: Collection[str] = ()) -> bool:
    """Say whether some rows may name others.

    They do by keys that end as references do or are in ``keys``, also in mappings.
    """
    fields = {field for kind in kinds_of(rows) for field in extra_fields(kind)}
    if any(key in keys or key.endswith(ENDINGS) for _, key in fields):
        return True
    return any(b"{" in b"".join(_values(rows, name)) for name, _ in fields)


def _values(rows: Sequence[Any], field: str) -> Iterator[Any]:
    values = map(getattr, rows, repeat(field), repeat(UNSET))
    return (value for value in values if value is not UNSET)


def kinds_of(rows: Iterable[Any]) -> set[Any]:
    """Return the classes that rows have."""
    return set(map(type, rows))


def followed(rows: Sequence[Listed], ids: Mapping[str, Mapping[Any, Id]]) -> tuple[Listed, ...]:
    """Return rows with the new ids under all keys that refer to them (see `follow`)."""
    return tuple(follow(row, ids) for row in rows) if refer(rows, ids) else tuple(rows)


def without_categories(rows: Sequence[Listed], gone: Collection[int]) -> tuple[Listed, ...]:
    """Return rows without categories in lists that name some, as LVIS's ``neg_category_ids``."""

    def left(row: Any) -> Any:
        lists = {
            key: value
            for key, value in references(row)
            if key.endswith("category_ids") and isinstance(value, list)
        }
        changed = {
            key: [one for one in value if one not in gone]
            for key, value in lists.items()
            if set(value) & set(gone)
        }
        return with_extras(row, changed) if changed else row

    return tuple(map(left, rows)) if refer(rows) else tuple(rows)


def follow(row: Any, ids: Mapping[str, Mapping[Any, Id]]) -> Any:
    """Return a row with the new ids under its keys, and under those of its mappings."""
    changed = {}
    for key, value in references(row, ids):
        new = mapped(key, value, ids)
        if new != value:
            changed[key] = new
    return with_extras(row, changed) if changed else row


def follow_in_tables(
    extra: Mapping[str, Raw], ids: Mapping[str, Mapping[Any, Id]]
) -> dict[str, Raw]:
    """Return a data set's other top-level keys, with the new ids in their tables' rows."""
    changed = {}
    for name, raw in extra.items():
        if any(key.encode() in bytes(raw) for key in ids) and (rows := table_of(name, raw)):
            moved = [{key: mapped(key, value, ids) for key, value in row.items()} for row in rows]
            if moved != rows:
                changed[name] = Raw(msgspec.json.encode(moved))
    return {**extra, **changed}


def mapped(key: str, value: Any, ids: Ids) -> Any:
    """Return a JSON value with the new ids under its key, and under the keys of mappings in it."""
    if isinstance(value, dict):
        return {name: mapped(name, inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        new = [mapped(key, one, ids) for one in value]
        return (
            list(dict.fromkeys(new))
            if new != value and all(isinstance(one, int | str) for one in new)
            else new
        )
    name = key_in(key, ids) if is_id(value) else ""
    return ids[name].get(value, value) if name else value


def is_id(value: Any) -> bool:
    """Say whether a value may be an id."""
    # some write 1.0 for 1
    return isinstance(value, int | str | float) and not isinstance(value, bool)


def key_in(key: str, known: Collection[str]) -> str:
    """Return which of the known keys one is: it, it in the plural, or with a word before it.

    Return nothing if it is none of them. LVIS has ``neg_category_ids``, video sets have
    ``next_image_id``.
    """
    one = key.removesuffix("s")
    if key in known or one in known:
        return key if key in known else one
    return (
        max((name for name in known if one.endswith(f"_{name}")), key=len, default="")
        if one.endswith("_id")
        else ""
    )


@functools.cache
def extra_fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a row's class that COCO doesn't know, each with its key."""
    base = next(base for base in (Image, Annotation, Category) if issubclass(kind, base))
    return tuple(
        (name, key)
        for name, key in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
        if name not in base.__struct_fields__
    )


def references(row: Any, keys: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a row that end as references do or are in ``keys``, with their values.

    Keys with mappings that have such keys are among them.
    """
    kind: Any = type(row)
    for name, key in extra_fields(kind):
        value = getattr(row, name)
        if value is UNSET:
            continue
        if key in keys or key.endswith(ENDINGS) or _names_within(bytes(value), keys):
            yield key, msgspec.json.decode(value)


def _names_within(text: bytes, keys: Collection[str]) -> bool:
    """Say whether a JSON value has mappings with keys of references, or such as ``keys`` has."""
    return b"{" in text and (
        b'_id"' in text or b'_ids"' in text or any(f'"{key}"'.encode() in text for key in keys)
    )


def scalars(key: str, value: Any) -> Iterator[tuple[str, Id]]:
    """Yield each number and text of a value with the key that it stands under."""
    if isinstance(value, dict | list):
        for name, inner in (
            value.items() if isinstance(value, dict) else ((key, one) for one in value)
        ):
            yield from scalars(name, inner)
    elif is_id(value):
        yield key, value


def table_of(name: str, raw: Raw) -> list[dict[str, Any]]:
    """Return a top-level list of objects, or none where the key holds something else.

    Licenses have their own way.
    """
    rows = (
        msgspec.json.decode(raw)
        if bytes(raw).lstrip().startswith(b"[") and name != "licenses"
        else []
    )
    return rows if all(isinstance(row, dict) for row in rows) else []


def names_rows(name: str, raw: Raw) -> bool:
    """Say whether rows of a list without ids name others, so that equal ones may mean others."""
    return any(
        key.endswith(ENDINGS) or key in loose.BARE_PAIRS
        for row in table_of(name, raw)
        for field, value in row.items()
        for key, _ in scalars(field, value)
    )
