"""Top-level tables besides COCO's own, as ``videos``: joined, with what refers to them."""

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw

from coco_recipe import (
    Annotation,
    Category,
    Complaint,
    Dataset,
    Image,
    Misfit,
    Row,
    did_you_mean,
    with_extras,
)
from coco_recipe_data import loose
from coco_recipe_data.singular import singulars

COCO = {"images": "image_id", "annotations": "annotation_id", "categories": "category_id"}
Id = int | str
Listed = TypeVar("Listed", Image, Annotation, Category)
_ENDINGS = ("_id", "_ids")
_PARENT = "parent_id"  # a row of a table names another of it, if no table has this key
Ids = Mapping[str, Mapping[Any, Id]]  # the new id by the old one, by the key that names it


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
        Misfit: rows of a table must get other ids, and nothing is seen to name them, so that what
            does couldn't follow; it isn't known what rows of a key name; ``named`` or ``told`` has
            a table or key that isn't there.
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
    uses = [_uses(part, found, further) for part, found in zip(parts, tables, strict=True)]
    keys = {
        name: (*reference_keys(name), *named.get(name, ())) for found in tables for name in found
    }
    _check_named(parts, named, told, keys, uses)
    of_coco = {key: COCO[name] for name in COCO for key in named.get(name, ())}
    ids: list[dict[str, Mapping[Any, Id]]] = [
        {key: {} for own in keys.values() for key in own}
        | dict(one)
        | {key: one[own] for key, own in of_coco.items()}
        for one in known
    ]
    names_of = _tables_named(tables, keys)
    order = _in_order(names_of)
    joined = dict[str, list[_Joined]]()
    complaints = list[Complaint]()
    for n, name in enumerate(order):
        entangled = _reached(name, names_of) if names_of[name] & {*order[n:]} else set[str]()
        joined[name], maps = _join_table(name, keys[name], tables, ids, parts, entangled)
        for mapping, own in zip(maps, ids, strict=True):
            own.update(dict.fromkeys(keys[name], mapping))
        everyone = {row.row["id"] for row in joined[name]}
        for part, used, mapping in zip(parts, uses, maps, strict=True):
            _refuse_dangling(part, name, keys[name], used, everyone, mapping)
        if name not in named:
            complaints += _unnamed(name, keys, parts, uses, maps)
    explained = {*ids[0], _PARENT, "supercategory_id"}
    left = [[use for use in used if not key_in(use.key, explained)] for used in uses]
    roles = loose.roles(left, told)
    for part, used, each in zip(parts, left, ids, strict=True):
        if any(old != new for mapping in each.values() for old, new in mapping.items()):
            complaints += loose.unsaid(part.home, used, told, roles)
    Misfit.if_any(complaints)
    own_keys = loose.own(left, told, roles)
    for key in own_keys:
        for each, mapping in zip(ids, _join_loose(key, parts, left, ids, told), strict=True):
            each[key] = mapping
    extra = {}
    # two tables may name one another, so some ids are known only now
    for n, name in enumerate(order):
        later = {*(key for other in order[n + 1 :] for key in keys[other]), *own_keys}
        extra[name] = Raw(msgspec.json.encode(_with_later(joined[name], later, ids)))
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


def _check_named(
    parts: Sequence[Dataset],
    named: Mapping[str, Sequence[str]],
    told: Mapping[str, str],
    keys: Mapping[str, Sequence[str]],
    uses: "Sequence[Sequence[_Use]]",
) -> None:
    """Refuse a table that no data set has, and a key that no row has."""
    used = {use.key for found in uses for use in found}
    known = sorted(
        {
            key
            for part in parts
            for kind in _kinds((*part.images, *part.annotations))
            for _, key in extra_fields(kind)
        }
        | used
    )
    Misfit.if_any(
        [
            *(
                Complaint(
                    ("tables", name),
                    f"no data set has a list '{name}' of rows with ids",
                    did_you_mean(name, list(keys)),
                )
                for name in named
                if name not in keys and name not in COCO
            ),
            *(
                Complaint(("ids", key), f"no row has the key '{key}'", did_you_mean(key, known))
                for key in told
                if key not in used
            ),
            *(
                Complaint(("tables", name), f"no row has the key '{key}'", did_you_mean(key, known))
                for name, own in named.items()
                if name in keys or name in COCO
                for key in own
                if key not in used
            ),
        ]
    )


