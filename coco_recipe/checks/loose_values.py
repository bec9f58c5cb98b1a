"""What a value of a wrong type was meant to be, where only one reading of it makes sense.

Each function takes a JSON value and returns what it means, or None where that can't be told:
``"12"``, ``"12.0"``, ``" 7 "`` and ``"1e3"`` are numbers. ``"1,5"`` (1.5, or 15 with a misplaced
comma?), ``"nan"``, ``true`` and ``null`` are none.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

import msgspec

LARGEST_ID = 2**63 - 1  # what readers with 64 bits hold
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d+")


def number(value: Any) -> int | float | None:
    """Return a finite number, also one in quotes; a text without a point stays whole."""
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return None
        value = int(text) if _WHOLE.fullmatch(text) and len(text) < 20 else float(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return value


def whole(value: Any) -> int | None:
    """Return a whole number of at most 63 bits, to its last digit; 3.0 is one, 1.5 is none."""
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return None
        try:
            exact = Decimal(text)
        except InvalidOperation:  # an exponent of twenty digits
            return None
    elif isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    else:
        exact = Decimal(value)
    if exact.copy_abs() > LARGEST_ID or int(exact) != exact:
        return None
    return int(exact)


def box(value: Any) -> list[int | float] | None:
    """Return four numbers, each perhaps in quotes, or all of them in one text: "[1, 2, 3, 4]"."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return None
    if not isinstance(value, list) or len(value) != 4:
        return None
    sides = [side for one in value if (side := number(one)) is not None]
    return sides if len(sides) == 4 else None


def flag(value: Any) -> int | None:
    """Return 0 or 1; null is 0, as where the key is missing."""
    if value is None:
        return 0
    found = int(value) if isinstance(value, bool) else whole(value)
    return found if found in (0, 1) else None


def segmentation(value: Any) -> Any:
    """Read the texts in a segmentation as numbers; what is none stays as it is.

    A text may also be all of it: "[[1, 2, 3, 2, 3, 4]]".

    Args:
        value: a segmentation as the file has it.

    Returns:
        The segmentation, in pixels as before.
    """
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return value
    if isinstance(value, dict):
        return {
            key: [_read(one, whole) for one in listed]
            if key in ("size", "counts") and isinstance(listed, list)
            else listed
            for key, listed in value.items()
        }
    return _read(value, number) if isinstance(value, list) else value


def _read(value: Any, reading: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [_read(one, reading) for one in value]
    found = reading(value) if isinstance(value, str) else None
    return value if found is None else found
