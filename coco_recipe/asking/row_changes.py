"""What differs between the rows of two data sets, whatever ids they have."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from coco_recipe.asking.row_matching import (
    KEPT_IDS,
    NONE,
    Picture,
    iou_of,
    overlaps,
    pairs_of,
    pictures,
    share_their_ids,
    shift_of,
    taken,
)
from coco_recipe.dataset import Annotation, Dataset

PLACED = ("id", "image_id", "category_id", "bbox", "file_name", "coco_recipe")  # looked at apart

Names = Mapping[str, Mapping[int, str]]  # of classes by id, by part


class Table(msgspec.Struct, frozen=True):
    """How many rows of a table there are.

    Attributes:
        was: in the first.
        now: in the second.
        same: in both, and the same but for ids.
        changed: in both, with other values.
        added: only in the second.
        gone: only in the first.
        renumbered: in both, under another id.
    """

    was: int
    now: int
    same: int
    changed: int
    added: int
    gone: int
    renumbered: int


class ClassRows(msgspec.Struct, frozen=True):
    """How many boxes of a class there are; the attributes are those of `Table`."""

    was: int
    now: int
    added: int
    gone: int
    changed: int


class Moved(msgspec.Struct, frozen=True):
    """How far boxes moved: the most that an edge did, in pixels.

    Attributes:
        boxes: how many.
        median_px: of them.
        most_px: of them.
        least_iou: of a box with its old place.
    """

    boxes: int
    median_px: float
    most_px: float
    least_iou: float


class ChangedRow(msgspec.Struct, frozen=True):
    """A row that is in one data set only, or has other values.

    Attributes:
        row: the row by name, as ``annotation 7``, with its id in the second where it is there.
        file_name: its picture's.
        part: its part; empty where there is one.
        what: what became of it, in words.
    """

    row: str
    file_name: str
    part: str
    what: str


class RowChanges(msgspec.Struct, frozen=True):
    """What differs between the rows of two data sets.

    Attributes:
        images: their images.
        annotations: their annotations.
        classes: boxes by class, of every class of either.
        keys: how many rows that are in both have another value, by table and key; ``part`` for
            images that are in another part.
        relabelled: how many boxes got another class, by ``old -> new``.
        moved: how far boxes moved; None where none did.
        categories: what became of categories, in words.
        first: the first rows of each kind of change.
    """

    images: Table
    annotations: Table
    classes: dict[str, ClassRows]
    keys: dict[str, int]
    relabelled: dict[str, int]
    moved: Moved | None
    categories: tuple[str, ...]
    first: dict[str, tuple[ChangedRow, ...]]

    @property
    def differ(self) -> bool:
        """Whether anything differs, ids among it."""
        tables = (self.images, self.annotations)
        return bool(self.categories) or any(
            table.added or table.gone or table.changed or table.renumbered for table in tables
        )


@dataclass(slots=True)
class _Found:
    """What was found so far."""

    most: int
    first: dict[str, list[ChangedRow]] = field(default_factory=lambda: defaultdict(list))
    number: Counter[str] = field(default_factory=Counter)
    classes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    keys: Counter[str] = field(default_factory=Counter)
    relabelled: Counter[str] = field(default_factory=Counter)
    shifts: list[float] = field(default_factory=list)
    least_iou: float = 1.0

    def tell(self, kind: str, row: int, picture: Picture, what: str) -> None:
        """Count a change, and keep it if it is among the first of its kind.

        Args:
            kind: the table and what happened, as ``images gone``.
            row: the row's id.
            picture: its picture.
            what: what became of it, in words.
        """
        self.number[kind] += 1
        if len(self.first[kind]) < self.most:
            name = f"{kind.partition('s ')[0]} {row}"
            self.first[kind].append(ChangedRow(name, picture.image.file_name, picture.part, what))

    def table(self, name: str, was: int, now: int) -> Table:
        """Return the counts of a table."""
        added, gone = self.number[f"{name} added"], self.number[f"{name} gone"]
        changed = self.number[f"{name} changed"]
        renumbered = self.number[f"{name} renumbered"]
        return Table(was, now, now - added - changed, changed, added, gone, renumbered)


def changes(
    before: Mapping[str, Dataset], after: Mapping[str, Dataset], most: int = 5
) -> RowChanges:
    """Compare the rows of data sets.

    Args:
        before: the first ones, by part; the names of parts don't count where each side has one.
        after: the second ones.
        most: how many rows of each kind of change to name.

    Returns:
        How many images and annotations stayed, came, went and changed, by class and by key, with
        the first rows of each kind of change.
    """
    if len(before) == len(after) == 1:
        before, after = ({"": part} for parts in (before, after) for part in parts.values())
    names_before, names_after = _class_names(before), _class_names(after)
    old, new = list(pictures(before)), list(pictures(after))
    found = _Found(most)
    pairs = pairs_of(old, new)
    known = {id(was) for was, _ in pairs}, {id(now) for _, now in pairs}
    compare = _Rows(found, names_before, names_after)
    compare.all(pairs)
    for was in (one for one in old if id(one) not in known[0]):
        if was.image is not NONE:
            found.tell("images gone", was.image.id, was, "gone")
        for row in was.rows:
            compare.gone(was, row)
    for now in (one for one in new if id(one) not in known[1]):
        if now.image is not NONE:
            found.tell("images added", now.image.id, now, "added")
        for row in now.rows:
            compare.added(now, row)
    boxes = _of_each(before, names_before), _of_each(after, names_after)
    return RowChanges(
        found.table(
            "images", *(sum(len(p.images) for p in side.values()) for side in (before, after))
        ),
        found.table("annotations", *(boxes[n].total() for n in (0, 1))),
        {
            name: ClassRows(
                boxes[0][name],
                boxes[1][name],
                found.classes[name]["added"],
                found.classes[name]["gone"],
                found.classes[name]["changed"],
            )
            for name in dict.fromkeys([*boxes[0], *boxes[1]])
        },
        dict(sorted(found.keys.items())),
        dict(found.relabelled.most_common()),
        _moved(found),
        tuple(_category_changes(before, after)),
        {kind: tuple(rows) for kind, rows in found.first.items()},
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Compares the rows of pictures that are in both."""

    found: _Found
    before: Names
    after: Names

    def all(self, both: Sequence[tuple[Picture, Picture]]) -> None:
        """Compare all: first what is equal, which tells whether ids were kept."""
        left = []
        equal = kept = 0
        for was, now in both:
            if was.image is not NONE:
                self._image(was, now)
            if was.rows == now.rows and self._same_classes(was, now):
                equal, kept = equal + len(now.rows), kept + len(now.rows)
                continue
            rest = list(was.rows), list(now.rows)
            pairs = self._in_order(was, now, rest)
            if rest[0] and rest[1]:
                pairs += taken(rest, self._whole(was.part), self._whole(now.part, new=True))
            for one, other in pairs:
                equal, kept = equal + 1, kept + (one.id == other.id)
                self._kept(was, now, one, other)
            if rest[0] or rest[1]:
                left.append((was, now, *rest))
        by_id = kept >= KEPT_IDS * equal if equal else share_their_ids(left)
        for was, now, old, new in left:
            self._left(was, now, (old, new), by_id=by_id)

    def _in_order(
        self, was: Picture, now: Picture, rest: tuple[list[Annotation], list[Annotation]]
    ) -> list[tuple[Annotation, Annotation]]:
        """Return the rows of one class and box that stand at one place, and take them out."""
        pairs: list[tuple[Annotation, Annotation]] = []
        if len(rest[0]) != len(rest[1]):
            return pairs
        others: list[tuple[Annotation, Annotation]] = []
        for one, other in zip(*rest, strict=True):
            same = one.bbox == other.bbox and isinstance(one.bbox, tuple)
            is_one = same and self._old(was, one) == self._new(now, other)
            (pairs if is_one else others).append((one, other))
        rest[0][:], rest[1][:] = [one for one, _ in others], [other for _, other in others]
        return pairs

    def _same_classes(self, was: Picture, now: Picture) -> bool:
        return all(self._old(was, row) == self._new(now, row) for row in now.rows)

    def _old(self, picture: Picture, row: Annotation) -> str:
        return _class_of(self.before, picture.part, row)

    def _new(self, picture: Picture, row: Annotation) -> str:
        return _class_of(self.after, picture.part, row)

    def _whole(self, part: str, *, new: bool = False) -> Callable[[Annotation], Hashable]:
        """Return what gives a row's class and box; its outline where it has no box."""
        names = self.after if new else self.before

        def key(row: Annotation) -> Hashable:
            outline = b"" if isinstance(row.bbox, tuple) else _text(row.segmentation)
            return _class_of(names, part, row), row.bbox, outline

        return key

    def _left(
        self,
        was: Picture,
        now: Picture,
        rest: tuple[list[Annotation], list[Annotation]],
        *,
        by_id: bool,
    ) -> None:
        """Compare the rows that have no equal: by id, by the same box, by overlap."""
        pairs = list(taken(rest, _id, _id)) if by_id else []
        pairs += taken(rest, lambda row: row.bbox, lambda row: row.bbox, only=_has_box)
        for same_class in (True, False):
            if not (rest[0] and rest[1]):
                break
            nearest = sorted(
                (
                    (-iou, n, m)
                    for n, m, iou in overlaps(*rest)
                    if not same_class or self._old(was, rest[0][n]) == self._new(now, rest[1][m])
                ),
            )
            used: tuple[set[int], set[int]] = (set(), set())
            for _, n, m in nearest:
                if n not in used[0] and m not in used[1]:
                    used[0].add(n)
                    used[1].add(m)
                    pairs.append((rest[0][n], rest[1][m]))
            rest = tuple(
                [row for n, row in enumerate(rows) if n not in gone]
                for rows, gone in zip(rest, used, strict=True)
            )  # type: ignore[assignment]
        for one, other in pairs:
            self._kept(was, now, one, other)
        for row in rest[0]:
            self.gone(was, row)
        for row in rest[1]:
            self.added(now, row)

    def _image(self, was: Picture, now: Picture) -> None:
        """Compare two rows of ``images``."""
        number = now.image.id
        told = []
        if was.part != now.part:
            told.append(f"from {was.part} to {now.part}")
            self.found.keys["images: part"] += 1
        if was.image.file_name != now.image.file_name:
            told.append(f"file name was {was.image.file_name}")
            self.found.keys["images: file_name"] += 1
        for key, old, new in _differing(was.image, now.image):
            told.append(f"{key} {_shown(old)} -> {_shown(new)}")
            self.found.keys[f"images: {key}"] += 1
        if was.image.id != now.image.id:
            self.found.number["images renumbered"] += 1
        if told:
            self.found.tell("images changed", number, now, "; ".join(told))

    def _kept(self, was: Picture, now: Picture, one: Annotation, other: Annotation) -> None:
        """Compare two rows of ``annotations`` that are one."""
        old, new = self._old(was, one), self._new(now, other)
        told = []
        if old != new:
            told.append(f"{old} -> {new}")
            self.found.keys["annotations: category"] += 1
            self.found.relabelled[f"{old} -> {new}"] += 1
        if one.bbox != other.bbox:
            self.found.keys["annotations: bbox"] += 1
            told.append(self._move(one, other))
        for key, value, another in _differing(one, other):
            self.found.keys[f"annotations: {key}"] += 1
            told.append(f"{key} {_shown(value)} -> {_shown(another)}")
        if one.id != other.id:
            self.found.number["annotations renumbered"] += 1
        if told:
            self.found.classes[new]["changed"] += 1
            named = told if old != new else [f"{new}: {told[0]}", *told[1:]]
            self.found.tell("annotations changed", other.id, now, "; ".join(named))

    def _move(self, one: Annotation, other: Annotation) -> str:
        if not (isinstance(one.bbox, tuple) and isinstance(other.bbox, tuple)):
            return "has a box" if isinstance(other.bbox, tuple) else "has no box"
        shift, iou = shift_of(one.bbox, other.bbox), iou_of(one.bbox, other.bbox)
        self.found.shifts.append(shift)
        self.found.least_iou = min(self.found.least_iou, iou)
        return f"moved by {shift:.3g} px (IoU {iou:.2f})"

    def gone(self, was: Picture, row: Annotation) -> None:
        """Tell a row that is in the first only."""
        name = self._old(was, row)
        self.found.classes[name]["gone"] += 1
        self.found.tell("annotations gone", row.id, was, f"{name}, gone")

    def added(self, now: Picture, row: Annotation) -> None:
        """Tell a row that is in the second only."""
        name = self._new(now, row)
        self.found.classes[name]["added"] += 1
        self.found.tell("annotations added", row.id, now, f"{name}, added")


