"""The rows that a ledger or a finding names, with where they are in their pictures."""

import heapq
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe import Annotation, Dataset, Image, manifest
from coco_recipe_report.seen import shots
from coco_recipe_report.seen.shots import Shot

DROPPED = "dropped.jsonl"
MOST_ROWS = 8  # of one reason, that are shown
MOST_SAMPLES, MOST_LOOKED_AT = 4, 2000  # of a data set, and of how many they are chosen
NAMED = re.compile(r"(annotation|image) (-?\d+)")


class _Line(msgspec.Struct):
    """A line of dropped.jsonl; ``copy`` or ``tile`` names what was made and dropped."""

    kind: str
    id: int
    reason: str
    file_name: str = ""
    name: str = ""
    image_id: int | None = None
    visibility: float | None = None
    copy: Any = None
    tile: Any = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row that is shown: what it is, and where; no shot where its place isn't known."""

    told: str
    shot: Shot | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The rows that a step dropped for one reason: how many, and the first of them."""

    kind: str
    reason: str
    count: int
    rows: tuple[LedgerRow, ...]


def lost_rows(
    folder: Path, record: manifest.StepRecord, entered: Sequence[Dataset]
) -> tuple[Lost, ...]:
    """Return what a step dropped, by reason, the first rows of each with their places.

    Args:
        folder: the step's folder.
        record: what it did.
        entered: the data sets that came to it, in which the rows are looked for.
    """
    lines = _first_lines(folder / DROPPED, record)
    index = Index(
        entered,
        {one.id for many in lines.values() for one in many if one.kind == "annotation"},
        {one.id for many in lines.values() for one in many if one.kind == "image"},
    )
    return tuple(
        Lost(
            one.kind,
            one.reason,
            one.count,
            tuple(_row(line, index) for line in lines.get((one.kind, one.reason), ())),
        )
        for one in record.dropped
    )


def _first_lines(path: Path, record: manifest.StepRecord) -> dict[tuple[str, str], list[_Line]]:
    """Return the first lines of each reason; the rest of a long file isn't read."""
    wanted = {(one.kind, one.reason): min(one.count, MOST_ROWS) for one in record.dropped}
    found: dict[tuple[str, str], list[_Line]] = {}
    left = sum(wanted.values())
    if not left or not path.is_file():
        return found
    decoder = msgspec.json.Decoder(_Line)
    with path.open("rb") as file:
        for text in file:
            line = decoder.decode(text)
            many = found.setdefault((line.kind, line.reason), [])
            if len(many) < wanted.get((line.kind, line.reason), 0):
                many.append(line)
                left -= 1
                if not left:
                    break
    return found


def _row(line: _Line, index: "Index") -> LedgerRow:
    made = line.copy if line.copy is not None else line.tile
    figures = [] if line.visibility is None else [f"{line.visibility:.0%} visible"]
    figures += [] if made is None else [f"on {made}"]
    told = ", ".join([f"{line.kind} {line.id}", *figures])
    if line.kind == "category":
        return LedgerRow(line.name)
    if line.kind == "image":
        return LedgerRow(told, index.image(line.id, line.file_name))
    return LedgerRow(told, index.annotation(line.id, line.image_id))


def sample_of(rows: Dataset) -> tuple[LedgerRow, ...]:
    """Return a few annotations, those of the same boxes for data sets that have the same."""
    few = heapq.nsmallest(
        MOST_SAMPLES,
        (one for one in rows.annotations[:MOST_LOOKED_AT] if isinstance(one.bbox, tuple)),
        key=lambda one: (zlib.crc32(str(one.bbox).encode()), one.id),
    )
    index = Index([rows.replace(annotations=tuple(few))], {one.id for one in few}, set())
    return tuple(
        LedgerRow(f"annotation {one.id}", index.annotation(one.id, one.image_id)) for one in few
    )


