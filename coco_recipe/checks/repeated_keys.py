"""Keys that stand more than once in an object of an annotation file.

Readers keep the last value, in silence.

Good files cost a count of their bytes: an object has a colon for each key, and those that its
values have inside; what the rows have must be as many.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import repeat
from operator import attrgetter, is_
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from coco_recipe.checks.rows import of_category, of_image
from coco_recipe.dataset import Annotation, Dataset, Image
from coco_recipe.findings import Finding, Kind, Row

REPEATED = Kind(
    "repeated_keys",
    "warning",
    "objects have a key more than once, of which the last value counts",
    "keep the right one of each",
)
_TABLES = ("images", "annotations", "categories")
_BLANKS = re.compile(rb"\s*")
_SHOWN = 60  # characters of a value
MANY = 20_000  # rows, of which as many lack a key as have one twice in no file that anybody wrote
BATCH = 1000  # rows that are joined at once


class _Pairs(list[tuple[str, Any]]):
    """An object as it stands in the text."""


def findings(
    text: bytes, top: Mapping[str, Raw], dataset: Dataset, place: str
) -> Iterator[Finding]:
    """Yield the keys that are repeated: an error where a whole table is, which would be lost.

    Keys inside a value that stays undecoded (``attributes``, a mask) aren't looked at: it goes
    through as it is.

    Args:
        text: the file's bytes.
        top: its top-level keys, as `coco_json.decode_top` returns them.
        dataset: what was read of it.
        place: the input's name or the file, for the findings.
    """
    spans = _spans(text, top)
    if spans is None:
        again = dict(_repeated(json.loads(text, object_pairs_hook=_Pairs)))
        tables = {key: values for key, values in again.items() if key in _TABLES}
        others = {key: values for key, values in again.items() if key not in _TABLES}
        if tables:
            shown = {
                key: [f"{len(rows)} rows" for rows in values] for key, values in tables.items()
            }
            found = Finding.of(REPEATED, place, [Row("the file", shown)])
            yield Finding(
                found.kind,
                place,
                found.count,
                found.first,
                "error",
                "join the tables, or remove what isn't meant; "
                "'findings: {repeated_keys: warning}' reads the last",
            )
        if others:
            yield Finding.of(REPEATED, place, [Row("the file", _short(others))])
    rows = [
        row
        for table in _TABLES
        if _is_suspect(text, spans[table] if spans else None, top[table], getattr(dataset, table))
        for row in _rows(top[table], table, dataset)
    ]
    if rows:
        yield Finding.of(REPEATED, place, rows)


def _spans(text: bytes, top: Mapping[str, Raw]) -> dict[str, tuple[int, int]] | None:
    """Return where each top-level value stands.

    Return None where the file is longer than these, as with repeated keys.
    """
    spans: dict[str, tuple[int, int]] = {}
    at = text.find(b"{") + 1
    for n in range(len(top)):
        start = _after_blanks(text, at)
        end = text.find(b'"', start + 1)
        try:
            key = msgspec.json.decode(text[start : end + 1], type=str)
        except (
            msgspec.DecodeError
        ):  # a key with a quote in it, or what follows another value than the last
            return None
        colon = _after_blanks(text, end + 1)
        if key in spans or key not in top or text[colon : colon + 1] != b":":
            return None
        value = _after_blanks(text, colon + 1)
        at = _after_blanks(text, value + len(memoryview(top[key])))
        spans[key] = value, value + len(memoryview(top[key]))
        if text[at : at + 1] != (b"}" if n == len(top) - 1 else b","):
            return None
        at += 1
    return spans if _after_blanks(text, at) == len(text) else None


def _after_blanks(text: bytes, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _is_suspect(text: bytes, span: tuple[int, int] | None, raw: Raw, rows: tuple[Any, ...]) -> bool:
    """Say whether a table may have more keys than its rows do."""
    if not rows:
        return False
    if span is None:
        text, span = bytes(raw), (0, len(memoryview(raw)))
    fields, colons = msgspec.structs.fields(type(rows[0])), text.count(b":", *span)
    if len(rows) > MANY and colons == len(rows) * len(fields):
        return False
    known = len(rows) * len(fields) - sum(
        sum(map(is_, map(attrgetter(field.name), rows), repeat(UNSET)))
        for field in fields
        if not field.required
    )
    if colons == known:  # no value has a colon
        return False
    undecoded = [field.name for field in fields if field.type == Raw | UnsetType]
    texts = [field.name for field in fields if field.type is str]
    inside = sum(_colons_inside(rows, name) for name in undecoded)
    inside += sum("".join(map(attrgetter(name), rows)).count(":") for name in texts)
    return colons != known + inside


def _colons_inside(rows: tuple[Any, ...], field: str) -> int:
    """Count the colons inside a field whose values stay undecoded."""
    total = 0
    for start in range(0, len(rows), BATCH):
        values = map(attrgetter(field), rows[start : start + BATCH])
        total += b"".join(value for value in values if value is not UNSET).count(b":")
    return total


def _rows(raw: Raw, table: str, dataset: Dataset) -> Iterator[Row]:
    names = (
        {image.id: image.file_name for image in dataset.images} if table == "annotations" else {}
    )
    left_out = dataset.left_out.get(table, {})
    texts = [
        text for n, text in enumerate(msgspec.json.decode(raw, type=list[Raw])) if n not in left_out
    ]
    for text, row in zip(texts, getattr(dataset, table), strict=True):
        values = msgspec.json.decode(text, type=dict[str, Raw])
        inside = sum(key.count(":") + bytes(value).count(b":") for key, value in values.items())
        if bytes(text).count(b":") == len(values) + inside:
            continue
        if found := _short(dict(_repeated(json.loads(bytes(text), object_pairs_hook=_Pairs)))):
            if isinstance(row, Annotation):
                yield Row(f"annotation {row.id}", found, names.get(row.image_id, ""))
            else:
                yield of_image(row, found) if isinstance(row, Image) else of_category(row, found)


def _repeated(pairs: _Pairs) -> Iterator[tuple[str, list[Any]]]:
    values: dict[str, list[Any]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return ((key, listed) for key, listed in values.items() if len(listed) > 1)


def _short(values: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    def shown(value: Any) -> Any:
        text = str(value)
        return value if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."

    return {key: [shown(_plain(one)) for one in listed] for key, listed in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {key: _plain(one) for key, one in value}
    return [_plain(one) for one in value] if isinstance(value, list) else value
