"""Read what a committed step wrote of its rows: what it dropped, renumbered, divided and mended."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

IDS, DIVIDED, DROPPED, COPIES, REPAIRED = (
    "ids.json",
    "divided.jsonl",
    "dropped.jsonl",
    "augmented.jsonl",
    "repaired.jsonl",
)
TABLES = {"image": "images", "annotation": "annotations"}


class _Dropped(msgspec.Struct):
    """A line of dropped.jsonl; ``copy`` or ``tile`` names what was made and dropped."""

    kind: str
    id: int
    reason: str
    image_id: int | None = None
    category_id: int | None = None
    visibility: float | None = None
    area: float | None = None
    copy: Any = None
    tile: Any = None


class _Pairs(msgspec.Struct):
    old: list[int | None] = []
    new: list[int] = []
    base: int | None = None

    def news(self) -> Sequence[int]:
        """Return the new ids, in the order of the rows."""
        return self.new if self.base is None else range(self.base, self.base + len(self.old))

    def olds_of(self, new: int) -> list[int]:
        """Return the old ids of a new one."""
        if self.base is None:
            pairs = zip(self.old, self.new, strict=False)
            return [old for old, one in pairs if one == new and old is not None]
        rows = self.old[new - self.base : new - self.base + 1] if new >= self.base else []
        return [old for old in rows if old is not None]


class _Maps(msgspec.Struct):
    images: _Pairs | None = None
    annotations: _Pairs | None = None
    categories: _Pairs | None = None


class _Ids(_Maps):
    datasets: list[_Maps] = []


class _Made(msgspec.Struct):
    applied: list[tuple[str, dict[str, Any]]] = []


class _Copy(msgspec.Struct):
    image: str
    made: _Made


class _Part(msgspec.Struct):
    part: str
    images: list[int]


class _Repaired(msgspec.Struct):
    row: str
    key: str
    old: Any = None
    new: Any = None


class _Image(msgspec.Struct, gc=False):
    id: int
    file_name: str = ""


class _Row(msgspec.Struct, gc=False):
    id: int
    image_id: int


class _Rows(msgspec.Struct, gc=False):
    images: list[_Image] = []
    annotations: list[_Row] = []


@dataclass(frozen=True, slots=True)
class Lost:
    """A row that a step dropped.

    Attributes:
        reason: why, with the figures that decided it.
        image_id: its image; None where the ledger doesn't say.
        category_id: its category, likewise.
        made: the copy or tile in which it was dropped; empty where the row itself was.
    """

    reason: str
    image_id: int | None
    category_id: int | None
    made: str


class _NewIds:
    """The new ids of old ones; where no old id repeats, a table is made in a tenth of the time."""

    def __init__(self, old: Sequence[int | None], new: Sequence[int]) -> None:
        self._only = dict(zip(old, new, strict=False))
        self._all: dict[int | None, list[int]] = defaultdict(list)
        if len(self._only) < min(len(old), len(new)):
            for one, other in zip(old, new, strict=False):
                self._all[one].append(other)

    def of(self, old: int) -> list[int]:
        """Return the new ids of an old one, in the order of the rows."""
        if self._all:
            return self._all.get(old, [])
        return [self._only[old]] if old in self._only else []


@dataclass
class Ledger:
    """What one committed step wrote of its rows; each file is read when it is asked for.

    Attributes:
        folder: the step's folder.
    """

    folder: Path
    _maps: dict[tuple[int, str], _NewIds | None] = field(default_factory=dict)

    def lost(self, table: str, row_id: int) -> Sequence[Lost]:
        """Return how rows of an id were dropped, in the order of the ledger."""
        return [_lost(line) for line in self._dropped.get((table, row_id), ())]

    def new_ids(self, dataset: int, table: str, row_id: int) -> list[int] | None:
        """Return the new ids of an old one; None where the step left the ids as they were.

        Args:
            dataset: the place of the data set among those that came in.
            table: images, annotations or categories.
            row_id: the old id.
        """
        if (dataset, table) not in self._maps:
            pairs = self._pairs(dataset, table)
            self._maps[dataset, table] = _NewIds(pairs.old, pairs.news()) if pairs else None
        found = self._maps[dataset, table]
        return found.of(row_id) if found else None

    def old_ids(self, dataset: int, table: str, row_id: int) -> list[int]:
        """Return the ids that rows had which have this one now."""
        pairs = self._pairs(dataset, table)
        if pairs is None:
            return [row_id]
        return pairs.olds_of(row_id)

    def part_of(self, image_id: int) -> str:
        """Return the port that an image went to; empty where the step doesn't say."""
        return self._parts.get(image_id, "")

    def image_of(self, row_id: int) -> int | None:
        """Return the image of an annotation that the step made; None where it wrote no data."""
        return self._image_of.get(row_id)

    def file_name(self, image_id: int) -> str:
        """Return the file name of an image that the step made; empty where it wrote no data."""
        return self._names.get(image_id, "")

    def image_ids(self, file_name: str) -> list[int]:
        """Return the ids of the images of this name that the step made."""
        return [id_ for id_, name in self._names.items() if name == file_name]

    def applied(self, file_name: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Return the transforms, with their parameters, by which a copy was made."""
        return self._copies.get(file_name, ())

    def mended(self, row: str) -> Sequence[str]:
        """Return what was mended of a row, as ``area: 5 -> 7``."""
        return self._mended.get(row, ())

    def _pairs(self, dataset: int, table: str) -> _Pairs | None:
        ids = self._ids
        maps: _Maps = ids.datasets[dataset] if dataset < len(ids.datasets) else ids
        found: _Pairs | None = getattr(maps, table)
        return found

    @cached_property
    def _ids(self) -> _Ids:
        path = self.folder / IDS
        return msgspec.json.decode(path.read_bytes(), type=_Ids) if path.is_file() else _Ids()

    @cached_property
    def _dropped(self) -> dict[tuple[str, int], list[_Dropped]]:
        found: dict[tuple[str, int], list[_Dropped]] = defaultdict(list)
        for line in self._lines(DROPPED, _Dropped):
            if line.kind in TABLES:
                found[TABLES[line.kind], line.id].append(line)
        return found

    @cached_property
    def _parts(self) -> dict[int, str]:
        lines = self._lines(DIVIDED, _Part)
        return {image_id: line.part for line in lines for image_id in line.images}

    @cached_property
    def _copies(self) -> dict[str, list[tuple[str, dict[str, Any]]]]:
        return {line.image: line.made.applied for line in self._lines(COPIES, _Copy)}

    @cached_property
    def _mended(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for line in self._lines(REPAIRED, _Repaired):
            old, new = (msgspec.json.encode(value).decode() for value in (line.old, line.new))
            found[line.row].append(f"{line.key}: {old} -> {new}")
        return found

    @cached_property
    def _rows(self) -> _Rows:
        """The rows of the data sets that the step wrote."""
        rows = _Rows([], [])
        for path in sorted(self.folder.glob("*.json")):
            if path.name in (IDS, "manifest.json"):
                continue
            try:
                one = msgspec.json.decode(path.read_bytes(), type=_Rows)
            except msgspec.DecodeError:  # no data set
                continue
            rows.images += one.images
            rows.annotations += one.annotations
        return rows

    @cached_property
    def _names(self) -> dict[int, str]:
        return {image.id: image.file_name for image in self._rows.images}

    @cached_property
    def _image_of(self) -> dict[int, int]:
        return {row.id: row.image_id for row in self._rows.annotations}

    def _lines(self, name: str, kind: type[Any]) -> Iterator[Any]:
        path = self.folder / name
        if path.is_file():
            yield from msgspec.json.Decoder(kind).decode_lines(path.read_bytes())


def _lost(line: _Dropped) -> Lost:
    made = line.copy if line.copy is not None else line.tile
    told = "" if made is None else str(made)
    return Lost(_with_figures(line), line.image_id, line.category_id, told)


def _with_figures(line: _Dropped) -> str:
    figures = []
    if line.visibility is not None:
        figures.append(f"{line.visibility:.0%} visible")
    if line.area is not None:
        figures.append(f"{line.area:g} px²")
    return line.reason + (f" ({', '.join(figures)})" if figures else "")
