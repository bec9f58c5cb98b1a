"""The form of a segmentation, as JSON: whether it is one that COCO has, or which other one."""

import json
from math import isfinite
from typing import Any

import msgspec

from coco_recipe.checks import loose_values

_MOST_DIGITS = 400  # no float holds more
_polygons = msgspec.json.Decoder(list[list[float]])


def form(text: bytes) -> str:
    """Name the form: flat, pairs, texts (numbers in quotes) or other; empty where COCO has it."""
    try:
        polygons = _polygons.decode(text)
    except (msgspec.DecodeError, OverflowError):  # not polygons of finite numbers
        pass
    else:
        return "pairs" if len(polygons) > 2 and all(len(one) == 2 for one in polygons) else ""
    value = with_any_number(text)
    found = _form_of(value)
    if found == "other" and _form_of(loose_values.segmentation(value)) != "other":
        return "texts"
    return found


def with_any_number(text: bytes) -> Any:
    """Decode JSON; a number that is too large, as 1e999 or a thousand digits, is infinite."""
    return json.loads(text, parse_int=_whole)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


def _form_of(value: Any) -> str:
    if not value:
        return "" if value is None or value == [] else "other"
    if isinstance(value, dict):
        size, counts = value.get("size"), value.get("counts")
        whole = (
            isinstance(size, list)
            and len(size) == 2
            and all(isinstance(side, int) for side in size)
        )
        in_quotes = isinstance(counts, list) and any(isinstance(run, str) for run in counts)
        return "" if whole and isinstance(counts, str | list) and not in_quotes else "other"
    if not isinstance(value, list):
        return "other"
    if all(is_number(one) for one in value):
        return "flat"
    if len(value) > 2 and all(
        isinstance(one, list) and len(one) == 2 and all(map(is_number, one)) for one in value
    ):
        return "pairs"
    if all(
        isinstance(one, list) and one and all(isinstance(two, list) for two in one) for one in value
    ):
        return "pairs"
    return (
        "" if all(isinstance(one, list) and all(map(is_number, one)) for one in value) else "other"
    )


def is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False
