"""Mends of a segmentation's form: from one decoded JSON value to another.

Where there is nothing to mend, the value stays the same.
"""

from collections.abc import Callable, Mapping
from typing import Any

from coco_recipe import numbers_of_segmentation, polygon_area


def is_numbers(value: Any) -> bool:
    """Say whether a value is a list of numbers."""
    return isinstance(value, list) and all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in value
    )


def _flat_to_list(value: list[Any]) -> list[Any]:
    return [value] if is_numbers(value) else value


def _pairs_to_list(value: list[Any]) -> list[Any]:
    def is_pairs(ring: Any) -> bool:
        return (
            isinstance(ring, list)
            and bool(ring)
            and all(is_numbers(point) and len(point) == 2 for point in ring)
        )

    if is_pairs(value):
        return [[number for point in value for number in point]]
    return [
        [number for point in ring for number in point] if is_pairs(ring) else ring for ring in value
    ]


def _closed(value: list[Any]) -> list[Any]:
    return [
        [*ring, *ring[:2]]
        if is_numbers(ring) and len(ring) >= 6 and ring[:2] != ring[-2:]
        else ring
        for ring in value
    ]


def _without_degenerate(value: list[Any]) -> list[Any]:
    return [
        ring
        for ring in value
        if not (is_numbers(ring) and (len(ring) % 2 or not polygon_area(ring)))
    ]


_OF_LISTS: Mapping[str, Callable[[list[Any]], list[Any]]] = {
    "drop_degenerate": _without_degenerate,
    "close": _closed,
    "flat_to_list": _flat_to_list,
    "pairs_to_list": _pairs_to_list,
}
NAMES = [*_OF_LISTS, "to_numbers"]
# the kinds of findings that are gone behind each
MENDED: Mapping[str, tuple[str, ...]] = {
    "drop_degenerate": ("segmentations_of_no_area", "polygons_of_no_area", "polygons_too_short"),
    "close": (),
    "flat_to_list": ("segmentations_flat",),
    "pairs_to_list": ("segmentations_of_pairs",),
    "to_numbers": ("segmentations_of_texts",),
}


def mended(value: Any, mend: str) -> Any:
    """Return a segmentation after one mend.

    Masks and what has no form go through but for the texts in them.
    """
    if mend == "to_numbers":
        return numbers_of_segmentation(value)
    return _OF_LISTS[mend](value) if isinstance(value, list) and value else value