def _unnamed(
    name: str,
    keys: Mapping[str, Sequence[str]],
    parts: Sequence[Dataset],
    uses: "Sequence[Sequence[_Use]]",
    maps: Sequence[Mapping[Id, Id]],
) -> Iterator[Complaint]:
    """Complain of a table whose rows get other ids, though nothing is seen to name them."""
    every = {key for own in keys.values() for key in own}
    if any(
        use.table != name and key_in(use.key, every) in keys[name]
        for found in uses
        for use in found
    ):
        return
    for part, mapping in zip(parts, maps, strict=True):
        if moved := [old for old, new in mapping.items() if old != new]:
            yield Complaint(
                ("tables",),
                f"the row {moved[0]!r} of '{name}' of {part.home} is another one than an earlier "
                f"data set's with this id, and no row has {' or '.join(keys[name][:3])}: what "
                f"names the rows of '{name}' would mean others after the merge",
                f"say which key names them, tables: {{{name}: <key>}}, or tables: {{{name}: []}} "
                "if none does",
            )
            return


def _with_later(
    rows: "Sequence[_Joined]", later: Collection[str], ids: Sequence[Ids]
) -> list[dict[str, Any]]:
    """Return a table's rows with the new ids that are named by the keys ``later``."""
    own = [{key: mapping if key in later else {} for key, mapping in each.items()} for each in ids]
    return [
        {key: _mapped(key, value, own[row.part]) for key, value in row.row.items()} for row in rows
    ]


def refer(rows: Sequence[Any], keys: Collection[str] = ()) -> bool:
    """Say whether some rows may name others.

    They do by keys that end as references do or are in ``keys``, also in mappings.
    """
    fields = {field for kind in _kinds(rows) for field in extra_fields(kind)}
    if any(key in keys or key.endswith(_ENDINGS) for _, key in fields):
        return True
    return any(
        b"{"
        in b"".join(value for row in rows if isinstance(value := getattr(row, name, UNSET), Raw))
        for name, _ in fields
    )


def _kinds(rows: Iterable[Any]) -> set[Any]:
    return set(map(type, rows))


def followed(rows: Sequence[Listed], ids: Mapping[str, Mapping[Any, Id]]) -> tuple[Listed, ...]:
    """Return rows with the new ids under all keys that refer to them (see `follow`)."""
    return tuple(follow(row, ids) for row in rows) if refer(rows, ids) else tuple(rows)


def without_categories(rows: Sequence[Listed], gone: Collection[int]) -> tuple[Listed, ...]:
    """Return rows without categories in lists that name some, as LVIS's ``neg_category_ids``."""

    def left(row: Any) -> Any:
        lists = {
            key: value
            for key, value in _references(row)
            if key.endswith("category_ids") and isinstance(value, list)
        }
        changed = {
            key: [one for one in value if one not in gone]
            for key, value in lists.items()
            if set(value) & set(gone)
        }
        return with_extras(row, changed) if changed else row

    return tuple(map(left, rows)) if refer(rows) else tuple(rows)


def follow(row: Any, ids: Mapping[str, Mapping[Any, Id]]) -> Any:
    """Return a row with the new ids under its keys, and under those of its mappings."""
    changed = {}
    for key, value in _references(row, ids):
        new = _mapped(key, value, ids)
        if new != value:
            changed[key] = new
    return with_extras(row, changed) if changed else row


def follow_in_tables(
    extra: Mapping[str, Raw], ids: Mapping[str, Mapping[Any, Id]]
) -> dict[str, Raw]:
    """Return a data set's other top-level keys, with the new ids in their tables' rows."""
    changed = {}
    for name, raw in extra.items():
        if any(key.encode() in bytes(raw) for key in ids) and (rows := _table(name, raw)):
            moved = [{key: _mapped(key, value, ids) for key, value in row.items()} for row in rows]
            if moved != rows:
                changed[name] = Raw(msgspec.json.encode(moved))
    return {**extra, **changed}


