"""What differs between the values of two rows, however they are written."""

from collections.abc import Callable, Iterator
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET, Raw

PLACED = ("id", "image_id", "category_id", "bbox", "file_name", "coco_recipe")  # looked at apart
SHOWN = 24  # characters of a value
_BLANKS = b" \t\r\n"


def differing(one: msgspec.Struct, other: msgspec.Struct) -> Iterator[tuple[str, Any, Any]]:
    """Yield the keys in which two rows differ, with both values; UNSET where one has none.

    Keys that tell which row it is, its class and its place aren't looked at.
    """
    keys, of_one, of_other = _compared(type(one), type(other))
    before, after = of_one(one), of_other(other)
    if before == after:
        return
    for key, was, now in zip(keys, before, after, strict=True):
        if was != now and not _reads_the_same(was, now):
            yield key, _decoded(was), _decoded(now)


def shown(value: Any) -> str:
    """Return a value as a few characters of JSON."""
    if value is UNSET:
        return "none"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


@cache
def _compared(
    one: type[msgspec.Struct], other: type[msgspec.Struct]
) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]], Callable[[Any], tuple[Any, ...]]]:
    """Return the keys of two classes of rows, and what gives the values of each, in their order."""
    fields = [
        dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
        for kind in (one, other)
    ]
    keys = tuple(key for key in dict.fromkeys([*fields[0], *fields[1]]) if key not in PLACED)
    return keys, *(_getter([known.get(key, "") for key in keys]) for known in fields)  # type: ignore[return-value]


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what gives the values of attributes; UNSET for one without a name."""
    if len(names) > 1 and all(names):
        return attrgetter(*names)
    return lambda row: tuple(getattr(row, name) if name else UNSET for name in names)


def _reads_the_same(was: Any, now: Any) -> bool:
    """Say whether two values are one, written otherwise."""
    if isinstance(was, Raw) and isinstance(now, Raw):
        texts = bytes(was), bytes(now)
        if not any(b'"' in text for text in texts):  # blanks between numbers are no difference
            plain = [text.translate(None, _BLANKS) for text in texts]
            if plain[0] == plain[1]:
                return True
    return bool(_decoded(was) == _decoded(now))


def _decoded(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, Raw) else value
