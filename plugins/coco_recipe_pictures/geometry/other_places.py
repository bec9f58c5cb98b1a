"""Places under keys that nobody moves: found in a row by name and form together, and taken out.

A key holds a place where its name says so (`place_names`), and its value has the form: enough
finite numbers, not all of them 0, in lists however deep, as text, or as {x, y}. A mask is known by
its form alone, {size, counts}. Mappings and lists of mappings are looked through; what is below a
name that says something, and has a name that doesn't, is meant by it.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from coco_recipe import Annotation, DatasetError, Image
from coco_recipe_pictures.geometry import place_names
from coco_recipe_pictures.geometry.place_names import NO_LIST, NO_PAIR, Says

Path = tuple[str, ...]  # keys from the row inwards; EACH stands for the rows of a list
EACH = "[]"
_PLAIN = {  # what COCO gives an annotation (it is moved) and an image
    Annotation: frozenset({*Annotation.__struct_encode_fields__, "keypoints", "num_keypoints"}),
    Image: frozenset({*Image.__struct_encode_fields__, "coco_url", "flickr_url", "date_captured"}),
}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TEXT = re.compile(rf"\s*[A-Z]*[\s(\[{{]*{_NUMBER}(?:[\s,;|()\[\]{{}}LMZ]+{_NUMBER})*[\s)\]}};,Z]*")


def may_be_in(kind: type[Annotation] | type[Image], keys: Collection[str]) -> bool:
    """Report whether rows with such keys may have places.

    None is expected below a key that names an id or a size.
    """
    has_keypoints = kind is Annotation and "keypoints" in keys
    return any(
        key not in _PLAIN[kind]
        and (
            place_names.says(key) not in (NO_LIST, NO_PAIR)
            or (has_keypoints and place_names.is_for_each_keypoint(key))
        )
        for key in keys
    )


def of(row: Annotation | Image) -> Iterator[Path]:
    """Yield the paths of places in a row's keys beside COCO's.

    Raises:
        DatasetError: a key has a number of thousands of digits.
    """
    members = {
        key: _decoded(raw, row, key)
        for key, name in _others(type(row))
        if (raw := getattr(row, name)) is not UNSET
    }
    if members:
        yield from _inside(members, _number_of_keypoints(row), None)


def _decoded(raw: Raw, row: Annotation | Image, key: str) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.ValidationError as error:
        told = f"{type(row).__name__.lower()} {row.id}: {key!r} has a number that is too large"
        raise DatasetError(f"{told} to be read: correct it, or remove the key") from error


def shown(path: Path) -> str:
    """Return a path as messages show it, such as ``parts[].bbox``."""
    return ".".join(path).replace("." + EACH, EACH)


def without(value: Any, paths: Iterable[Path]) -> Any:
    """Return a value without what is at these paths; the rest of a mapping stays."""
    inner = [path[1:] if path[0] == EACH else path for path in paths]
    if not inner:
        return value
    if isinstance(value, list):
        return [without(one, inner) for one in value]
    if not isinstance(value, dict):
        return value
    gone = {path[0] for path in inner if len(path) == 1}
    return {
        key: without(one, [path[1:] for path in inner if path[0] == key])
        for key, one in value.items()
        if key not in gone
    }


@lru_cache(maxsize=256)
def _others(row_class: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Return the keys of a class of rows that may hold anything, each with its attribute."""
    plain = _PLAIN[Annotation if issubclass(row_class, Annotation) else Image]
    names = zip(row_class.__struct_encode_fields__, row_class.__struct_fields__, strict=True)
    return tuple((key, name) for key, name in names if key not in plain)


def _number_of_keypoints(row: Annotation | Image) -> int:
    raw = getattr(row, "keypoints", UNSET) if isinstance(row, Annotation) else UNSET
    value = msgspec.json.decode(raw) if isinstance(raw, msgspec.Raw) else None
    return len(value) // 3 if isinstance(value, list) else 0


def _inside(members: Mapping[str, Any], keypoints: int, above: Says | None) -> list[Path]:
    """Return the paths of places in a mapping.

    Args:
        members: the mapping.
        keypoints: how many its row has.
        above: what the names above it say.
    """
    numbers = {
        key: found
        for key, value in members.items()
        if not isinstance(value, dict) and (found := _numbers(value))
    }
    pairs = set() if above == NO_PAIR else place_names.together(numbers)
    return [
        path
        for key, value in members.items()
        for path in ([(key,)] if key in pairs else _under(key, value, keypoints, above))
    ]


def _under(key: str, value: Any, keypoints: int, above: Says | None) -> list[Path]:
    """Return the paths of places at a key and below it."""
    own = place_names.says(key)
    now = above if own is None else own
    if _is_mask(value) or (now and _has_form(value, now)):
        return [(key,)]
    if place_names.is_for_each_keypoint(key) and _is_for_each(value, keypoints):
        return [(key,)]
    mappings = list(_mappings(value))
    found = [_inside(one, keypoints, now) for one in mappings]
    if own and any(found) and all(map(_is_all, mappings, found)):
        return [(key,)]
    between = (EACH,) if isinstance(value, list) else ()
    return list(dict.fromkeys((key, *between, *path) for paths in found for path in paths))


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value if isinstance(value, list) else ():
        yield from _mappings(one)


def _is_all(mapping: Mapping[str, Any], found: list[Path]) -> bool:
    """Report whether everything in a mapping that isn't empty is a place."""
    return all((key,) in found for key, value in mapping.items() if value)


def _is_mask(value: Any) -> bool:
    """Report whether a value is a mask with pixels, by runs or as a bitmap, or several."""
    if isinstance(value, list):
        return any(map(_is_mask, value))
    if not isinstance(value, dict):
        return False
    counts = value.get("counts")
    has_runs = any(counts[1::2]) if isinstance(counts, list) else isinstance(counts, str) and counts
    is_bitmap = isinstance(value.get("data"), str) and isinstance(value.get("origin"), list)
    return is_bitmap or ("size" in value and bool(has_runs))


def _has_form(value: Any, says: Says) -> bool:
    """Report whether a value has as many numbers as its name says, not all of them 0."""
    if says in (NO_LIST, NO_PAIR) or isinstance(value, dict):
        return False
    if says.each and isinstance(value, list) and all(isinstance(one, bool) for one in value):
        return len(value) >= says.least and any(value)
    found = _numbers(value)
    if not found or not any(found):
        return False
    if len(found) == 1 and not isinstance(value, list):
        return says.alone
    is_flat = isinstance(value, str) or not any(isinstance(one, list | dict) for one in value)
    return len(found) >= says.least and not (is_flat and says.most and len(found) > says.most)


def _is_for_each(value: Any, keypoints: int) -> bool:
    """Report whether a value is one number for each keypoint, and which is whose matters."""
    return (
        isinstance(value, list)
        and len(value) == keypoints
        and all(isinstance(one, int | float) for one in value)
        and len(set(value)) > 1
    )


def _numbers(value: Any) -> list[float] | None:
    """Return all numbers of a value in order; None where something in it is no number."""
    if value is None:
        return []
    if isinstance(value, str):
        return list(map(float, re.findall(_NUMBER, value))) if _TEXT.fullmatch(value) else None
    if isinstance(value, dict):
        return _numbers(list(value.values())) if {"x", "y"} <= set(value) else None
    if isinstance(value, list):
        parts = [_numbers(one) for one in value]
        return None if None in parts else [one for part in parts if part for one in part]
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return [value] if is_number else None
