"""Keypoints of categories that become one: joined by name, rows in the joined order."""

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
        of: `` of `` and the category's data set, for messages; empty if there is but one.
    """

    category: str
    at: tuple[int, ...]
    total: int
    of: str = ""

    def moved(self, row: Annotation) -> Annotation:
        """Return a row with its keypoints in the joined order; others are (0, 0, 0): not labelled.

        Lists with values for each keypoint (``keypoint_scores``, ``keypoints_conf``) follow, with 0
        for the others.

        Raises:
            ValueError: the row's keypoints aren't three numbers for each of its category's names; a
                list under another key that begins with keypoint has no equal number of values for
                each.
        """
        changed = {}
        encoded = getattr(row, "keypoints", UNSET)
        found = None if encoded is UNSET else msgspec.json.decode(encoded)
        if found:
            if not isinstance(found, list) or len(found) != 3 * len(self.at):
                raise ValueError(self._misfit(row, found))
            changed["keypoints"] = self._spread(row, "keypoints", found)
        for key, value in extras(row):
            if (
                key.lower().startswith("keypoint")
                and key != "keypoints"
                and isinstance(value, list)
                and value
            ):
                changed[key] = self._spread(row, key, value)
        moved: Annotation = with_extras(row, changed) if changed else row
        return moved

    def _misfit(self, row: Annotation, found: Any) -> str:
        number = f"{len(found)} numbers" if isinstance(found, list) else "no list of numbers"
        if self.at:
            return (
                f"annotation {row.id}{self.of}: has {number} in 'keypoints', expected 3 for each "
                f"of the {len(self.at)} keypoints of category '{self.category}'"
            )
        return (
            f"annotation {row.id}{self.of}: has {number} in 'keypoints', and category "
            f"'{self.category}'{self.of} has no list of keypoint names, so they can't be joined by "
            f"name with the {self.total} of the other one; write the list 'keypoints' into this "
            "category, in the order of its rows"
        )

    def _spread(self, row: Annotation, key: str, values: list[Any]) -> list[Any]:
        each, over = divmod(len(values), len(self.at) or len(values) + 1)
        if over or not each:
            raise ValueError(
                f"annotation {row.id}{self.of}: '{key}' has {len(values)} values for the "
                f"{len(self.at)} keypoints of category '{self.category}', whose order changes, so "
                "it can't follow; give it one for each keypoint, or remove it"
            )
        joined = [_none_like(values[0]) for _ in range(each * self.total)]
        for n, place in enumerate(self.at):
            joined[each * place : each * (place + 1)] = values[each * n : each * (n + 1)]
        return joined


def _none_like(value: Any) -> Any:
    """Return what stands for a keypoint without a value: 0, False, null, or a list of these."""
    if isinstance(value, list):
        return [_none_like(one) for one in value]
    return type(value)() if isinstance(value, bool | int | float) else None


def join(
    categories: Sequence[Category], homes: Sequence[str] = ()
) -> tuple[Category, tuple[Places | None, ...]]:
    """Join the keypoints and skeletons of categories that become the first of them.

    The joined list has the first category's keypoints, then the other names in order. A skeleton
    has every edge of all.

    Args:
        categories: the categories.
        homes: the name of each one's data set, for messages.

    Returns:
        The first category, with the joined keypoints; and for each category where its keypoints
        have gone, None where rows stay as they are.

    Raises:
        ValueError: the keypoints differ and can't be joined by name.
    """
    first = categories[0]
    forms = [dict(extras(category)) for category in categories]
    if all(_shape(form) == _shape(forms[0]) for form in forms):
        return first, (None,) * len(categories)
    ofs = [f" of {home}" for home in homes] or [""] * len(categories)
    lists = [
        _names(category, form, of)
        for category, form, of in zip(categories, forms, ofs, strict=True)
    ]
    names = tuple(dict.fromkeys(name for listed in lists for name in listed))
    _refuse_other_lists(first, forms[0], lists[0], names)
    places = tuple(
        Places(category.name, tuple(map(names.index, listed)), len(names), of)
        for category, listed, of in zip(categories, lists, ofs, strict=True)
    )
    edges: dict[frozenset[int], list[int]] = {}
    for category, form, listed, of in zip(categories, forms, lists, ofs, strict=True):
        for edge in _edges(category, form, listed, names, of):
            edges.setdefault(frozenset(edge), edge)
    wanted = {"keypoints": list(names), "skeleton": list(edges.values())}
    changed = {key: value for key, value in wanted.items() if value != (forms[0].get(key) or [])}
    unmoved = tuple(range(len(names)))
    return (
        with_extras(first, changed) if changed else first,
        tuple(None if place.at == unmoved else place for place in places),
    )


def _shape(form: dict[str, Any]) -> tuple[Any, Any]:
    return form.get("keypoints") or [], form.get("skeleton") or []


def _names(category: Category, form: dict[str, Any], of: str) -> tuple[str, ...]:
    names = form.get("keypoints") or []
    if not isinstance(names, list) or len(set(map(str, names))) < len(names):
        raise ValueError(
            f"category '{category.name}' (id {category.id}){of}: its keypoints {names!r} are no "
            "list of different names, so they can't be joined with another list; name each once"
        )
    return tuple(map(str, names))


def _edges(
    category: Category, form: dict[str, Any], listed: Sequence[str], names: Sequence[str], of: str
) -> list[list[int]]:
    """Return a skeleton's edges as positions in the joined list, from 1."""
    edges = []
    for edge in form.get("skeleton") or []:
        known = (
            isinstance(edge, list)
            and len(edge) == 2
            and all(isinstance(end, int) and 1 <= end <= len(listed) for end in edge)
        )
        if not known:
            ends = [
                end
                for one in form["skeleton"]
                if isinstance(one, list)
                for end in one
                if isinstance(end, int)
            ]
            from_zero = 0 in ends and max(ends) < len(listed)
            raise ValueError(
                f"category '{category.name}' (id {category.id}){of}: the edge {edge!r} of its "
                f"skeleton names no two of its {len(listed)} keypoints (they count from 1), so it "
                "can't be joined; "
                + (
                    "it seems to count from 0: add 1 to each number of its skeleton"
                    if from_zero
                    else "mend the skeleton, or remove it from the category"
                )
            )
        edges.append([names.index(listed[end - 1]) + 1 for end in edge])
    return edges


def _refuse_other_lists(
    first: Category, form: dict[str, Any], listed: Sequence[str], names: Sequence[str]
) -> None:
    """Refuse a list with a value for each keypoint, as ``sigmas``, that would be too short."""
    for key, value in form.items():
        if (
            key not in ("keypoints", "skeleton")
            and isinstance(value, list)
            and listed
            and len(value) == len(listed) < len(names)
        ):
            raise ValueError(
                f"category '{first.name}' (id {first.id}): '{key}' has a value for each of its "
                f"{len(listed)} keypoints, and {len(names) - len(listed)} more come to it "
                f"({', '.join(names[len(listed) :][:5])}); remove '{key}' or give both files the "
                "same keypoints"
            )
