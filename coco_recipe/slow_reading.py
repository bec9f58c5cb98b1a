"""The slow, thorough reading of an annotation file that the fast one refuses: every row with a wrong type."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from coco_recipe.coco_json import decode_top
from coco_recipe.findings import Finding, Kind, Row

Check = Callable[[Any], bool]


def _whole(value: Any) -> bool:
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _box(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_number, value))


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _kind(name: str, what: str, remedy: str) -> Kind:
    return Kind(name, "error", what, remedy, needed=True)


IDS = _kind("ids_of_wrong_type", "ids are missing or no whole numbers", "write whole numbers, without quotes")
BOXES = _kind("boxes_of_wrong_type", "boxes are not four numbers",
              "write x, y, width and height in pixels, or leave the key out")
AREAS = _kind("areas_of_wrong_type", "areas are no numbers", "write square pixels, or leave the key out")
SIZES = _kind("sizes_of_wrong_type", "widths or heights are no whole numbers", "write pixels, or leave the key out")
CROWDS = _kind("crowd_flags_of_wrong_type", "iscrowd is no 0 or 1", "write 0 or 1, or leave the key out")
NAMES = _kind("names_of_wrong_type", "names are missing or no text", "write a text in quotes")
OBJECTS = _kind("rows_of_wrong_type", "rows are no objects", "remove them")
KINDS = {kind.name: kind for kind in (IDS, BOXES, AREAS, SIZES, CROWDS, NAMES, OBJECTS)}

# by table: key, its kind, what it must be, and whether it may be left out
_RULES: Mapping[str, tuple[tuple[str, Kind, Check, bool], ...]] = {
    "images": (("id", IDS, _whole, False), ("file_name", NAMES, _text, False),
               ("width", SIZES, _whole, True), ("height", SIZES, _whole, True)),
    "annotations": (("id", IDS, _whole, False), ("image_id", IDS, _whole, False),
                    ("category_id", IDS, _whole, True), ("bbox", BOXES, _box, True), ("area", AREAS, _number, True),
                    ("iscrowd", CROWDS, lambda value: isinstance(value, bool) or _whole(value), True)),
    "categories": (("id", IDS, _whole, False), ("name", NAMES, _text, False),
                   ("supercategory", NAMES, lambda value: value is None or _text(value), True)),
}
_SINGULAR = {"images": "image", "annotations": "annotation", "categories": "category"}


def findings(text: bytes, name: str, place: str) -> tuple[Finding, ...]:
    """Return what has a wrong type in an annotation file, all rows of it; nothing where that isn't the fault.

    Args:
        text: the file's bytes.
        name: the file, for an error of its JSON.
        place: the input's name or the file, for the findings.

    Raises:
        DatasetError: the file isn't JSON, or has no tables.
    """
    found: dict[str, list[Row]] = {}
    for table, raw in decode_top(text, name).items():
        if table in _RULES:
            for kind, row in _wrong_rows(table, raw):
                found.setdefault(kind.name, []).append(row)
    return tuple(Finding.of(KINDS[kind], place, rows) for kind, rows in found.items())


def _wrong_rows(table: str, raw: Raw) -> Iterator[tuple[Kind, Row]]:
    rows = msgspec.json.decode(raw)
    for n, row in enumerate(rows if isinstance(rows, list) else []):
        if not isinstance(row, dict):
            yield OBJECTS, Row(f"{table}[{n}]", row)
            continue
        for key, kind, is_right, may_lack in _RULES[table]:
            if not (key not in row and may_lack) and not is_right(row.get(key)):
                yield kind, Row(_named(table, n, row), {key: row.get(key, "missing")}, str(row.get("file_name", "")))


def _named(table: str, n: int, row: Mapping[str, Any]) -> str:
    name = f"{_SINGULAR[table]} {row['id']!r}" if _whole(row.get("id")) else f"{table}[{n}]"
    shown = row.get("file_name") if table == "images" else row.get("name") if table == "categories" else None
    return f"{name} ({shown!r})" if isinstance(shown, str) else name
