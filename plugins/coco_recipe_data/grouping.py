"""Find the images that must stay together: families, and groups that the user names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe import Dataset, Image, about, extras, patterns


def groups_of(dataset: Dataset, group_by: Mapping[str, str] | None) -> dict[str, list[int]]:
    """Return image ids by group, groups and ids in the file's order.

    A group that shares a family with another is joined to it. Its name doesn't depend on the order
    of rows.

    Raises:
        ValueError: images that ``group_by`` says nothing about.
    """
    names = {image.id: dataset.family(image) for image in dataset.images}
    if group_by is not None:
        names = _joined(names, _keys(dataset, *next(iter(group_by.items()))))
    groups: dict[str, list[int]] = {}
    for image_id, name in names.items():
        groups.setdefault(name, []).append(image_id)
    return groups


def field_of(image: Image, key: str) -> str | None:
    """Return the value of an image's key as text; None where it has none."""
    value: Any = (
        getattr(image, key, None)
        if key in Image.__struct_fields__
        else dict(extras(image)).get(key)
    )
    if isinstance(value, msgspec.Raw):
        value = msgspec.json.decode(value)
    if isinstance(value, float) and value.is_integer():  # 7.0 and 7 are one number
        value = int(value)
    return None if value is None or value is msgspec.UNSET else str(value)


def _joined(families: Mapping[int, str], keys: Mapping[int, str]) -> dict[int, str]:
    """Name the sets of images that are connected by a family or a key."""
    parent: dict[str, str] = {}

    def top(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for image_id, family in families.items():
        left, right = top(f"family {family}"), top(f"group {keys[image_id]}")
        parent[max(left, right)] = min(left, right)
    return {image_id: top(f"family {family}") for image_id, family in families.items()}


def _keys(dataset: Dataset, kind: str, value: str) -> dict[int, str]:
    if kind == "field":
        return _known(
            dataset, {i.id: field_of(i, value) for i in dataset.images}, f"have no field '{value}'"
        )
    if kind == "pattern":
        found = patterns.search(value, [image.file_name for image in dataset.images])
        matches = dict(zip((image.id for image in dataset.images), found, strict=True))
        keys = {image_id: m and (m[1] if m.re.groups else m[0]) for image_id, m in matches.items()}
        return _known(dataset, keys, f"have a name that doesn't match {value!r}")
    table = _listed(Path(value))
    return _known(
        dataset, {i.id: table.get(i.file_name) for i in dataset.images}, f"are not in {value}"
    )


def _listed(file: Path) -> dict[str, str]:
    """Read lines '<file name> <group>'; blanks or tabs stand between, and names may have blanks.

    Raises:
        ValueError: a file name stands there with two groups; names the line.
    """
    table: dict[str, str] = {}
    for n, line in enumerate(file.read_text("utf-8-sig").splitlines(), start=1):
        name, *group = line.rsplit(maxsplit=1)[:2] or [""]
        if group and table.setdefault(name.rstrip(), group[0]) != group[0]:
            raise ValueError(
                f"group_by: {file}, line {n}: {name!r} is in group {group[0]!r}, and above in "
                f"{table[name.rstrip()]!r}; keep one of the lines"
            )
    return table


def _known(dataset: Dataset, keys: Mapping[int, str | None], problem: str) -> dict[int, str]:
    if missing := [image.file_name for image in dataset.images if keys[image.id] is None]:
        raise ValueError(
            f"group_by: {about(len(missing), f'images {problem}')}: {', '.join(missing[:5])}"
        )
    return {image_id: key for image_id, key in keys.items() if key is not None}
