"""Tell in figures and words what became of rows."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import median

from coco_recipe.asking.row_classes import Classes
from coco_recipe.asking.row_figures import ChangedRow, Moved, Table
from coco_recipe.asking.row_matching import NONE, Picture, iou_of, shift_of
from coco_recipe.asking.row_values import differing, shown
from coco_recipe.dataset import Annotation


@dataclass(slots=True)
class Told:
    """What is told of rows, counted, with the first of each kind.

    Attributes:
        classes: names the classes of both.
        most: how many rows of each kind of change to name.
        has_parts: a picture that is in another part has changed.
        first: the first rows, by table and what happened, as ``images gone``.
        number: how many rows, likewise.
        by_class: how many boxes, by class and what happened.
        keys: how many rows have another value, by table and key.
        relabelled: how many boxes, by ``old -> new``.
        shifts: how far boxes moved, in pixels.
        least_iou: of a box with its old place.
    """

    classes: Classes
    most: int
    has_parts: bool = True
    first: dict[str, list[ChangedRow]] = field(default_factory=lambda: defaultdict(list))
    number: Counter[str] = field(default_factory=Counter)
    by_class: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
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

    def moved(self) -> Moved | None:
        """Return how far boxes moved; None where none did."""
        if not self.shifts:
            return None
        figures = median(self.shifts), max(self.shifts), self.least_iou
        return Moved(len(self.shifts), *(round(float(figure), 4) for figure in figures))

    def picture_gone(self, was: Picture) -> None:
        """Tell a picture that is in the first only, and its rows."""
        if was.image is not NONE:
            self.tell("images gone", was.image.id, was, "gone")
        for row in was.rows:
            self.gone(was, row)

    def picture_added(self, now: Picture) -> None:
        """Tell a picture that is in the second only, and its rows."""
        if now.image is not NONE:
            self.tell("images added", now.image.id, now, "added")
        for row in now.rows:
            self.added(now, row)

    def picture_kept(self, was: Picture, now: Picture) -> None:
        """Tell what differs between the rows of ``images`` of a picture that is in both."""
        if was.image is NONE:
            return
        told = []
        if self.has_parts and was.part != now.part:
            told.append(f"from {was.part} to {now.part}")
            self.keys["images: part"] += 1
        if was.image.file_name != now.image.file_name:
            told.append(f"file name was {was.image.file_name}")
            self.keys["images: file_name"] += 1
        for key, old, new in differing(was.image, now.image):
            told.append(f"{key} {shown(old)} -> {shown(new)}")
            self.keys[f"images: {key}"] += 1
        if was.image.id != now.image.id:
            self.number["images renumbered"] += 1
        if told:
            self.tell("images changed", now.image.id, now, "; ".join(told))

    def kept(self, was: Picture, now: Picture, one: Annotation, other: Annotation) -> None:
        """Tell what differs between two rows of ``annotations`` that are one."""
        if one.id != other.id:
            self.number["annotations renumbered"] += 1
        changed = list(differing(one, other))
        has_same_class = self.classes.same(was.part, one, now.part, other)
        if not changed and one.bbox == other.bbox and has_same_class:
            return
        old, new = self.classes.old(was.part, one), self.classes.new(now.part, other)
        told = []
        if not has_same_class:
            told.append(f"{old} -> {new}")
            self.keys["annotations: category"] += 1
            self.relabelled[f"{old} -> {new}"] += 1
        if one.bbox != other.bbox:
            self.keys["annotations: bbox"] += 1
            told.append(self._move(one, other))
        for key, value, another in changed:
            self.keys[f"annotations: {key}"] += 1
            told.append(f"{key} {shown(value)} -> {shown(another)}")
        self.by_class[new]["changed"] += 1
        named = [f"{new}: {told[0]}", *told[1:]] if has_same_class else told
        self.tell("annotations changed", other.id, now, "; ".join(named))

    def _move(self, one: Annotation, other: Annotation) -> str:
        if not (isinstance(one.bbox, tuple) and isinstance(other.bbox, tuple)):
            return "has a box" if isinstance(other.bbox, tuple) else "has no box"
        shift, iou = shift_of(one.bbox, other.bbox), iou_of(one.bbox, other.bbox)
        self.shifts.append(shift)
        self.least_iou = min(self.least_iou, iou)
        return f"moved by {shift:.3g} px (IoU {iou:.2f})"

    def gone(self, was: Picture, row: Annotation) -> None:
        """Tell a row that is in the first only."""
        name = self.classes.old(was.part, row)
        self.by_class[name]["gone"] += 1
        self.tell("annotations gone", row.id, was, f"{name}, gone")

    def added(self, now: Picture, row: Annotation) -> None:
        """Tell a row that is in the second only."""
        name = self.classes.new(now.part, row)
        self.by_class[name]["added"] += 1
        self.tell("annotations added", row.id, now, f"{name}, added")
