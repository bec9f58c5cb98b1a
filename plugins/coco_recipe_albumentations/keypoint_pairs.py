"""Which keypoints trade places in a mirrored picture, by their names."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from coco_recipe import Category, extras


def mirrored_pairs(categories: Sequence[Category], declared: Sequence[Sequence[str | int]] | None
                   ) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return, by category id, the keypoints (counted from 0) that trade places in a mirrored picture.

    Args:
        categories: the data set's; COCO's key ``keypoints`` of a category lists its keypoints' names.
        declared: pairs of names, or of numbers from 1 where categories have no names; None finds them by the words
            left and right, or by L and R.

    A declared name that is in no category is not looked for: see `choosing.complaints`.
    """
    pairs = {}
    listed = {category.id: dict(extras(category)).get("keypoints") for category in categories}
    named = {number: names if isinstance(names, list) else [] for number, names in listed.items()}
    for category_id, names in named.items():
        places = {str(name): i for i, name in enumerate(names)}
        wanted: Sequence[Any] = declared if declared is not None else [(name, _other_side(name)) for name in places]
        by_number = tuple((a - 1, b - 1) for a, b in wanted if isinstance(a, int) and isinstance(b, int))
        pairs[category_id] = by_number + tuple(
            (places[a], places[b]) for a, b in wanted
            if a in places and b in places and (declared is not None or places[a] < places[b]))
    return pairs


_SIDES = (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"), ("左", "右"))
_LETTERS = ((re.compile(r"(?<![A-Za-z])[lL](?![a-z])"), "r", "R"), (re.compile(r"(?<![A-Za-z])[rR](?![a-z])"), "l", "L"))


def without_partner(category: Category) -> Iterator[str]:
    """Yield the keypoints of a category that have left or right in their name, where it has not their partner."""
    listed = dict(extras(category)).get("keypoints")
    names = list(map(str, listed)) if isinstance(listed, list) else []
    for name in names:
        if any(word in name for sides in _SIDES for word in sides) and _other_side(name) not in names:
            yield name


def _other_side(name: str) -> str:
    """Return the name of the same point on the other side: by words, or by an L or R of its own (LEye, l_eye, eye.R)."""
    for one, other in _SIDES:
        if one in name:
            return name.replace(one, other)
        if other in name:
            return name.replace(other, one)
    for pattern, small, large in _LETTERS:
        if found := pattern.search(name):
            return name[:found.start()] + (small if found[0].islower() else large) + name[found.end():]
    return ""
