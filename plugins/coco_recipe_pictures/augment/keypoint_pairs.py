"""Which keypoints trade places in a mirrored picture, by their names."""

import re
from collections.abc import Iterator, Mapping, Sequence

from coco_recipe import Category, extras


def mirrored_pairs(
    categories: Sequence[Category], declared: Sequence[Sequence[str | int]] | None
) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return by category id the keypoints, counted from 0, that trade places in a mirror.

    Args:
        categories: the data set's; COCO's key ``keypoints`` of a category lists its keypoints'
            names.
        declared: pairs of names, or of numbers from 1 where categories have no names. They are
            added to those that are found by the words left and right, or by L and R; none at all
            says that none trades places.

    A declared name that is in no category is not looked for: see `choosing.complaints`.
    """
    return {category.id: _pairs_of(_names(category), declared) for category in categories}


def _pairs_of(
    names: Sequence[str], declared: Sequence[Sequence[str | int]] | None
) -> tuple[tuple[int, int], ...]:
    places = {name: i for i, name in enumerate(names)}
    found = [] if declared == [] else _by_name(places)
    wanted = [(_place(a, places), _place(b, places)) for a, b in declared or ()]
    chosen = [(a, b) for a, b in wanted if a is not None and b is not None]
    taken = {place for pair in chosen for place in pair}
    return (*chosen, *((a, b) for a, b in found if not taken & {a, b}))


def _by_name(places: Mapping[str, int]) -> list[tuple[int, int]]:
    pairs = ((place, places.get(_other_side(name), -1)) for name, place in places.items())
    return [(a, b) for a, b in pairs if a < b]


def _place(point: str | int, places: Mapping[str, int]) -> int | None:
    return point - 1 if isinstance(point, int) else places.get(point)


def _names(category: Category) -> list[str]:
    listed = dict(extras(category)).get("keypoints")
    return list(map(str, listed)) if isinstance(listed, list) else []


def perhaps_pairs(category: Category) -> Iterator[tuple[str, str]]:
    """Yield keypoints of no known pair whose names differ by an l for an r: lf_paw, rf_paw."""
    names = _names(category)
    known = {names[place] for pair in _pairs_of(names, None) for place in pair}
    free = dict.fromkeys(name for name in names if name not in known)
    for name in free:
        for at, letter in enumerate(name):
            other = name[:at] + {"l": "r", "L": "R"}.get(letter, "") + name[at + 1 :]
            if letter in "lL" and other in free:
                yield name, other


_SIDES = (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"), ("左", "右"))
_LETTERS = (
    (re.compile(r"(?<![A-Za-z])[lL](?![a-z])"), "r", "R"),
    (re.compile(r"(?<![A-Za-z])[rR](?![a-z])"), "l", "L"),
)


def without_partner(category: Category) -> Iterator[str]:
    """Yield a category's keypoints with left or right in their name that have no partner."""
    names = _names(category)
    for name in names:
        if (
            any(word in name for sides in _SIDES for word in sides)
            and _other_side(name) not in names
        ):
            yield name


def _other_side(name: str) -> str:
    """Return the name of the same point on the other side.

    It is found by words, or by an L or R of its own (LEye, l_eye, eye.R).
    """
    for one, other in _SIDES:
        if one in name:
            return name.replace(one, other)
        if other in name:
            return name.replace(other, one)
    for pattern, small, large in _LETTERS:
        if found := pattern.search(name):
            return (
                name[: found.start()]
                + (small if found[0].islower() else large)
                + name[found.end() :]
            )
    return ""
