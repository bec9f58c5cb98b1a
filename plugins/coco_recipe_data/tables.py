"""Top-level tables besides COCO's own, as ``videos`` and ``tracks``: joined, with what refers to them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw

from coco_recipe import Annotation, Dataset, Image, with_extras

# keys that name things of one file though no table lists them: CVAT, CocoVID and MOT files have them
LOOSE_KEYS = ("track_id", "instance_id", "video_id", "sequence_id", "scene_id")
Id = int | str
Row = TypeVar("Row", Image, Annotation)
_ENDINGS = ("_id", "_ids")
_OWN = ("category_id", "image_id", "annotation_id")  # LVIS has neg_category_ids, video sets have next_image_id


@dataclass(frozen=True, slots=True)
class Joined:
    """Joined tables, and what became of the ids of each data set.

    Attributes:
        extra: the tables as top-level JSON.
        ids: for each data set and reference key (``video_id``), the new id by the old one.
    """

    extra: dict[str, Raw]
    ids: tuple[Mapping[str, Mapping[Any, Id]], ...]


def reference_keys(table: str) -> tuple[str, ...]:
    """Return the keys by which rows may name a row of a table: ``videos`` -> ``video_id``."""
    stems = [table]
    if table.endswith("ies"):
        stems.append(f"{table[:-3]}y")
    if table.endswith("es"):
        stems.append(table[:-2])
    if table.endswith("s"):
        stems.append(table[:-1])
    return tuple(f"{stem}_id" for stem in stems)


def join(parts: Sequence[Dataset], category_ids: Sequence[Mapping[int, int]],
         image_ids: Sequence[Mapping[int, int]]) -> Joined:
    """Join the tables of data sets: equal rows once, others under a free id.

    Args:
        parts: the data sets.
        category_ids: for each data set the new id of a category by its old one.
        image_ids: the same of images.

    Raises:
        ValueError: an id stands twice in a table, or a row refers to one that its own file doesn't have
            and that means another thing in the joined table.
    """
    tables, uses = [_tables(part) for part in parts], [_uses(part) for part in parts]
    ids: list[dict[str, Mapping[Any, Id]]] = [
        {"category_id": categories, "image_id": images}
        for categories, images in zip(category_ids, image_ids, strict=True)]
    extra = {}
    for name in _in_order(tables):
        rows, maps = _join_table(name, tables, ids, parts)
        extra[name] = Raw(msgspec.json.encode(rows))
        keys = reference_keys(name)
        for mapping, own in zip(maps, ids, strict=True):
            own.update(dict.fromkeys(keys, mapping))
        joined = {row["id"] for row in rows}
        for part, found, used, mapping in zip(parts, tables, uses, maps, strict=True):
            of_tables = [_Use(f"row {row['id']!r} of '{table}'", key, row[key]) for table, others in found.items()
                         for row in others for key in keys if isinstance(row.get(key), int | str)]
            _refuse_dangling(part, name, keys, [*used, *of_tables], joined - mapping.keys())
    for own in ids:
        del own["category_id"], own["image_id"]
    listed = {key for own in ids for key in own}
    for key in LOOSE_KEYS:
        if key not in listed:
            for own, mapping in zip(ids, _join_loose(key, parts, uses, ids), strict=True):
                own[key] = mapping
    used_keys = {key for used in uses for use in used for key in (use.key, use.key.removesuffix("s"))}
    return Joined(extra, tuple({key: own[key] for key in own if own[key] and key in used_keys} for own in ids))


def refer(rows: Iterable[Any]) -> bool:
    """Say whether some rows have keys that end as references do, besides COCO's own."""
    kinds: set[Any] = set(map(type, rows))
    keys = {key for kind in kinds for key in kind.__struct_encode_fields__}
    return "attributes" in keys or any(key.endswith(_ENDINGS) for key in keys - {"image_id", "category_id"})


