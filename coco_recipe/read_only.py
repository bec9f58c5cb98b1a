"""Copies of values that nobody can change: what a run shows is not what it goes on with."""

from typing import Any, NoReturn

import msgspec


def _refuse(self: object, *args: object, **named: object) -> NoReturn:
    raise TypeError("what a run shows can't be changed; make a copy: dict(...) or list(...)")


class ReadOnlyDict(dict[Any, Any]):
    """A dict that can't be changed; copies of it are plain dicts."""

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class ReadOnlyList(list[Any]):
    """A list that can't be changed; copies of it are plain lists."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = remove = pop = clear = sort = reverse = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


def read_only(value: Any) -> Any:
    """Return a copy of a record or a JSON-like value of the same types that can't be changed."""
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        return type(value)(**{name: read_only(getattr(value, name)) for name in names})
    if isinstance(value, dict):
        return ReadOnlyDict({key: read_only(child) for key, child in value.items()})
    if isinstance(value, list):
        return ReadOnlyList(map(read_only, value))
    if isinstance(value, tuple):
        return tuple(map(read_only, value))
    return value
