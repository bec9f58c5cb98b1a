"""The classes of the boxes of two data sets, known by their names, whatever ids these have."""

from collections import Counter
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from coco_recipe.dataset import Annotation, Dataset

Parts = Mapping[str, Dataset]


class Classes:
    """The classes of two data sets.

    Args:
        before: the first one, by part.
        after: the second one.
    """

    def __init__(self, before: Parts, after: Parts) -> None:
        self._before, self._after = (
            {name: part.category_names() for name, part in parts.items()}
            for parts in (before, after)
        )
        self._alike: dict[tuple[str, str], bool] = {}

    def old(self, part: str, row: Annotation) -> str:
        """Return the class of a row of the first data set."""
        return _name(self._before[part], row.category_id)

    def new(self, part: str, row: Annotation) -> str:
        """Return the class of a row of the second data set."""
        return _name(self._after[part], row.category_id)

    def are_alike(self, was: str, now: str) -> bool:
        """Say whether ids mean the same classes in a part of the first and one of the second."""
        if (was, now) not in self._alike:
            self._alike[was, now] = self._before[was] == self._after[now]
        return self._alike[was, now]

    def same(self, was: str, one: Annotation, now: str, other: Annotation) -> bool:
        """Say whether a row of a part of the first and one of the second are of one class."""
        if one.category_id == other.category_id and self.are_alike(was, now):
            return True
        return self.old(was, one) == self.new(now, other)


def counts(parts: Parts) -> Counter[str]:
    """Return the number of boxes by class, 0 for a class without any."""
    names = {name: part.category_names() for name, part in parts.items()}
    found = Counter({name: 0 for known in names.values() for name in known.values()})
    for name, part in parts.items():
        for id_, number in Counter(map(attrgetter("category_id"), part.annotations)).items():
            found[_name(names[name], id_)] += number
    return found


def _name(names: Mapping[int, str], id_: Any) -> str:
    """Return the class of an id; of one that no category has, that id."""
    found = names.get(id_)
    if found is not None:
        return found
    return f"(category {id_})" if isinstance(id_, int) else "(no class)"