def followed(rows: Sequence[Row], ids: Mapping[str, Mapping[Any, Id]]) -> tuple[Row, ...]:
    """Return rows with the new ids under all keys that refer to them (see `follow`)."""
    return tuple(follow(row, ids) for row in rows) if refer(rows) else tuple(rows)


def without_categories(rows: Sequence[Row], gone: Collection[int]) -> tuple[Row, ...]:
    """Return rows without categories in lists that name some, as LVIS's ``neg_category_ids``."""
    def left(row: Any) -> Any:
        lists = {key: value for key, value in _references(row) if key.endswith("category_ids") and isinstance(value, list)}
        changed = {key: [one for one in value if one not in gone] for key, value in lists.items() if set(value) & set(gone)}
        return with_extras(row, changed) if changed else row

    return tuple(map(left, rows)) if refer(rows) else tuple(rows)


def follow(row: Any, ids: Mapping[str, Mapping[Any, Id]]) -> Any:
    """Return a row with the new ids under its keys, and under those of its ``attributes``."""
    changed = {}
    for key, value in _references(row):
        new = _mapped(key, value, ids)
        if new != value:
            changed[key] = new
    return with_extras(row, changed) if changed else row


def follow_in_tables(extra: Mapping[str, Raw], ids: Mapping[str, Mapping[Any, Id]]) -> dict[str, Raw]:
    """Return a data set's other top-level keys, with the new ids in tables whose rows name others."""
    changed = {}
    for name, raw in extra.items():
        if any(key.encode() in bytes(raw) for key in ids) and (rows := _table(name, raw)):
            moved = [{key: _mapped(key, value, ids) for key, value in row.items()} for row in rows]
            if moved != rows:
                changed[name] = Raw(msgspec.json.encode(moved))
    return {**extra, **changed}


def _mapped(key: str, value: Any, ids: Mapping[str, Mapping[Any, Id]]) -> Any:
    if key == "attributes":
        return {name: _mapped(name, inner, ids) for name, inner in value.items()}
    one = key.removesuffix("s")
    own = next((ids[name] for name in _OWN if name in ids and one.endswith(f"_{name}")), {})
    mapping = ids.get(key) or ids.get(one) or own
    if isinstance(value, list):
        new = [mapping.get(one, one) if isinstance(one, int | str) else one for one in value]
        return list(dict.fromkeys(new)) if new != value and all(isinstance(one, int | str) for one in new) else new
    return mapping.get(value, value) if isinstance(value, int | str) else value