def _mapped(key: str, value: Any, ids: Ids) -> Any:
    if isinstance(value, dict):
        return {name: _mapped(name, inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        new = [_mapped(key, one, ids) for one in value]
        return (
            list(dict.fromkeys(new))
            if new != value and all(isinstance(one, int | str) for one in new)
            else new
        )
    name = key_in(key, ids) if _is_id(value) else ""
    return ids[name].get(value, value) if name else value


def _is_id(value: Any) -> bool:
    # some write 1.0 for 1
    return isinstance(value, int | str | float) and not isinstance(value, bool)


def key_in(key: str, known: Collection[str]) -> str:
    """Return which of the known keys one is: it, it in the plural, or with a word before it.

    Return nothing if it is none of them. LVIS has ``neg_category_ids``, video sets have
    ``next_image_id``.
    """
    one = key.removesuffix("s")
    if key in known or one in known:
        return key if key in known else one
    return (
        max((name for name in known if one.endswith(f"_{name}")), key=len, default="")
        if one.endswith("_id")
        else ""
    )


@functools.cache
def extra_fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a row's class that COCO doesn't know, each with its key."""
    base = next(base for base in (Image, Annotation, Category) if issubclass(kind, base))
    return tuple(
        (name, key)
        for name, key in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
        if name not in base.__struct_fields__
    )


def _references(row: Any, keys: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a row that end as references do or are in ``keys``, with their values.

    Keys with mappings that have such keys are among them.
    """
    kind: Any = type(row)
    for name, key in extra_fields(kind):
        value = getattr(row, name)
        if value is UNSET:
            continue
        if key in keys or key.endswith(_ENDINGS) or _names_within(bytes(value), keys):
            yield key, msgspec.json.decode(value)


def _names_within(text: bytes, keys: Collection[str]) -> bool:
    """Say whether a JSON value has mappings with keys of references, or such as ``keys`` has."""
    return b"{" in text and (
        b'_id"' in text or b'_ids"' in text or any(f'"{key}"'.encode() in text for key in keys)
    )


@dataclass(frozen=True, slots=True)
class _Use:
    """An id that a row has under a key.

    ``what`` names the row, ``table`` its table if it isn't one of COCO's.
    """

    what: str
    key: str
    value: Id
    table: str = ""


def _uses(
    part: Dataset, tables: Mapping[str, Sequence[Mapping[str, Any]]], keys: Collection[str]
) -> list[_Use]:
    """Return every id that rows have under a key that ends as references do, or is in ``keys``."""
    found = []
    for what, rows in (
        ("image", part.images),
        ("annotation", part.annotations),
        ("category", part.categories),
    ):
        if refer(rows, keys):
            found += [
                _Use(f"{what} {row.id}", name, one)
                for row in rows
                for key, value in _references(row, keys)
                for name, one in _scalars(key, value)
            ]
    found += [
        _Use(f"row {row['id']!r} of '{table}'", name, one, table)
        for table, others in tables.items()
        for row in others
        for key, value in row.items()
        for name, one in _scalars(key, value)
    ]
    return [use for use in found if use.key in keys or use.key.endswith(_ENDINGS)]


def _scalars(key: str, value: Any) -> Iterator[tuple[str, Id]]:
    """Yield each number and text of a value with the key that it stands under."""
    if isinstance(value, dict | list):
        for name, inner in (
            value.items() if isinstance(value, dict) else ((key, one) for one in value)
        ):
            yield from _scalars(name, inner)
    elif _is_id(value):
        yield key, value


def _tables(part: Dataset) -> dict[str, list[dict[str, Any]]]:
    """Return the top-level lists whose every row is an object with an id."""
    found = {name: _table(name, raw) for name, raw in part.extra.items()}
    return {
        name: rows
        for name, rows in found.items()
        if rows and all(isinstance(row.get("id"), int | str) for row in rows)
    }


def _table(name: str, raw: Raw) -> list[dict[str, Any]]:
    """Return a top-level list of objects, or none where the key holds something else.

    Licenses have their own way.
    """
    rows = (
        msgspec.json.decode(raw)
        if bytes(raw).lstrip().startswith(b"[") and name != "licenses"
        else []
    )
    return rows if all(isinstance(row, dict) for row in rows) else []


def names_rows(name: str, raw: Raw) -> bool:
    """Say whether rows of a list without ids name others, so that equal ones may mean others."""
    return any(
        key.endswith(_ENDINGS) or key in loose.BARE_PAIRS
        for row in _table(name, raw)
        for field, value in row.items()
        for key, _ in _scalars(field, value)
    )


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
            for key, _ in _scalars(field, value)
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


@dataclass(frozen=True, slots=True)
class _Joined:
    """A row of a joined table, and the number of the data set that it is from."""

    part: int
    row: dict[str, Any]


def _join_table(
    name: str,
    keys: Sequence[str],
    tables: Sequence[Mapping[str, list[dict[str, Any]]]],
    ids: Sequence[Ids],
    parts: Sequence[Dataset],
    entangled: Collection[str],
) -> tuple[list[_Joined], list[dict[Id, Id]]]:
    """Join one table; return its rows, and for each data set the new id by the old one.

    Where rows name rows of tables that are joined after this one (``entangled``: all that are
    reached), equal rows may mean others: they are joined only with a data set whose tables are all
    equal.
    """
    free = _Free([row["id"] for found in tables for row in found.get(name, ())])
    rows: dict[Id, _Joined] = {}
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
            moved[row["id"]] = {key: _mapped(key, value, own) for key, value in row.items()}
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
                _Joined(
                    n,
                    {key: _mapped(key, value, inner) for key, value in row.items()}
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
        for name, one in _scalars(key, value)
    ]
    own = tuple(key for key in keys if any(key_in(name, ids) == key for name, _ in found))
    parents = [one for name, one in found if key_in(name, (*ids, _PARENT)) == _PARENT]
    return (
        (*own, _PARENT)
        if parents and _PARENT not in ids and all(one in rows for one in parents)
        else own
    )


class _Free:
    """Hands out ids that nobody has."""

    def __init__(self, taken: Iterable[Id]) -> None:
        self.taken = set(taken)
        self.next = max((one for one in self.taken if isinstance(one, int)), default=0) + 1

    def take(self, like: Id) -> Id:
        if isinstance(like, int):
            self.next += 1
            return self.next - 1
        n = 2
        while f"{like}_{n}" in self.taken:
            n += 1
        self.taken.add(f"{like}_{n}")
        return f"{like}_{n}"


def _refuse_dangling(
    part: Dataset,
    table: str,
    keys: Sequence[str],
    uses: Iterable[_Use],
    everyone: Collection[Id],
    mapping: Mapping[Id, Id],
) -> None:
    """Refuse a row that names what its own file lacks and another data set has.

    It would mean another thing.
    """
    written = {str(old): old for old, new in mapping.items() if old != new}
    for use in uses:
        if use.value in mapping or not {use.key, use.key.removesuffix("s")} & {*keys}:
            continue
        if use.value in everyone:
            raise ValueError(
                f"{use.what} of {part.home} has {use.key} {use.value!r}, which is not in its "
                f"'{table}'; another data set has this id, so it would mean another thing after "
                f"the merge: add the row to '{table}', or remove {use.key}"
            )
        if str(use.value) in written:
            raise ValueError(
                f"{use.what} of {part.home} has {use.key} {use.value!r}, and the id in '{table}' "
                f"is {written[str(use.value)]!r}: it gets another one, which {use.key} can't "
                "follow; write both as numbers, or both as texts"
            )


def _join_loose(
    key: str,
    parts: Sequence[Dataset],
    uses: Sequence[Sequence[_Use]],
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
