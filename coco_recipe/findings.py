"""Findings: what is wrong with data, or worth knowing about a step; all of it."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

from coco_recipe.errors import about, one_line
from coco_recipe.manifest import FindingRecord, FindingRow, Severity

Choice = Literal["error", "warning", "ignore"]
FIRST_ROWS = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding; a plugin offers its own through the hook ``coco_recipe_findings``.

    Attributes:
        name: what a recipe writes under ``findings:``, as ``boxes_of_no_area``.
        severity: what it is unless the recipe says otherwise.
        what: what is counted, as it follows the number: ``boxes have no area``.
        remedy: what the user can do: a step, a parameter, as ``repair: area: recompute``.
        needed: steps rely on its absence, so that a recipe can't make a warning of it.
    """

    name: str
    severity: Severity
    what: str
    remedy: str
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """Checks of pictures or masks that a plugin offers through the hook ``coco_recipe_checks``.

    Attributes:
        name: what it is called in messages.
        about: pictures (the data set has a folder of them) or masks (a large file is given in
            parts, some rows with their images at a time).
        kinds: the kinds that it finds.
        run: ``run(dataset, place, decode=False) -> findings``; with ``decode`` whole pictures are
            read.
        needs: import names that must be installed.
    """

    name: str
    about: Literal["pictures", "masks"]
    kinds: tuple[Kind, ...]
    run: Callable[..., "Iterable[Finding]"]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row that a finding is about.

    Attributes:
        name: the row in words, as ``annotation 12`` or ``image 3 ('a.jpg')``.
        value: the value that was seen, JSON-like; None where there is none to show.
        file_name: the file name of the image that the row belongs to; empty where there is none.
    """

    name: str
    value: Any = None
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: how often, the first few rows, and what to do about it.

    Attributes:
        kind: what it is.
        place: the input's name, the step's id, or the file that was checked.
        count: how many rows.
        first: the first few of them.
        severity: error or warning, after the recipe's own choice.
        remedy: what to do; the kind's own unless this case has a better one.
        file: the file that it is about, relative to where the command was given; empty for none.
        line: of that file; 0 for none.
        pictures: all its rows by the path of their picture, as text, where it is about pictures.
    """

    kind: Kind
    place: str
    count: int
    first: tuple[Row, ...]
    severity: Severity
    remedy: str
    file: str = ""
    line: int = 0
    pictures: Mapping[str, Row] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        kind: Kind,
        place: str,
        rows: Iterable[Row],
        *,
        count: int | None = None,
        remedy: str = "",
    ) -> "Finding":
        """Make a finding of all its rows, or of the first ones and their ``count``.

        Args:
            kind: what it is.
            place: the input's name, the step's id, or the file that was checked.
            rows: all rows, or the first ones.
            count: how many rows there are, where ``rows`` are only the first.
            remedy: what to do, where the kind's own remedy isn't the best.

        Returns:
            The finding, which counts all rows and names the first.
        """
        remaining = iter(rows)
        first = tuple(islice(remaining, FIRST_ROWS))
        total = len(first) + sum(1 for _ in remaining) if count is None else count
        return cls(kind, place, total, first, kind.severity, remedy or kind.remedy)

    @classmethod
    def of_pictures(
        cls, kind: Kind, place: str, rows: Mapping[str, Row], *, remedy: str = ""
    ) -> "Finding":
        """Make a finding about pictures.

        Args:
            kind: what it is.
            place: the input's name, the step's id, or the file that was checked.
            rows: all rows by their pictures' paths, as text.
            remedy: what to do, where the kind's own remedy isn't the best.

        Returns:
            The finding, of which `of_some` tells what is about some of the pictures.
        """
        return replace(cls.of(kind, place, rows.values(), remedy=remedy), pictures=rows)

    def of_some(self, pictures: Container[str]) -> "Finding":
        """Return what it says of some of its pictures.

        Args:
            pictures: their paths, as text.

        Returns:
            The finding of these alone; its count is 0 where it says nothing of them.
        """
        rows = {path: row for path, row in self.pictures.items() if path in pictures}
        return replace(
            self, count=len(rows), first=tuple(islice(rows.values(), FIRST_ROWS)), pictures=rows
        )

    def record(self) -> FindingRecord:
        """Return the finding as the run's record keeps it."""
        rows = tuple(FindingRow(row.name, row.file_name, row.value) for row in self.first)
        return FindingRecord(
            kind=self.kind.name,
            severity=self.severity,
            place=self.place,
            count=self.count,
            what=self.kind.what,
            first=rows,
            remedy=self.remedy,
        )

    @classmethod
    def from_record(cls, record: FindingRecord) -> "Finding":
        """Make the finding of its record again.

        Args:
            record: as `record` gave it.

        Returns:
            The finding; pictures aren't recorded, so it has none.
        """
        kind = Kind(record.kind, record.severity, record.what, record.remedy)
        first = tuple(Row(row.row, row.value, row.file_name) for row in record.first)
        return cls(kind, record.place, record.count, first, kind.severity, kind.remedy)

    def __str__(self) -> str:
        rows = "; ".join(
            one_line(row.name)
            if row.value is None
            else f"{one_line(row.name)}: {' '.join(str(row.value).split())}"
            for row in self.first
        )
        more = (
            f"; and {self.count - len(self.first)} more"
            if self.first and self.count > len(self.first)
            else ""
        )
        text = f"{self.place}: {about(self.count, self.kind.what)}" + (
            f": {rows}{more}" if rows else ""
        )
        return f"{text} ({self.kind.name})" + (f"\n    hint: {self.remedy}" if self.remedy else "")


def merged(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put findings of one kind together, in the order of each kind's first.

    They are of parts of one place.
    """
    by_kind: dict[str, Finding] = {}
    for finding in found:
        if before := by_kind.get(finding.kind.name):
            first = (*before.first, *finding.first)[:FIRST_ROWS]
            finding = replace(before, count=before.count + finding.count, first=first)
        by_kind[finding.kind.name] = finding
    return tuple(by_kind.values())


def judged(found: Iterable[Finding], choices: Mapping[str, Choice]) -> tuple[Finding, ...]:
    """Give each finding the severity that the recipe chose for its kind.

    Leave out what it ignores.
    """
    result = []
    for finding in found:
        choice = choices.get(finding.kind.name, finding.severity)
        if choice != "ignore":
            result.append(replace(finding, severity=choice))
    return tuple(result)
