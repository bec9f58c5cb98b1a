"""The ``licenses`` of data sets: which ids a file lists, and many lists joined into one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from coco_recipe import Dataset, Image, Row, about

Id = int | str


@dataclass(frozen=True, slots=True)
class Joined:
    """Joined licenses.

    Attributes:
        extra: ``licenses`` as top-level JSON, or empty where no data set lists any.
        ids: for each data set the new id by the old one, of every license that it lists.
        unlisted: the images whose license no data set lists.
    """

    extra: Mapping[str, Raw]
    ids: Sequence[Mapping[Id, Id]]
    unlisted: Sequence[Row]


def listed(dataset: Dataset) -> dict[Id, dict[str, Any]]:
    """Return the licenses of a data set by id; the first, where an id is there twice."""
    found: dict[Id, dict[str, Any]] = {}
    for row in _rows(dataset):
        if isinstance(row.get("id"), int | str):
            found.setdefault(row["id"], row)
    return found


def of(image: Image) -> Id | None:
    """Return the license that an image names, None where it names none."""
    value = None if image.license is UNSET else msgspec.json.decode(image.license)
    if isinstance(value, float) and value.is_integer():  # some write 1.0 for 1
        return int(value)
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def counted_by_name(parts: Iterable[Dataset]) -> list[dict[str, Any]]:
    """Return how many images each licence has, over all parts: ``name``, ``url`` and ``images``.

    Images that name none, or one that isn't listed, are counted under an empty name; nothing is
    returned where no image names any.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for part in parts:
        known = listed(part)
        texts = {id_: (_told(row, "name"), _told(row, "url")) for id_, row in known.items()}
        counts.update(texts.get(_known_id(image), ("", "")) for image in part.images)
    named = [{"name": n, "url": url, "images": number} for (n, url), number in counts.items()]
    return [] if set(counts) <= {("", "")} else named


def _known_id(image: Image) -> Id:
    found = of(image)
    return "" if found is None else found


def _told(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def join(parts: Sequence[Dataset]) -> Joined:
    """Join lists of licenses: equal ones once, others under a free id.

    Raises:
        ValueError: an image has a license that its own file doesn't list and another one does.
    """
    known = [listed(part) for part in parts]
    whole = [one for found in known for one in found if isinstance(one, int)]
    owner = dict[Id, str]()
    rows = list[dict[str, Any]]()
    maps = list[dict[Id, Id]]()
    free = max(whole, default=0) + 1
    for part, found in zip(parts, known, strict=True):
        rows += [row for row in _rows(part) if row.get("id") not in found and row not in rows]
        mapping: dict[Id, Id] = {}
        for old, row in found.items():
            same = (
                [other["id"] for other in rows if "id" in other and other | {"id": old} == row]
                if old in owner
                else []
            )
            if same:
                mapping[old] = old if old in same else same[0]
                continue
            mapping[old] = old
            if old in owner:
                mapping[old] = free if isinstance(old, int) else f"{old}_{free}"
                free = free + 1
            owner[mapping[old]] = part.home
            rows.append(row | {"id": mapping[old]})
        maps.append(mapping)
    unlisted = [
        row
        for part, mapping in zip(parts, maps, strict=True)
        for row in _unlisted(part, mapping, owner)
    ]
    return Joined({"licenses": Raw(msgspec.json.encode(rows))} if rows else {}, maps, unlisted)


def _rows(dataset: Dataset) -> list[dict[str, Any]]:
    found = msgspec.json.decode(dataset.extra["licenses"]) if "licenses" in dataset.extra else []
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _unlisted(part: Dataset, own: Mapping[Id, Id], owner: Mapping[Id, str]) -> Iterator[Row]:
    wrong = [
        (image, value)
        for image in part.images
        if (value := of(image)) is not None and value not in own
    ]
    if taken := [(image, value) for image, value in wrong if value in owner]:
        image, value = taken[0]
        raise ValueError(
            f"{about(len(taken), 'images have a license')} that 'licenses' of {part.home} lacks "
            f"and another data set has: image {image.id} ({image.file_name!r}) has license "
            f"{value!r}, which after the merge would be that of {owner[value]}; add the row to "
            f"'licenses' of {part.home}, or repair: licenses: drop above"
        )
    for image, value in wrong:
        yield Row(f"image {image.id} ({image.file_name!r}) of {part.home}", value, image.file_name)
