"""What differs, in words: sections of lines that fit 80 columns."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
from msgspec import UNSET

from coco_recipe.asking.diff import CountChange, Diff
from coco_recipe.asking.row_figures import ChangedRow, RowChanges, Table
from coco_recipe.asking.value_changes import Change
from coco_recipe.errors import counted, one_line
from coco_recipe.observing import table
from coco_recipe.observing.table import width_of

WIDTH = 80
MOST = 20  # lines of a section
IN_LINE = 5  # counts of a port
HASH = 64  # letters of a SHA-256, of which a few are shown
SAME = "no difference"


def text(found: Diff) -> str:
    """Return what differs as text; one line where nothing does."""
    lines = [f"{found.a} -> {found.b}"]
    sections: tuple[tuple[str, Sequence[Change]], ...] = (
        ("recipe", found.recipe),
        ("versions", found.versions),
        ("inputs", found.inputs),
    )
    for name, changes in sections:
        lines += _section(name, [_change(one) for one in changes])
    lines += _section("counts", list(_counts_of_steps(found.counts)))
    if found.rows and found.rows.differ:
        lines += _section("rows", list(_rows(found.rows)), cut=False)
    lines += _section("metrics", [_change(one) for one in found.metrics])
    if not found.differs:
        lines.append(SAME)
    return "\n".join([*lines, *(f"note: {note}" for note in found.notes)])


def _section(name: str, lines: Sequence[str], *, cut: bool = True) -> list[str]:
    if not lines:
        return []
    shown = list(lines[:MOST] if cut else lines)
    if len(lines) > len(shown):
        shown.append(f"and {len(lines) - len(shown)} more; --format json has all")
    return [name, *(wrapped for line in shown for wrapped in _wrapped(line))]


def _wrapped(line: str) -> list[str]:
    """Return a line below its section, broken where it is too long and not a table's."""
    if "\n" in line:
        return textwrap.indent(line, "  ").splitlines()
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    lines = [indent]
    for word in line.split():
        apart = " " * (lines[-1] != indent)
        if width_of(lines[-1] + apart + word) <= WIDTH:
            lines[-1] += apart + word
            continue
        indent = indent if len(lines) > 1 else f"{indent}    "
        if lines[-1].strip():
            lines.append(indent)
        for letter in word:
            if width_of(lines[-1] + letter) > WIDTH:
                lines.append(indent)
            lines[-1] += letter
    return lines


def _change(change: Change) -> str:
    was, now = _value(change.was), _value(change.now)
    if change.was is UNSET:
        return f"{change.place}: added, {now}"
    if change.now is UNSET:
        return f"{change.place}: gone, was {was}"
    return f"{change.place}: {was} -> {now}{_by(change.was, change.now)}"


def _by(was: Any, now: Any) -> str:
    """Return by how much a number changed, with its sign."""
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (was, now))
    return f" ({now - was:+.4g})" if numbers else ""


def _value(value: Any) -> str:
    """Return a value in a line: numbers to six digits, hashes by their first eight letters."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        is_hash = len(value) == HASH and set(value) <= set("0123456789abcdef")
        return value[:8] if is_hash else value
    return msgspec.json.encode(value).decode() if value is not UNSET else ""


def _counts_of_steps(changes: Sequence[CountChange]) -> Iterator[str]:
    """Yield a line for each port of a step, with the first of what differs there."""
    for (step, port), group in groupby(changes, key=lambda one: (one.step, one.port)):
        told = [f"{one.what} {one.was} -> {one.now}" for one in group]
        more = f", and {len(told) - IN_LINE} more" if len(told) > IN_LINE else ""
        yield f"{step}.{port}: {', '.join(told[:IN_LINE])}{more}"


def _rows(rows: RowChanges) -> Iterator[str]:
    yield f"images: {_counts(rows.images)}"
    yield f"boxes: {_counts(rows.annotations)}"
    if rows.moved:
        moved = rows.moved
        yield (
            f"moved: {counted(moved.boxes, 'box')} by {moved.median_px:.3g} px (median) "
            f"to {moved.most_px:.3g} px, IoU {moved.least_iou:.2f} at least"
        )
    if rows.keys:
        keys = ", ".join(f"{key} of {number}" for key, number in rows.keys.items())
        yield f"values: {keys}"
    for names, number in list(rows.relabelled.items())[:MOST]:
        yield f"class: {one_line(names)}, {counted(number, 'box')}"
    for told in rows.categories[:MOST]:
        yield f"category: {one_line(told)}"
    if len(rows.categories) > MOST:
        yield f"category: and {len(rows.categories) - MOST} more"
    differing = {
        name: one for name, one in rows.classes.items() if one.added or one.gone or one.changed
    }
    if differing:
        listed = list(differing.items())[:MOST]
        yield (
            table.text(
                {
                    "head": ["class", "was", "now", "added", "gone", "changed"],
                    "rows": [
                        [name, *map(str, (one.was, one.now, one.added, one.gone, one.changed))]
                        for name, one in listed
                    ],
                    "foot": f"and {len(differing) - MOST} more classes"
                    if differing.keys() - dict(listed)
                    else "",
                }
            )
            + "\n"
        )
    for kind, first in rows.first.items():
        number = _number(rows, kind)
        yield f"{kind}: {number}" + (f", the first {len(first)}:" if number > len(first) else ":")
        for row in first:
            yield f"  {one_line(_row(row))}"


def _number(rows: RowChanges, kind: str) -> int:
    name, _, what = kind.partition(" ")
    found: int = getattr(getattr(rows, name), what)
    return found


def _row(row: ChangedRow) -> str:
    place = f" ({row.part})" if row.part else ""
    on = f" on {row.file_name}" if row.row.startswith("annotation") else f" {row.file_name}"
    return f"{row.row}{on}{place}: {row.what}"


def _counts(one: Table) -> str:
    told = [f"{one.was} -> {one.now}", f"{one.same} the same"]
    told += [
        f"{number} {word}"
        for number, word in (
            (one.changed, "changed"),
            (one.added, "added"),
            (one.gone, "gone"),
            (one.renumbered, "with another id"),
        )
        if number
    ]
    return ", ".join(told)
