"""Keypoints of categories that become one: joined by name, and rows rewritten to the joined order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from coco_recipe import Annotation, Category, extras, with_extras


@dataclass(frozen=True, slots=True)
class Places:
    """Where the keypoints of one category stand in the joined list.

    Attributes:
        category: the category's name, for messages.
        at: for each of its keypoints the position in the joined list, from 0.
        total: how many keypoints the joined list has.
    """

    category: str
    at: tuple[int, ...]
    total: int

    def moved(self, row: Annotation) -> Annotation:
        """Return a row with its keypoints in the joined order; others are (0, 0, 0): not labelled.

        Raises:
            ValueError: the row's keypoints aren't three numbers for each of its category's names.
        """
        encoded = getattr(row, "keypoints", UNSET)
        found = None if encoded is UNSET else msgspec.json.decode(encoded)
        if not found:
            return row
        if not isinstance(found, list) or len(found) != 3 * len(self.at):
            raise ValueError(
                f"annotation {row.id}: has {len(found)} numbers in 'keypoints', "
                f"expected 3 for each of the {len(self.at)} keypoints of category '{self.category}'")
        joined: list[Any] = [0] * (3 * self.total)
        for n, place in enumerate(self.at):
            joined[3 * place:3 * place + 3] = found[3 * n:3 * n + 3]
        changed: Annotation = with_extras(row, {"keypoints": joined})
        return changed


def join(categories: Sequence[Category]) -> tuple[Category, tuple[Places | None, ...]]:
    """Join the keypoints and skeletons of categories that become the first of them.

    The joined list has the first category's keypoints, then the other names in order. A skeleton has
    every edge of all.

    Returns:
        The first category, with the joined keypoints; and for each category where its keypoints have
        gone, None where rows stay as they are.

    Raises:
        ValueError: the keypoints differ and can't be joined by name.
    """
    first = categories[0]
    forms = [dict(extras(category)) for category in categories]
    if all(_shape(form) == _shape(forms[0]) for form in forms):
        return first, (None,) * len(categories)
    lists = [_names(category, form) for category, form in zip(categories, forms, strict=True)]
    names = tuple(dict.fromkeys(name for listed in lists for name in listed))
    _refuse_other_lists(first, forms[0], lists[0], names)
    places = tuple(Places(category.name, tuple(map(names.index, listed)), len(names))
                   for category, listed in zip(categories, lists, strict=True))
    edges: dict[frozenset[int], list[int]] = {}
    for category, form, listed in zip(categories, forms, lists, strict=True):
        for edge in _edges(category, form, listed, names):
            edges.setdefault(frozenset(edge), edge)
    wanted = {"keypoints": list(names), "skeleton": list(edges.values())}
    changed = {key: value for key, value in wanted.items() if value != (forms[0].get(key) or [])}
    unmoved = tuple(range(len(names)))
    return (with_extras(first, changed) if changed else first,
            tuple(None if place.at == unmoved else place for place in places))


def _shape(form: dict[str, Any]) -> tuple[Any, Any]:
    return form.get("keypoints") or [], form.get("skeleton") or []


def _names(category: Category, form: dict[str, Any]) -> tuple[str, ...]:
    names = form.get("keypoints") or []
    if not isinstance(names, list) or len(set(map(str, names))) < len(names):
        raise ValueError(f"category '{category.name}' (id {category.id}): its keypoints {names!r} are no list of "
                         "different names, so they can't be joined with another list; name each once")
    return tuple(map(str, names))


def _edges(category: Category, form: dict[str, Any], listed: Sequence[str],
           names: Sequence[str]) -> list[list[int]]:
    """Return a skeleton's edges as positions in the joined list, from 1."""
    edges = []
    for edge in form.get("skeleton") or []:
        known = isinstance(edge, list) and len(edge) == 2 and all(
            isinstance(end, int) and 1 <= end <= len(listed) for end in edge)
        if not known:
            raise ValueError(f"category '{category.name}' (id {category.id}): the edge {edge!r} of its skeleton names "
                             f"no two of its {len(listed)} keypoints (they count from 1), so it can't be joined")
        edges.append([names.index(listed[end - 1]) + 1 for end in edge])
    return edges


def _refuse_other_lists(first: Category, form: dict[str, Any], listed: Sequence[str],
                        names: Sequence[str]) -> None:
    """Refuse a list with a value for each keypoint, as ``sigmas``, that would be too short."""
    for key, value in form.items():
        if (key not in ("keypoints", "skeleton") and isinstance(value, list) and listed
                and len(value) == len(listed) < len(names)):
            raise ValueError(f"category '{first.name}' (id {first.id}): '{key}' has a value for each of its "
                             f"{len(listed)} keypoints, and {len(names) - len(listed)} more come to it "
                             f"({', '.join(names[len(listed):][:5])}); remove '{key}' or give both files the "
                             "same keypoints")
