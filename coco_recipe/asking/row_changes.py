"""What differs between the rows of two data sets: pictures by name, boxes by place, whatever ids.

A picture is known by its file name, an untouched one also by the original that it goes back to.
Within a picture, rows of one class and box are one; then those that kept their id, where ids were
kept; then the two that overlap most, from an IoU of .50 on.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from coco_recipe.dataset import Annotation, Dataset, Image, Origin

LEAST_IOU = 0.5
KEPT_IDS = 0.9  # from this share of equal rows on, ids tell rows that moved far
PLACED = ("id", "image_id", "category_id", "bbox", "file_name", "coco_recipe")  # looked at apart
Box = tuple[float, float, float, float]  # x, y, width, height in pixels


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


@dataclass(frozen=True, slots=True)
class _Picture:
    """An image with its part and its rows."""

    part: str
    image: Image
    origin: str  # its own name among the raw files
    rows: list[Annotation]


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

    def tell(self, kind: str, row: str, picture: _Picture, what: str) -> None:
        """Count a change, and keep it if it is among the first of its kind."""
        self.number[kind] += 1
        if len(self.first[kind]) < self.most:
            self.first[kind].append(ChangedRow(row, picture.image.file_name, picture.part, what))

    def table(self, name: str, was: int, now: int) -> Table:
        """Return the counts of a table."""
        added, gone = self.number[f"{name} added"], self.number[f"{name} gone"]
        changed = self.number[f"{name} changed"]
        renumbered = self.number[f"{name} renumbered"]
        return Table(was, now, now - added - changed, changed, added, gone, renumbered)


def changes(
    before: Mapping[str, Dataset], after: Mapping[str, Dataset], most: int = 5
) -> RowChanges:
    """Return what differs between the rows of data sets.

    Args:
        before: the first ones, by part; the names of parts don't count where each side has one.
        after: the second ones.
        most: how many rows of each kind of change to name.
    """
    if len(before) == len(after) == 1:
        before, after = ({"": part} for parts in (before, after) for part in parts.values())
    names_before, names_after = _class_names(before), _class_names(after)
    old, new = list(_pictures(before)), list(_pictures(after))
    found = _Found(most)
    pairs = _pairs(old, new)
    taken = {id(was) for was, _ in pairs}, {id(now) for _, now in pairs}
    compare = _Rows(found, names_before, names_after)
    compare.all(pairs)
    for was in (one for one in old if id(one) not in taken[0]):
        if was.image is not _NONE:
            found.tell("images gone", f"image {was.image.id}", was, "gone")
        for row in was.rows:
            compare.gone(was, row)
    for now in (one for one in new if id(one) not in taken[1]):
        if now.image is not _NONE:
            found.tell("images added", f"image {now.image.id}", now, "added")
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
        {kind: tuple(rows) for kind, rows in found.first.items() if "renumbered" not in kind},
    )


_NONE = Image(-1, "")  # of annotations without an image


def _pictures(parts: Mapping[str, Dataset]) -> Iterator[_Picture]:
    for name, part in parts.items():
        rows: dict[int, list[Annotation]] = {image.id: [] for image in part.images}
        lost: list[Annotation] = []
        for row in part.annotations:
            rows.get(row.image_id, lost).append(row)
        for image in part.images:
            yield _Picture(name, image, _origin(image), rows.pop(image.id, []))
        if lost:
            yield _Picture(name, _NONE, "", lost)


def _origin(image: Image) -> str:
    """Return the name of an untouched picture among the raw files; empty for one that was made."""
    mark = image.coco_recipe
    if not isinstance(mark, Origin) or not mark.root:
        return image.file_name
    return "" if mark.source else mark.root.partition("/")[2]


def _pairs(old: Sequence[_Picture], new: Sequence[_Picture]) -> list[tuple[_Picture, _Picture]]:
    """Return the pictures that are in both, in the order of the second."""
    order = {id(one): n for n, one in enumerate(new)}
    pairs: list[tuple[_Picture, _Picture]] = []
    ways: Sequence[tuple[Callable[[_Picture], Hashable], bool]] = (
        (lambda one: (one.part, one.image.file_name), False),
        (lambda one: one.image.file_name, False),
        (lambda one: one.origin, True),
        (lambda one: one.image.file_name.replace("\\", "/").rpartition("/")[2], True),
    )
    for key, must_be_one in ways:
        waiting: dict[Hashable, list[_Picture]] = defaultdict(list)
        for one in old:
            waiting[key(one)].append(one)
        same = Counter(map(key, new))
        rest = []
        for one in new:
            others = waiting.get(key(one)) or []
            if (
                others
                and key(one)
                and not (must_be_one and (len(others) > 1 or same[key(one)] > 1))
            ):
                pairs.append((others.pop(0), one))
            else:
                rest.append(one)
        taken = {id(was) for was, _ in pairs}
        old, new = [one for one in old if id(one) not in taken], rest
        if not old or not new:
            break
    return sorted(pairs, key=lambda pair: order[id(pair[1])])


@dataclass(frozen=True, slots=True)
class _Rows:
    """Compares the rows of pictures that are in both."""

    found: _Found
    before: Mapping[tuple[str, int], str]
    after: Mapping[tuple[str, int], str]

    def all(self, pairs: Sequence[tuple[_Picture, _Picture]]) -> None:
        """Compare all: first what is equal, which tells whether ids were kept."""
        left = []
        equal = kept = 0
        for was, now in pairs:
            if was.image is not _NONE:
                self._image(was, now)
            if was.rows == now.rows and self._same_classes(was, now):
                equal, kept = equal + len(now.rows), kept + len(now.rows)
                continue
            rest = list(was.rows), list(now.rows)
            for one, other in _taken(rest, self._whole(was.part), self._whole(now.part, new=True)):
                equal, kept = equal + 1, kept + (one.id == other.id)
                self._kept(was, now, one, other)
            if rest[0] or rest[1]:
                left.append((was, now, *rest))
        by_id = kept >= KEPT_IDS * equal if equal else _share_their_ids(left)
        for was, now, old, new in left:
            self._left(was, now, (old, new), by_id=by_id)

    def _same_classes(self, was: _Picture, now: _Picture) -> bool:
        return all(self._old(was, row) == self._new(now, row) for row in now.rows)

    def _old(self, picture: _Picture, row: Annotation) -> str:
        return _class_of(self.before, picture.part, row)

    def _new(self, picture: _Picture, row: Annotation) -> str:
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
        was: _Picture,
        now: _Picture,
        rest: tuple[list[Annotation], list[Annotation]],
        *,
        by_id: bool,
    ) -> None:
        """Compare the rows that have no equal: by id, by the same box, by overlap."""
        pairs = list(_taken(rest, _id, _id)) if by_id else []
        pairs += _taken(rest, lambda row: row.bbox, lambda row: row.bbox, only=_has_box)
        for same_class in (True, False):
            overlaps = sorted(
                (
                    (-iou, n, m)
                    for n, m, iou in _overlaps(*rest)
                    if not same_class or self._old(was, rest[0][n]) == self._new(now, rest[1][m])
                ),
            )
            used: tuple[set[int], set[int]] = (set(), set())
            for _, n, m in overlaps:
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

    def _image(self, was: _Picture, now: _Picture) -> None:
        """Compare two rows of ``images``."""
        number = f"image {now.image.id}"
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
            self.found.tell("images renumbered", number, now, "")
        if told:
            self.found.tell("images changed", number, now, "; ".join(told))

    def _kept(self, was: _Picture, now: _Picture, one: Annotation, other: Annotation) -> None:
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
        number = f"annotation {other.id}"
        if one.id != other.id:
            self.found.tell("annotations renumbered", number, now, "")
        if told:
            self.found.classes[new]["changed"] += 1
            named = told if old != new else [f"{new}: {told[0]}", *told[1:]]
            self.found.tell("annotations changed", number, now, "; ".join(named))

    def _move(self, one: Annotation, other: Annotation) -> str:
        if not (isinstance(one.bbox, tuple) and isinstance(other.bbox, tuple)):
            return "has a box" if isinstance(other.bbox, tuple) else "has no box"
        shift, iou = _shift(one.bbox, other.bbox), _iou(one.bbox, other.bbox)
        self.found.shifts.append(shift)
        self.found.least_iou = min(self.found.least_iou, iou)
        return f"moved by {shift:.3g} px (IoU {iou:.2f})"

    def gone(self, was: _Picture, row: Annotation) -> None:
        """Tell a row that is in the first only."""
        name = self._old(was, row)
        self.found.classes[name]["gone"] += 1
        self.found.tell("annotations gone", f"annotation {row.id}", was, f"{name}, gone")

    def added(self, now: _Picture, row: Annotation) -> None:
        """Tell a row that is in the second only."""
        name = self._new(now, row)
        self.found.classes[name]["added"] += 1
        self.found.tell("annotations added", f"annotation {row.id}", now, f"{name}, added")


def _taken(
    rest: tuple[list[Annotation], list[Annotation]],
    key: Callable[[Annotation], Hashable],
    other_key: Callable[[Annotation], Hashable],
    only: Callable[[Annotation], bool] = lambda row: True,
) -> Iterator[tuple[Annotation, Annotation]]:
    """Yield pairs of rows with an equal key, those of one id first, and take them out of both."""
    waiting: dict[Hashable, list[Annotation]] = defaultdict(list)
    for row in filter(only, rest[0]):
        waiting[key(row)].append(row)
    pairs = []
    for row in filter(only, rest[1]):
        if others := waiting.get(other_key(row)):
            same = next((n for n, one in enumerate(others) if one.id == row.id), 0)
            pairs.append((others.pop(same), row))
    for n in (0, 1):
        gone = {id(pair[n]) for pair in pairs}
        rest[n][:] = [row for row in rest[n] if id(row) not in gone]
    yield from pairs


def _share_their_ids(
    left: Sequence[tuple[_Picture, _Picture, list[Annotation], list[Annotation]]],
) -> bool:
    """Say whether rows of which none is as it was have their ids."""
    same = sum(len({row.id for row in old} & {row.id for row in new}) for *_, old, new in left)
    return same >= KEPT_IDS * sum(min(len(old), len(new)) for *_, old, new in left)


def _overlaps(
    old: Sequence[Annotation], new: Sequence[Annotation]
) -> Iterator[tuple[int, int, float]]:
    """Yield the places of boxes that overlap enough, with their IoU; a sweep from left to right."""
    boxes = [(row.bbox, n) for n, row in enumerate(new) if isinstance(row.bbox, tuple)]
    boxes.sort()
    widest = max((box[2] for box, _ in boxes), default=0)
    for n, row in enumerate(old):
        if not isinstance(row.bbox, tuple):
            continue
        x, _, w, _ = row.bbox
        for box, m in boxes:
            if box[0] > x + w:
                break
            if box[0] + widest >= x and (iou := _iou(row.bbox, box)) >= LEAST_IOU:
                yield n, m, iou


def _iou(one: Box, other: Box) -> float:
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(wide, 0) * max(high, 0)
    whole = one[2] * one[3] + other[2] * other[3] - shared
    return shared / whole if whole > 0 else float(one == other)


def _shift(one: Box, other: Box) -> float:
    """Return the most that an edge moved, in pixels."""
    x, y, w, h = (new - old for old, new in zip(one, other, strict=True))
    return max(abs(x), abs(y), abs(x + w), abs(y + h))


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


def _class_names(parts: Mapping[str, Dataset]) -> dict[tuple[str, int], str]:
    return {
        (name, category.id): category.name
        for name, part in parts.items()
        for category in part.categories
    }


def _class_of(names: Mapping[tuple[str, int], str], part: str, row: Annotation) -> str:
    """Return a row's class; of an id that no category has, that id."""
    if not isinstance(row.category_id, int):
        return "(no class)"
    return names.get((part, row.category_id)) or f"(category {row.category_id})"


def _of_each(parts: Mapping[str, Dataset], names: Mapping[tuple[str, int], str]) -> Counter[str]:
    """Return the number of boxes by class, 0 for a class without any."""
    counts = Counter(dict.fromkeys(names.values(), 0))
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
