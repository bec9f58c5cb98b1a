"""What differs between two trees of values, as recipes and records have them, by address."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class Change(msgspec.Struct, frozen=True):
    """A value that is another.

    Attributes:
        place: its address, as ``steps.more.with.copies``.
        was: in the first; no key where it has none.
        now: in the second; no key where it has none.
    """

    place: str
    was: Any | UnsetType = UNSET
    now: Any | UnsetType = UNSET


def between(was: Any, now: Any, place: str = "") -> Iterator[Change]:
    """Yield the values that differ, in the order of the second.

    Lists of things with an ``id`` are held against each other by it, others of one length item by
    item. Whole numbers equal to floats are the same.

    Args:
        was: mappings, lists and plain values.
        now: the other tree.
        place: the address of both.
    """
    was, now = _by_id(was), _by_id(now)
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for name in [*now, *(name for name in was if name not in now)]:
            address = f"{place}.{name}" if place else str(name)
            yield from between(was.get(name, UNSET), now.get(name, UNSET), address)
    elif _are_alike(was, now):
        for n, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from between(one, other, f"{place}[{n}]")
    elif was != now or isinstance(was, bool) != isinstance(now, bool):
        yield Change(place, was, now)


def order_of(was: Sequence[str], now: Sequence[str], place: str) -> Iterator[Change]:
    """Yield a change where the names that both have stand in another order."""
    both = [name for name in was if name in now], [name for name in now if name in was]
    if both[0] != both[1]:
        yield Change(f"{place} (order)", both[0], both[1])


def _by_id(value: Any) -> Any:
    """Return a list of things with an id as a mapping by it."""
    if isinstance(value, list) and value:
        ids = [one.get("id") if isinstance(one, Mapping) else None for one in value]
        if all(isinstance(one, str) for one in ids) and len(set(ids)) == len(ids):
            return {
                str(name): {key: inner for key, inner in one.items() if key != "id"}
                for name, one in zip(ids, value, strict=True)
            }
    return value


def _are_alike(was: Any, now: Any) -> bool:
    return isinstance(was, list) and isinstance(now, list) and len(was) == len(now)