class Index:
    """Finds the rows of data sets that are asked for, in one pass over them.

    Args:
        data: the data sets.
        annotations: the ids of annotations that will be asked for.
        images: the ids of images that will be.
        names: the file names of images that will be.
    """

    def __init__(
        self,
        data: Iterable[Dataset],
        annotations: set[int],
        images: set[int],
        names: set[str] | None = None,
    ) -> None:
        self._rows: list[tuple[Dataset, Image, Annotation]] = []
        self._repeated: set[int] = set()  # ids that several annotations of a data set have
        self._images: list[tuple[Dataset, Image, list[Annotation]]] = []
        for rows in data:
            self._look_at(rows, annotations, images, names or set())

    def _look_at(
        self, rows: Dataset, annotations: set[int], images: set[int], names: set[str]
    ) -> None:
        wanted = [one for one in rows.annotations if one.id in annotations] if annotations else []
        self._repeated |= {id_ for id_, n in Counter(one.id for one in wanted).items() if n > 1}
        owners = {one.image_id for one in wanted}
        shown: dict[int, list[Annotation]] = {}
        by_id: dict[int, Image] = {}
        for image in rows.images if owners or images or names else ():
            if image.id in owners:
                by_id.setdefault(image.id, image)
            if image.id in images or image.file_name in names:
                by_id.setdefault(image.id, image)
                shown[image.id] = []
        for one in rows.annotations if shown else ():
            if one.image_id in shown:
                shown[one.image_id].append(one)
        self._rows += [(rows, by_id[one.image_id], one) for one in wanted if one.image_id in by_id]
        self._images += [(rows, by_id[id_], many) for id_, many in shown.items()]

    def annotation(self, id_: int, image_id: int | None = None, file_name: str = "") -> Shot | None:
        """Return the part of its picture around an annotation; None where it isn't found.

        Nor is one whose id others have, where nothing says on which image it is.
        """
        if id_ in self._repeated and image_id is None and not file_name:
            return None
        for rows, image, row in self._rows:
            if (
                row.id == id_
                and image_id in (None, row.image_id)
                and file_name in ("", image.file_name)
            ):
                return shots.crop(rows, image, row)
        return None

    def image(self, id_: int | None, file_name: str = "") -> Shot | None:
        """Return an image, found by its id or its file name; None where it isn't found."""
        for rows, image, many in self._images:
            if (id_ is None or image.id == id_) and file_name in ("", image.file_name):
                return shots.whole(rows, image, many)
        return None


def found_rows(
    findings: Sequence[manifest.FindingRecord], data: Mapping[str, Sequence[Dataset]]
) -> Iterator[tuple[LedgerRow, ...]]:
    """Yield the first rows of each finding, with their places.

    Args:
        findings: what was found.
        data: by input or step, the data sets in which its rows are looked for.
    """
    named = [[_named(row) for row in one.first[:MOST_ROWS]] for one in findings]
    wanted = Counter(
        (kind, id_) for many in named for kind, id_ in many if kind and id_ is not None
    )
    names = {row.file_name for one in findings for row in one.first[:MOST_ROWS] if row.file_name}
    indexes = {
        place: Index(
            many,
            {id_ for kind, id_ in wanted if kind == "annotation"},
            {id_ for kind, id_ in wanted if kind == "image"},
            names,
        )
        for place, many in data.items()
    }
    for one, rows in zip(findings, named, strict=True):
        index = indexes.get(one.place)
        yield tuple(
            _found(row, kind, id_, index)
            for row, (kind, id_) in zip(one.first[:MOST_ROWS], rows, strict=True)
        )


def _named(row: manifest.FindingRow) -> tuple[str, int | None]:
    match = NAMED.match(row.row)
    return (match[1], int(match[2])) if match else ("", None)


def _found(row: manifest.FindingRow, kind: str, id_: int | None, index: Index | None) -> LedgerRow:
    value = "" if row.value is None else f": {_short(row.value)}"
    told = f"{row.row}{value}"
    shot = None
    if index and kind == "annotation" and id_ is not None:
        shot = index.annotation(id_, None, row.file_name)
    elif index and (kind == "image" or row.file_name):
        shot = index.image(id_ if kind == "image" else None, row.file_name)
    return LedgerRow(told, shot)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:59]}…"
