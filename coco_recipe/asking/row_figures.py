"""The figures of what differs between the rows of two data sets."""

import msgspec


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
