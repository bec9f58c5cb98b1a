"""Top-level tables besides COCO's own, as ``videos``: joined, with what refers to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from coco_recipe import (
    Dataset,
    Row,
    StepProblem,
    StepProblems,
)
from coco_recipe_data import loose
from coco_recipe_data.joined_rows import PARENT, JoinedRow, join_loose, join_table, with_later
from coco_recipe_data.references import COCO, Id, Ids, key_in, scalars, table_of
from coco_recipe_data.singular import singulars
from coco_recipe_data.uses import check_named, refuse_dangling, unnamed, uses_of


@dataclass(frozen=True, slots=True)
class Joined:
    """Joined tables, and what became of the ids of each data set.

    Attributes:
        extra: the tables as top-level JSON.
        ids: for each data set and reference key (``video_id``), the new id by the old one.
        unknown: keys under which data sets share numbers that may mean different things.
    """

    extra: dict[str, Raw]
    ids: tuple[Mapping[str, Mapping[Any, Id]], ...]
    unknown: tuple[Row, ...] = ()


def reference_keys(table: str) -> tuple[str, ...]:
    """Return the keys by which rows may name a row of a table: ``videos`` -> ``video_id``."""
    return tuple(f"{stem}_id" for stem in singulars(table))


def join(
    parts: Sequence[Dataset],
    known: Sequence[Ids],
    named: Mapping[str, Sequence[str]],
    told: Mapping[str, str],
) -> Joined:
    """Join the tables of data sets: equal rows once, others under a free id.

    Args:
        parts: the data sets.
        known: for each data set the new ids of its images, annotations and categories, by key
            (``image_id``).
        named: by table, the further keys that name its rows; images, annotations and categories are
            tables, too.
        told: by key that no table lists, whether its numbers are each file's ``own`` or ``shared``.

    Raises:
        StepProblems: rows of a table must get other ids, and nothing is seen to name them, so that
            what does couldn't follow; it isn't known what rows of a key name; ``named`` or ``told``
            has a table or key that isn't there.
        ValueError: an id stands twice in a table, or a row refers to one that its own file doesn't
            have and that means another thing in the joined table.
    """
    tables = [_tables(part) for part in parts]
    further = {
        *(key for keys in named.values() for key in keys),
        *told,
        *loose.BARE,
        *loose.BARE_PAIRS,
    }
    uses = [uses_of(part, found, further) for part, found in zip(parts, tables, strict=True)]
    keys = {
        name: (*reference_keys(name), *named.get(name, ())) for found in tables for name in found
    }
    check_named(parts, named, told, keys, uses)
    of_coco = {key: COCO[name] for name in COCO for key in named.get(name, ())}
    ids: list[dict[str, Mapping[Any, Id]]] = [
        {key: {} for own in keys.values() for key in own}
        | dict(one)
        | {key: one[own] for key, own in of_coco.items()}
        for one in known
    ]
    names_of = _tables_named(tables, keys)
    order = _in_order(names_of)
    joined = dict[str, list[JoinedRow]]()
    problems = list[StepProblem]()
    for n, name in enumerate(order):
        entangled = _reached(name, names_of) if names_of[name] & {*order[n:]} else set[str]()
        joined[name], maps = join_table(name, keys[name], tables, ids, parts, entangled)
        for mapping, own in zip(maps, ids, strict=True):
            own.update(dict.fromkeys(keys[name], mapping))
        everyone = {row.row["id"] for row in joined[name]}
        for part, used, mapping in zip(parts, uses, maps, strict=True):
            refuse_dangling(part, name, keys[name], used, everyone, mapping)
        if name not in named:
            problems += unnamed(name, keys, parts, uses, maps)
    explained = {*ids[0], PARENT, "supercategory_id"}
    left = [[use for use in used if not key_in(use.key, explained)] for used in uses]
    roles = loose.roles(left, told)
    for part, used, each in zip(parts, left, ids, strict=True):
        if any(old != new for mapping in each.values() for old, new in mapping.items()):
            problems += loose.unsaid(part.home, used, told, roles)
    StepProblems.if_any(problems)
    own_keys = loose.own(left, told, roles)
    for key in own_keys:
        for each, mapping in zip(ids, join_loose(key, parts, left, ids, told), strict=True):
            each[key] = mapping
    extra = {}
    # two tables may name one another, so some ids are known only now
    for n, name in enumerate(order):
        later = {*(key for other in order[n + 1 :] for key in keys[other]), *own_keys}
        extra[name] = Raw(msgspec.json.encode(with_later(joined[name], later, ids)))
    for each in ids:
        for key in COCO.values():
            del each[key]
    used_keys = {
        key_in(use.key, each) for used, each in zip(uses, ids, strict=True) for use in used
    }
    return Joined(
        extra,
        tuple({key: each[key] for key in each if each[key] and key in used_keys} for each in ids),
        tuple(loose.unknown([part.home for part in parts], left, told, roles)),
    )


def _tables(part: Dataset) -> dict[str, list[dict[str, Any]]]:
    """Return the top-level lists whose every row is an object with an id."""
    found = {name: table_of(name, raw) for name, raw in part.extra.items()}
    return {
        name: rows
        for name, rows in found.items()
        if rows and all(isinstance(row.get("id"), int | str) for row in rows)
    }


def _tables_named(
    tables: Sequence[Mapping[str, list[dict[str, Any]]]], keys: Mapping[str, Sequence[str]]
) -> dict[str, set[str]]:
    """Return for each table the other tables that its rows name."""
    owner = {key: name for name, own in keys.items() for key in own}
    return {
        name: {
            owner[own]
            for found in tables
            for row in found.get(name, ())
            for field, value in row.items()
            for key, _ in scalars(field, value)
            if (own := key_in(key, owner))
        }
        - {name}
        for name in keys
    }


def _in_order(named: Mapping[str, set[str]]) -> list[str]:
    """Return the tables' names, those that others refer to first."""
    order: list[str] = []

    def add(name: str, above: tuple[str, ...]) -> None:
        for other in named:
            if other not in above and other in named[name]:
                add(other, (*above, name))
        if name not in order:
            order.append(name)

    for name in named:
        add(name, ())
    return order


def _reached(name: str, named: Mapping[str, set[str]]) -> set[str]:
    """Return a table and all that its rows name, and the rows of these, and so on."""
    found, fresh = {name}, {name}
    while fresh:
        fresh = {other for one in fresh for other in named[one]} - found
        found |= fresh
    return found
