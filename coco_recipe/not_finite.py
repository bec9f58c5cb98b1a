"""Where an annotation file has NaN and Infinity, which Python writes and JSON doesn't know."""

import json
from collections.abc import Iterator

from coco_recipe.errors import counted, show_path

FIRST = 10  # places that are named
_ROWS = {"images": "image", "annotations": "annotation", "categories": "category"}

KeyPath = tuple[str | int, ...]


class _Constant(str):
    """NaN, Infinity or -Infinity, as it is written."""


def told(text: bytes) -> str:
    """Return how many there are, and the first of them by row and key; empty where there are none.

    Args:
        text: the file's bytes; they may be wrong as JSON in another way, which hides all places.
    """
    try:
        top = json.loads(text, parse_constant=_Constant)
    except (ValueError, RecursionError):
        return ""
    places = list(_places(top))
    more = f"; and {len(places) - FIRST} more" if len(places) > FIRST else ""
    return f"{counted(len(places), 'place')}: {'; '.join(places[:FIRST])}{more}" if places else ""


def _places(top: object) -> Iterator[str]:
    for path, value in _constants(top, ()):
        named = _row(top, path)
        yield f"{named}{show_path(path[2:] if named else path)} is {value}"


def _row(top: object, path: KeyPath) -> str:
    """Name the row that a path leads through, as far as it has an id; empty where it has none."""
    if len(path) < 3 or not isinstance(top, dict) or path[0] not in _ROWS:
        return ""
    row = top[path[0]][path[1]]
    if not isinstance(row, dict) or isinstance(row.get("id"), _Constant | type(None)):
        return ""
    return f"{_ROWS[str(path[0])]} {row['id']}: "


def _constants(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, _Constant):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _constants(inner, (*path, key))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from _constants(inner, (*path, n))
