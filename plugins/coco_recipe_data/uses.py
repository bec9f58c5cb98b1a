"""The ids that rows have under keys of references, and what is wrong with them in a merge."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coco_recipe import (
    Complaint,
    Dataset,
    Misfit,
    did_you_mean,
)
from coco_recipe_data.references import (
    COCO,
    ENDINGS,
    Id,
    extra_fields,
    key_in,
    kinds_of,
    refer,
    references,
    scalars,
)


@dataclass(frozen=True, slots=True)
class Use:
    """An id that a row has under a key.

    ``what`` names the row, ``table`` its table if it isn't one of COCO's.
    """

    what: str
    key: str
    value: Id
    table: str = ""


def check_named(
    parts: Sequence[Dataset],
    named: Mapping[str, Sequence[str]],
    told: Mapping[str, str],
    keys: Mapping[str, Sequence[str]],
    uses: Sequence[Sequence[Use]],
) -> None:
    """Refuse a table that no data set has, and a key that no row has."""
    used = {use.key for found in uses for use in found}
    known = sorted(
        {
            key
            for part in parts
            for kind in kinds_of((*part.images, *part.annotations))
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


def unnamed(
    name: str,
    keys: Mapping[str, Sequence[str]],
    parts: Sequence[Dataset],
    uses: Sequence[Sequence[Use]],
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


def uses_of(
    part: Dataset, tables: Mapping[str, Sequence[Mapping[str, Any]]], keys: Collection[str]
) -> list[Use]:
    """Return every id that rows have under a key that ends as references do, or is in ``keys``."""
    found = []
    for what, rows in (
        ("image", part.images),
        ("annotation", part.annotations),
        ("category", part.categories),
    ):
        if refer(rows, keys):
            found += [
                Use(f"{what} {row.id}", name, one)
                for row in rows
                for key, value in references(row, keys)
                for name, one in scalars(key, value)
            ]
    found += [
        Use(f"row {row['id']!r} of '{table}'", name, one, table)
        for table, others in tables.items()
        for row in others
        for key, value in row.items()
        for name, one in scalars(key, value)
    ]
    return [use for use in found if use.key in keys or use.key.endswith(ENDINGS)]


def refuse_dangling(
    part: Dataset,
    table: str,
    keys: Sequence[str],
    uses: Iterable[Use],
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
