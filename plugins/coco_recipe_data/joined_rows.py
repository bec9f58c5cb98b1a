"""Rows of one table of several data sets, joined: equal rows once, others under a free id."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coco_recipe import (
    Dataset,
)
from coco_recipe_data import loose
from coco_recipe_data.references import Id, Ids, key_in, mapped, scalars
from coco_recipe_data.uses import Use

PARENT = "parent_id"  # a row of a table names another of it, if no table has this key


@dataclass(frozen=True, slots=True)
class JoinedRow:
    """A row of a joined table, and the number of the data set that it is from."""

    part: int
    row: dict[str, Any]


def with_later(
    rows: Sequence[JoinedRow], later: Collection[str], ids: Sequence[Ids]
) -> list[dict[str, Any]]:
    """Return a table's rows with the new ids that are named by the keys ``later``."""
    own = [{key: mapping if key in later else {} for key, mapping in each.items()} for each in ids]
    return [
        {key: mapped(key, value, own[row.part]) for key, value in row.row.items()} for row in rows
    ]


def join_table(
    name: str,
    keys: Sequence[str],
    tables: Sequence[Mapping[str, list[dict[str, Any]]]],
    ids: Sequence[Ids],
    parts: Sequence[Dataset],
    entangled: Collection[str],
) -> tuple[list[JoinedRow], list[dict[Id, Id]]]:
    """Join one table; return its rows, and for each data set the new id by the old one.

    Where rows name rows of tables that are joined after this one (``entangled``: all that are
    reached), equal rows may mean others: they are joined only with a data set whose tables are all
    equal.
    """
    free = _Free([row["id"] for found in tables for row in found.get(name, ())])
    rows: dict[Id, JoinedRow] = {}
    maps = list[dict[Id, Id]]()
    before = list[dict[Id, dict[str, Any]]]()
    for n, (part, found, own) in enumerate(zip(parts, tables, ids, strict=True)):
        moved: dict[Id, dict[str, Any]] = {}
        for row in found.get(name, ()):
            if row["id"] in moved:
                raise ValueError(
                    f"'{name}' of {part.home}: the id {row['id']!r} is there twice, so it is not "
                    "known which row is meant; number the rows"
                )
            moved[row["id"]] = {key: mapped(key, value, own) for key, value in row.items()}
        itself = _own_keys(moved, keys, own)
        same = dict[Id, Id]()
        for m in reversed(range(n)):  # the first data set that has an equal row decides
            common = moved.keys() & before[m].keys()
            equal = {old for old in common if before[m][old] == moved[old]}
            if entangled and not all(
                tables[m].get(other) == found.get(other) for other in entangled
            ):
                continue
            # a row names others, so that an equal one may mean others
            if itself and equal < common:
                continue
            same |= {old: maps[m][old] for old in equal}
        mapping = {
            old: same[old] if old in same else free.take(old) if old in rows else old
            for old in moved
        }
        inner: Ids = {key: mapping if key in itself else {} for key in (*own, *itself)}
        for old, row in moved.items():
            rows.setdefault(
                mapping[old],
                JoinedRow(
                    n,
                    {key: mapped(key, value, inner) for key, value in row.items()}
                    | {"id": mapping[old]},
                ),
            )
        maps.append(mapping)
        before.append(moved)
    return list(rows.values()), maps


def _own_keys(
    rows: Mapping[Id, Mapping[str, Any]], keys: Sequence[str], ids: Ids
) -> tuple[str, ...]:
    """Return the keys by which rows of a table name others of the same table."""
    found = [
        (name, one)
        for row in rows.values()
        for key, value in row.items()
        for name, one in scalars(key, value)
    ]
    own = tuple(key for key in keys if any(key_in(name, ids) == key for name, _ in found))
    parents = [one for name, one in found if key_in(name, (*ids, PARENT)) == PARENT]
    return (
        (*own, PARENT)
        if parents and PARENT not in ids and all(one in rows for one in parents)
        else own
    )


class _Free:
    """Hands out ids that nobody has."""

    def __init__(self, taken: Iterable[Id]) -> None:
        self.taken = set(taken)
        self.next = max((one for one in self.taken if isinstance(one, int)), default=0) + 1

    def take(self, like: Id) -> Id:
        """Return a number or text that nobody has, for one that is taken."""
        if isinstance(like, int):
            self.next += 1
            return self.next - 1
        n = 2
        while f"{like}_{n}" in self.taken:
            n += 1
        self.taken.add(f"{like}_{n}")
        return f"{like}_{n}"


def join_loose(
    key: str,
    parts: Sequence[Dataset],
    uses: Sequence[Sequence[Use]],
    ids: Sequence[Mapping[str, Mapping[Any, Id]]],
    told: Collection[str],
) -> list[dict[Id, Id]]:
    """Map the ids under a key that no table lists.

    An id that an earlier data set has gets a free number.

    Where all videos of a data set are an earlier one's too (equal rows of ``videos``), the ids mean
    the same things as there, and stay.
    """
    texts = key in loose.WITH_TEXTS or key in told
    values = [
        {
            use.value
            for use in used
            if loose.base(use.key, told) == key
            and (loose.is_whole(use.value) or (texts and isinstance(use.value, str)))
        }
        for used in uses
    ]
    free = _Free(one for found in values for one in found)
    earlier = set[Id]()
    maps = []
    videos = set[Id]()
    for part, found, own in zip(parts, values, ids, strict=True):
        again = found & earlier
        mine = set(own.get("video_id", {}).values())
        if again and key != "video_id" and mine & videos:
            if not mine <= videos:
                raise ValueError(
                    f"{part.home}: shares some of its videos with an earlier data set, and not "
                    f"others, so it is not known which {key} mean the same; merge the files of one "
                    "video first"
                )
            again = set()
        maps.append({old: free.take(old) for old in sorted(again, key=str)})
        earlier |= found
        videos |= mine
    return maps
