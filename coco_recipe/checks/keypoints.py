"""Keypoints of annotations that are at odds with their category, or with their number."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from coco_recipe.checks.rows import FAR_SIDES, NO_PLACE_PX, Rows
from coco_recipe.dataset import Annotation, extras
from coco_recipe.findings import Row

_numbers = msgspec.json.Decoder(list[int | float] | None)


def keypoint_number(rows: Rows) -> Iterator[Row]:
    for row, found, names in _keypoints(rows):
        if (names and len(found) != 3 * names) or len(found) % 3:
            yield rows.of(
                row,
                f"{len(found)} numbers for {names} keypoints" if names else f"{len(found)} numbers",
            )


def keypoint_flags(rows: Rows) -> Iterator[Row]:
    for row, found, names in _keypoints(rows):
        if (not names or len(found) == 3 * names) and not set(found[2::3]) <= {0, 1, 2}:
            yield rows.of(row, sorted(set(found[2::3]) - {0, 1, 2}, key=str))


def far_keypoints(rows: Rows) -> Iterator[Row]:
    """Yield rows with a labelled keypoint far outside of its picture, or at no place at all."""
    for row, found, _ in _keypoints(rows):
        longer = max(rows.sizes.get(row.image_id) or (0, 0)) or NO_PLACE_PX
        least = -min(FAR_SIDES * longer, NO_PLACE_PX)
        most = min((FAR_SIDES + 1) * longer, NO_PLACE_PX)
        for x, y, flag in zip(found[0::3], found[1::3], found[2::3], strict=False):
            if flag and not (least <= x <= most and least <= y <= most):
                yield rows.of(row, [x, y])
                break


def keypoint_counts(rows: Rows) -> Iterator[Row]:
    """Yield rows whose num_keypoints isn't how many are labelled; without keypoints, none are."""
    if not rows.have("annotations", "num_keypoints"):
        return
    counted = set()
    for row, found, names in _keypoints(rows):
        counted.add(id(row))
        value = getattr(row, "num_keypoints", UNSET)
        if value is not UNSET and (not names or len(found) == 3 * names):
            yield from _at_odds(rows, row, value, sum(1 for flag in found[2::3] if flag))
    for row in rows.annotations:
        value = getattr(row, "num_keypoints", UNSET)
        if value is not UNSET and id(row) not in counted and _is_empty(row):
            yield from _at_odds(rows, row, value, 0)


def _at_odds(rows: Rows, row: Annotation, value: Any, labelled: int) -> Iterator[Row]:
    number = msgspec.json.decode(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return
    if number >= 0 and number % 1 == 0 and number != labelled:  # `keys` names the others
        yield rows.of(row, {"num_keypoints": number, "labelled": labelled})


def _is_empty(row: Annotation) -> bool:
    value = getattr(row, "keypoints", UNSET)
    return value is UNSET or bytes(value).strip() in (b"null", b"[]")


def _keypoints(rows: Rows) -> Iterator[tuple[Annotation, list[Any], int]]:
    """Yield the rows that have keypoints, these, decoded, and how many names they should have.

    Keypoints that are no list of numbers are left out: `keys` names them.
    """
    if not rows.have("annotations", "keypoints"):
        return
    names: dict[Any, int] = {}
    for category in rows.categories:
        listed = dict(extras(category)).get("keypoints")
        names[category.id] = len(listed) if isinstance(listed, list) else 0
    for row in rows.annotations:
        value = getattr(row, "keypoints", UNSET)
        if value is UNSET:
            continue
        try:
            found = _numbers.decode(value)
        except msgspec.ValidationError:
            continue
        if found:
            yield row, found, names.get(row.category_id, 0)
