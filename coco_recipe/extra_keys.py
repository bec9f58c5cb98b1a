"""Rows with keys that COCO doesn't know: their classes have an undecoded field for each."""

import keyword
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

_classes: dict[tuple[type, tuple[str, ...]], type[msgspec.Struct]] = {}


def with_extras(row: msgspec.Struct, values: Mapping[str, Any]) -> Any:
    """Return a copy of a row with keys that COCO doesn't know set to JSON values.

    Args:
        row: an image, an annotation or a category.
        values: JSON values by key, as in the file.

    Returns:
        A row of a class that has fields for the keys.
    """
    taken = dict(zip(row.__struct_encode_fields__, row.__struct_fields__, strict=True))
    missing = [key for key in values if key not in taken]
    row_class = extended(type(row), missing) if missing else type(row)
    taken = dict(zip(row_class.__struct_encode_fields__, row_class.__struct_fields__, strict=True))
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return row_class(
        **fields | {taken[key]: Raw(msgspec.json.encode(value)) for key, value in values.items()}
    )


def extended(base: type[msgspec.Struct], keys: Iterable[str]) -> type[msgspec.Struct]:
    """Return ``base`` with one undecoded optional field for each key.

    The same class for the same keys.
    """
    wanted = (base, tuple(keys))
    if wanted not in _classes:
        names: list[Any] = []
        rename: dict[str, str] = {}
        for key in wanted[1]:
            field = key
            if (
                not key.isidentifier()
                or keyword.iskeyword(key)
                or key.startswith("_")
                or key in dir(base)
            ):
                field = f"extra_{len(base.__struct_fields__) + len(names)}"
                rename[field] = key
            names.append((field, Raw | UnsetType, UNSET))
        inherited = dict(zip(base.__struct_fields__, base.__struct_encode_fields__, strict=True))
        _classes[wanted] = msgspec.defstruct(
            base.__name__,
            names,
            bases=(base,),
            frozen=True,
            gc=False,
            forbid_unknown_fields=True,
            rename=inherited | rename,
        )
    return _classes[wanted]