def _has_box(row: Annotation) -> bool:
    return isinstance(row.bbox, tuple)


def _id(row: Annotation) -> Hashable:
    return row.id


def _text(value: Any) -> bytes:
    return bytes(value) if isinstance(value, Raw) else b""


_keys: dict[type, dict[str, str]] = {}


def _fields(row: msgspec.Struct) -> dict[str, str]:
    """Return the keys of a row's class that are compared one by one, with their attributes."""
    kind = type(row)
    if kind not in _keys:
        pairs = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
        _keys[kind] = {key: name for key, name in pairs if key not in PLACED}
    return _keys[kind]


def _differing(one: msgspec.Struct, other: msgspec.Struct) -> Iterator[tuple[str, Any, Any]]:
    """Yield the keys in which two rows differ, with both values; UNSET where one has none."""
    fields, others = _fields(one), _fields(other)
    if fields is others and all(getattr(one, at) == getattr(other, at) for at in fields.values()):
        return
    for key in fields if fields.keys() >= others.keys() else dict.fromkeys([*fields, *others]):
        was = getattr(one, fields[key]) if key in fields else UNSET
        now = getattr(other, others[key]) if key in others else UNSET
        if was != now and _decoded(was) != _decoded(now):
            yield key, _decoded(was), _decoded(now)


