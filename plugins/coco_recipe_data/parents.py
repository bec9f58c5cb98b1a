"""Rows that name others of their own list: the parent of a category, annotation or image."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from coco_recipe import Annotation, Category, Image, Row, with_extras
from coco_recipe_data.references import Ids, extra_fields, followed, key_in

Listed = TypeVar("Listed", Image, Annotation, Category)
# the keys, besides those with the list's own name, by which a row names another of its list
_KEYS = {
    "image_id": ("parent_id",),
    "annotation_id": ("parent_id",),
    "category_id": ("parent_id", "parent", "supercategory_id"),
}


def naming(ids: Ids, own: str) -> Ids:
    """Return ids by key, with the keys by which rows of a list name others of it.

    Args:
        ids: the new id by the old one, by the key that names it.
        own: the key that names a row of the list: ``image_id``, ``annotation_id`` or
            ``category_id``.
    """
    named = {key: ids[own] for key in _KEYS[own] if key not in ids}
    return (
        {**ids, "supercategory_id": ids["category_id"], **named}
        if "category_id" in ids
        else {**ids, **named}
    )


def moved(rows: Sequence[Listed], ids: Ids, own: str) -> tuple[tuple[Listed, ...], list[Row]]:
    """Return rows with new ids under all keys, and what was left out: see `without`.

    A row that names one that isn't there loses the key if another row has this id now.
    """
    kept, lost = tuple(rows), list[Row]()
    if _naming_fields(rows, own) and (strange := {*ids[own].values()} - {*ids[own]}):
        kept, lost = without(rows, own, lambda row: strange)
    return followed(kept, naming(ids, own)), lost


def _naming_fields(rows: Sequence[Listed], own: str) -> dict[type, list[tuple[str, str]]]:
    """Return, by class, the fields by which rows may name others of their list, with their keys.

    Return nothing where there are none.
    """
    keys = {own, *_KEYS[own]}
    fields = {
        kind: [(field, key) for field, key in extra_fields(kind) if key_in(key, keys)]
        for kind in {*map(type, rows)}
    }
    return fields if any(fields.values()) else {}


def without(
    rows: Sequence[Listed], own: str, gone: Callable[[Listed], Collection[Any]]
) -> tuple[tuple[Listed, ...], list[Row]]:
    """Leave out what names rows of the same list that are gone, and say of which row it was.

    Args:
        rows: the rows of a list.
        own: the key that names a row of the list (see `naming`).
        gone: for a row the ids that it can't name any more.
    """
    kept = list[Listed]()
    lost = list[Row]()
    fields = _naming_fields(rows, own)
    if not fields:
        return tuple(rows), []
    row: Listed
    for row in rows:
        left: Any = row
        absent = {*gone(row)}
        for field, key in fields[type(row)]:
            value: Any = (
                None if getattr(row, field) is UNSET else msgspec.json.decode(getattr(row, field))
            )
            values: list[Any] = value if isinstance(value, list) else [value]
            if not all(isinstance(one, int | float | str) for one in values):
                continue
            missing = {*values} & absent
            if not missing:
                continue
            lost.append(Row(_told(row), {key: value}))
            left = (
                with_extras(left, {key: [one for one in values if one not in missing]})
                if isinstance(value, list)
                else replace(left, **{field: UNSET})
            )
        kept.append(left)
    return tuple(kept), lost


def _told(row: Any) -> str:
    return (
        f"category '{row.name}'"
        if isinstance(row, Category)
        else (
            f"image {row.id} ({row.file_name!r})"
            if isinstance(row, Image)
            else f"annotation {row.id}"
        )
    )


def dangling(
    rows: Sequence[Any], own: str, ids: Mapping[Any, Any], taken: Collection[Any]
) -> Row | None:
    """Return the first row that names one of its list which ``ids`` lacks and ``taken`` has."""
    _, lost = without(rows, own, lambda row: {*taken} - {*ids})
    return lost[0] if lost else None