def _references(row: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a row that end as references do, decoded, and its ``attributes``."""
    for name, key in zip(row.__struct_fields__, row.__struct_encode_fields__, strict=True):
        value = getattr(row, name)
        if value is UNSET or not isinstance(value, Raw):
            continue
        if key.endswith(_ENDINGS):
            yield key, msgspec.json.decode(value)
        elif key == "attributes" and b'_id"' in bytes(value):
            found = msgspec.json.decode(value)
            if isinstance(found, dict):
                yield key, found


@dataclass(frozen=True, slots=True)
class _Use:
    """An id that a row has under a key; ``what`` names the row."""

    what: str
    key: str
    value: Id


def _uses(part: Dataset) -> list[_Use]:
    """Return every id that images and annotations have under a key that ends as references do."""
    found = []
    for what, rows in (("image", part.images), ("annotation", part.annotations)):
        if refer(rows):
            found += [_Use(f"{what} {row.id}", name, one) for row in rows for key, value in _references(row)
                      for name, inner in (value.items() if key == "attributes" else [(key, value)])
                      for one in (inner if isinstance(inner, list) else [inner]) if isinstance(one, int | str)]
    return found


def _tables(part: Dataset) -> dict[str, list[dict[str, Any]]]:
    """Return the top-level lists whose every row is an object with an id."""
    found = {name: _table(name, raw) for name, raw in part.extra.items()}
    return {name: rows for name, rows in found.items() if rows and all(isinstance(row.get("id"), int | str) for row in rows)}


def _table(name: str, raw: Raw) -> list[dict[str, Any]]:
    """Return a top-level list of objects, empty where the key holds something else; licenses have their own way."""
    rows = msgspec.json.decode(raw) if bytes(raw).lstrip().startswith(b"[") and name != "licenses" else []
    return rows if all(isinstance(row, dict) for row in rows) else []


def _in_order(tables: Sequence[Mapping[str, list[dict[str, Any]]]]) -> list[str]:
    """Return the tables' names, those that others refer to first."""
    names = list(dict.fromkeys(name for found in tables for name in found))
    keys = {name: {key for found in tables for row in found.get(name, ()) for key in row} for name in names}
    order: list[str] = []

    def add(name: str, above: tuple[str, ...]) -> None:
        for other in names:
            if other != name and other not in above and keys[name] & set(reference_keys(other)):
                add(other, (*above, name))
        if name not in order:
            order.append(name)

    for name in names:
        add(name, ())
    return order


def _join_table(name: str, tables: Sequence[Mapping[str, list[dict[str, Any]]]],
                ids: Sequence[Mapping[str, Mapping[Any, Id]]],
                parts: Sequence[Dataset]) -> tuple[list[dict[str, Any]], list[dict[Id, Id]]]:
    everything = [row["id"] for found in tables for row in found.get(name, ())]
    free = _Free(everything)
    rows: dict[Id, dict[str, Any]] = {}
    maps = []
    for part, found, own in zip(parts, tables, ids, strict=True):
        mapping: dict[Id, Id] = {}
        for row in found.get(name, ()):
            if row["id"] in mapping:
                raise ValueError(f"'{name}' of {part.home}: the id {row['id']!r} is there twice, so it is not known "
                                 "which row is meant; number the rows")
            moved = {key: _mapped(key, value, own) for key, value in row.items()}
            old = row["id"]
            taken = rows.get(old)
            mapping[old] = old if taken is None or taken == moved else free.take(old)
            rows.setdefault(mapping[old], moved | {"id": mapping[old]})
        maps.append(mapping)
    return list(rows.values()), maps


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


def _refuse_dangling(part: Dataset, table: str, keys: Sequence[str], uses: Iterable[_Use], others: set[Any]) -> None:
    """Refuse a row that names what its own file lacks and another data set has: it would mean another thing."""
    for use in uses:
        if use.value in others and (use.key in keys or use.key.removesuffix("s") in keys):
            raise ValueError(f"{use.what} of {part.home} has {use.key} {use.value!r}, which is not in its '{table}'; "
                             "another data set has this id, so it would mean another thing after the merge: "
                             f"add the row to '{table}', or remove {use.key}")


def _join_loose(key: str, parts: Sequence[Dataset], uses: Sequence[Sequence[_Use]],
                ids: Sequence[Mapping[str, Mapping[Any, Id]]]) -> list[dict[Id, Id]]:
    """Map the ids under a key that no table lists: one that an earlier data set has gets a free number.

    Where all videos of a data set are an earlier one's too (equal rows of ``videos``), the ids mean the same
    things as there, and stay.
    """
    values = [{use.value for use in used if use.key.removesuffix("s") == key} for used in uses]
    free, earlier, maps = _Free(one for found in values for one in found), set[Id](), []
    videos = set[Id]()
    for part, found, own in zip(parts, values, ids, strict=True):
        again, mine = found & earlier, set(own.get("video_id", {}).values())
        if again and key != "video_id" and mine & videos:
            if not mine <= videos:
                raise ValueError(f"{part.home}: shares some of its videos with an earlier data set, and not others, so "
                                 f"it is not known which {key} mean the same; merge the files of one video first")
            again = set()
        maps.append({old: free.take(old) for old in sorted(again, key=str)})
        earlier |= found
        videos |= mine
    return maps
