"""Slow, thorough reading of a file that the fast one refuses: every value of a wrong type.

Where a step of the recipe takes such values in (`repair`), the file is read with what they mean.
"""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from coco_recipe import coco_json
from coco_recipe.checks import loose_values
from coco_recipe.dataset import Dataset, Loose
from coco_recipe.errors import FindingsError
from coco_recipe.findings import Finding, Kind, Row


def _whole(value: Any) -> bool:
    return not isinstance(value, bool) and (
        isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _box(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_number, value))


def _flag(value: Any) -> bool:
    return isinstance(value, bool) or _whole(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _text_or_null(value: Any) -> bool:
    return value is None or _text(value)


def _never(value: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class _Type:
    """What a value must be.

    Attributes:
        kind: the kind of finding where it isn't.
        is_right: says whether a value is of the type.
        meant: returns what a value of another type means; None where that can't be told.
        mend: the repair that takes in the values whose meaning can be told.
    """

    kind: Kind
    is_right: Callable[[Any], bool]
    meant: Callable[[Any], Any] = _never
    mend: str = ""


def _kind(name: str, what: str, remedy: str) -> Kind:
    return Kind(name, "error", what, remedy, needed=True)


IDS = _Type(
    _kind(
        "ids_of_wrong_type",
        "ids are missing or not whole",
        "write whole numbers, without quotes; repair: ids: to_int reads those in quotes",
    ),
    _whole,
    loose_values.whole,
    "repair: ids: to_int",
)
BOXES = _Type(
    _kind(
        "boxes_of_wrong_type",
        "boxes are not four numbers",
        "write x, y, width and height in pixels, or leave the key out; repair: bbox: "
        "to_numbers reads those in quotes, repair: bbox: from_segmentation makes them anew",
    ),
    _box,
    loose_values.box,
    "repair: bbox: to_numbers",
)
AREAS = _Type(
    _kind(
        "areas_of_wrong_type",
        "areas are not numeric",
        "write square pixels, or leave the key out; repair: area: to_numbers reads those "
        "in quotes, repair: area: recompute makes them anew",
    ),
    _number,
    loose_values.number,
    "repair: area: to_numbers",
)
SIZES = _Type(
    _kind(
        "sizes_of_wrong_type",
        "sizes (width, height) are not whole",
        "write pixels, or leave the key out; repair: sizes: to_numbers reads those in "
        "quotes, repair: sizes: from_pictures takes the pictures'",
    ),
    _whole,
    loose_values.whole,
    "repair: sizes: to_numbers",
)
CROWDS = _Type(
    _kind(
        "crowd_flags_of_wrong_type",
        "iscrowd is no 0 or 1",
        "write 0 or 1, or leave the key out; repair: crowd: to_numbers reads those in "
        "quotes, and null as 0",
    ),
    _flag,
    loose_values.flag,
)
NAMES = _Type(
    _kind("names_of_wrong_type", "names are missing or no text", "write a text in quotes"), _text
)
_GROUPS = _Type(NAMES.kind, _text_or_null)
OBJECTS = _kind("rows_of_wrong_type", "rows are something other than an object", "remove them")
_TYPES = (IDS, BOXES, AREAS, SIZES, CROWDS, NAMES)
WITHOUT_ID = {
    table: _kind(
        f"{table}_without_id",
        f"{table} have no id",
        "repair: ids: number gives them ids above the largest; so does reindex, as "
        "the first step below the input"
        + (", with categories: 1" if table == "categories" else ""),
    )
    for table in ("images", "annotations", "categories")
}
KINDS = {kind.name: kind for kind in (*(one.kind for one in _TYPES), OBJECTS, *WITHOUT_ID.values())}
_MENDS = {one.kind.name: one.mend for one in _TYPES}

# by table: key, what it must be, and whether it may be left out
_RULES: Mapping[str, tuple[tuple[str, _Type, bool], ...]] = {
    "images": (
        ("id", IDS, False),
        ("file_name", NAMES, False),
        ("width", SIZES, True),
        ("height", SIZES, True),
    ),
    "annotations": (
        ("id", IDS, False),
        ("image_id", IDS, False),
        ("category_id", IDS, True),
        ("bbox", BOXES, True),
        ("area", AREAS, True),
        ("iscrowd", CROWDS, True),
    ),
    "categories": (("id", IDS, False), ("name", NAMES, False), ("supercategory", _GROUPS, True)),
}
_SINGULAR = {"images": "image", "annotations": "annotation", "categories": "category"}
_NAMED_BY = {"images": "image_id", "categories": "category_id"}  # keys of annotations


@dataclass(frozen=True, slots=True)
class Excuse:
    """What of an input's wrong types the steps that read it take in, by names of kinds.

    Attributes:
        mended: all values, as the step makes new ones.
        understood: those whose meaning can be told.
        leaves_out: rows with a value that isn't taken in are left out, and no error: for checks.
    """

    mended: frozenset[str] = frozenset()
    understood: frozenset[str] = frozenset()
    leaves_out: bool = False

    def takes(self, value: Loose) -> bool:
        """Say whether a value of a wrong type is taken in."""
        return value.kind in self.mended or (
            value.kind in self.understood and value.new is not UNSET
        )


# a check goes on past what leaves its row in place, and leaves out the other rows
TO_GO_ON = Excuse(
    frozenset(KINDS) - {IDS.kind.name, NAMES.kind.name, OBJECTS.name},
    frozenset(KINDS),
    leaves_out=True,
)


def read(
    top: Mapping[str, Raw], name: str, home: str, images: Path | None, excuse: Excuse
) -> Dataset | None:
    """Read an annotation file that the fast reading refuses.

    Return None where no value is of a wrong type.

    Args:
        top: its top-level keys, as `coco_json.decode_top` returns them.
        name: the file, for errors.
        home: the input's name; empty names the file in findings.
        images: the folder that ``file_name`` is relative to.
        excuse: what of its wrong types is taken in.

    Returns:
        The data set, with what was meant for each value of a wrong type; ``loose`` has what stood
        there,
        and ``left_out`` the rows that aren't in it.

    Raises:
        FindingsError: values are of a wrong type and aren't excused; lists all of them.
        DatasetError: the file is wrong in another way.
    """
    wrong = tuple(one for table in _RULES for one in _wrong_values(table, top))
    if not wrong:
        return None
    refused = [one for one in wrong if not excuse.takes(one)]
    if refused and not excuse.leaves_out:
        raise FindingsError([replace(one, file=name) for one in found(refused, home or name)])
    mended = {
        table: _mended(
            top[table],
            [one for one in wrong if one.table == table],
            {one.place for one in refused if one.table == table},
        )
        for table in dict.fromkeys(one.table for one in wrong)
    }
    dataset = coco_json.of_top({**top, **mended}, name=name, home=home, images=images)
    return dataset.replace(loose=wrong, left_out=_left_out(top, refused))


def found(values: Iterable[Loose], place: str) -> tuple[Finding, ...]:
    """Return the findings of values of a wrong type.

    Those whose meaning can be told apart, as a repair reads them.
    """
    rows: dict[tuple[str, str], list[Row]] = {}
    for one in values:
        mend = _MENDS.get(one.kind, "") if one.new is not UNSET else ""
        rows.setdefault((one.kind, mend), []).append(Row(one.row, _shown(one), one.file_name))
    return tuple(
        Finding.of(KINDS[kind], place, listed, remedy=mend) for (kind, mend), listed in rows.items()
    )


def _shown(one: Loose) -> Any:
    if one.old is None or one.old is UNSET:
        return f"{one.key or 'the row'} is {'null' if one.old is None else 'missing'}"
    return {one.key: one.old} if one.key else one.old


def _left_out(
    top: Mapping[str, Raw], values: Collection[Loose]
) -> dict[str, dict[int, int | None]]:
    """Return the ids of the rows of these values, by table and place."""
    ids: dict[str, dict[int, int | None]] = {}
    for table in dict.fromkeys(one.table for one in values):
        rows = msgspec.json.decode(top[table])
        ids[table] = {one.place: _id_of(rows[one.place]) for one in values if one.table == table}
    return ids


def _wrong_values(table: str, top: Mapping[str, Raw]) -> Iterator[Loose]:
    rows = _rows(top, table)
    free = _free_ids(table, rows, top)
    for n, row in enumerate(rows):
        if not isinstance(row, dict):
            yield Loose(OBJECTS.name, table, n, f"{table}[{n}]", "", "", row)
            continue
        for key, wanted, may_lack in _RULES[table]:
            value = row.get(key, UNSET)
            if (value is UNSET and may_lack) or wanted.is_right(value):
                continue
            if key == "id" and (value is UNSET or value is None):
                yield Loose(
                    WITHOUT_ID[table].name,
                    table,
                    n,
                    _named(table, n, row),
                    str(row.get("file_name", "")),
                    key,
                    value,
                    next(free),
                )
                continue
            meant = wanted.meant(value)
            yield Loose(
                wanted.kind.name,
                table,
                n,
                _named(table, n, row),
                str(row.get("file_name", "")),
                key,
                value,
                UNSET if meant is None else meant,
            )


def _rows(top: Mapping[str, Raw], table: str) -> list[Any]:
    rows = msgspec.json.decode(top[table])
    return rows if isinstance(rows, list) else []


def _free_ids(table: str, rows: Iterable[Any], top: Mapping[str, Raw]) -> Iterator[int]:
    """Yield ids for rows that have none: above the table's, and above those that it lacks.

    An annotation's ``image_id`` that no image has is that of a row without an id, or of none: which
    one isn't known, so that it must stay dangling.
    """
    given = [_id_of(row) or 0 for row in rows]
    if (key := _NAMED_BY.get(table)) and None in map(_id_of, rows):
        given += [_id_of(row, key) or 0 for row in _rows(top, "annotations")]
    yield from itertools.count(1 + max(given, default=0))


def _id_of(row: Any, key: str = "id") -> Any:
    """Return a row's id, also one in quotes; None where it has none that is whole."""
    value = row.get(key) if isinstance(row, dict) else None
    return value if _whole(value) else loose_values.whole(value)


def _named(table: str, n: int, row: Mapping[str, Any]) -> str:
    number = _id_of(row)
    name = f"{table}[{n}]" if number is None else f"{_SINGULAR[table]} {number!r}"
    shown = (
        row.get("file_name")
        if table == "images"
        else row.get("name")
        if table == "categories"
        else None
    )
    return f"{name} ({shown!r})" if isinstance(shown, str) else name


def _mended(raw: Raw, values: Iterable[Loose], left_out: Collection[int]) -> Raw:
    """Put what was meant in place of values of a wrong type.

    All else stays as it is, to the byte.
    """
    rows = msgspec.json.decode(raw, type=list[Raw])
    changed: dict[int, dict[str, Raw]] = {}
    for one in values:
        if one.place in left_out:
            continue
        if one.place not in changed:
            changed[one.place] = msgspec.json.decode(rows[one.place], type=dict[str, Raw])
        row = changed[one.place]
        if one.new is UNSET:
            row.pop(one.key, None)
        else:
            row[one.key] = Raw(msgspec.json.encode(one.new))
    return Raw(
        msgspec.json.encode(
            [changed.get(n, row) for n, row in enumerate(rows) if n not in left_out]
        )
    )