def _decoded(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, Raw) else value


def _shown(value: Any) -> str:
    """Return a value as a few characters of JSON."""
    if value is UNSET:
        return "none"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 24 else f"{text[:23]}…"


def _class_names(parts: Mapping[str, Dataset]) -> Names:
    return {name: part.category_names() for name, part in parts.items()}


def _class_of(names: Names, part: str, row: Annotation) -> str:
    """Return a row's class; of an id that no category has, that id."""
    found = names[part].get(row.category_id)  # type: ignore[arg-type]
    if found is not None:
        return found
    return f"(category {row.category_id})" if isinstance(row.category_id, int) else "(no class)"


def _of_each(parts: Mapping[str, Dataset], names: Names) -> Counter[str]:
    """Return the number of boxes by class, 0 for a class without any."""
    counts = Counter({name: 0 for known in names.values() for name in known.values()})
    for name, part in parts.items():
        for row in part.annotations:
            counts[_class_of(names, name, row)] += 1
    return counts


def _category_changes(before: Mapping[str, Dataset], after: Mapping[str, Dataset]) -> Iterator[str]:
    """Yield what became of categories: added, gone, of another id or with other values."""
    old, new = (_categories(parts.values()) for parts in (before, after))
    for name in (name for name in old if name not in new):
        yield f"{name} is gone"
    for name, row in new.items():
        if name not in old:
            yield f"{name} is added"
            continue
        if old[name].id != row.id:
            yield f"{name} has the id {row.id}, was {old[name].id}"
        for key, was, now in _differing(old[name], row):
            if key != "name":
                yield f"{name}: {key} {_shown(was)} -> {_shown(now)}"


def _categories(parts: Iterable[Dataset]) -> dict[str, Any]:
    return {category.name: category for part in parts for category in part.categories}


def _moved(found: _Found) -> Moved | None:
    if not found.shifts:
        return None
    figures = median(found.shifts), max(found.shifts), found.least_iou
    return Moved(len(found.shifts), *(round(float(figure), 4) for figure in figures))
