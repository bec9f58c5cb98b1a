"""Write a step's table as text for a terminal."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

GAP = 2
NAME_WIDTH, FIGURE_WIDTH = 28, 16
SHORTEST_NAME = 12


def text(table: Mapping[str, Any], *, width: int = 70) -> str:
    """Write a table with a column of names and columns of figures.

    Args:
        table: what a step notes as ``table``: ``head`` (texts), ``rows`` (lists of as many) and
            ``foot``.
        width: cells of a line; names are cut for it, and columns that have no room even so are
            counted below.
    """
    lines = [table["head"], *table["rows"]]
    most = [NAME_WIDTH, *(FIGURE_WIDTH for _ in table["head"][1:])]
    widths = [min(limit, max(width_of(line[n]) for line in lines)) for n, limit in enumerate(most)]
    over = sum(widths) + GAP * (len(widths) - 1) - width
    widths[0] = max(min(widths[0], SHORTEST_NAME), widths[0] - max(over, 0))
    shown = max(n for n in range(1, len(widths) + 1) if sum(widths[:n]) + GAP * (n - 1) <= width)
    written = [_line(line[:shown], widths) for line in lines]
    left_out = f"and {len(widths) - shown} more columns" if shown < len(widths) else ""
    return "\n".join([*written, *filter(None, (table.get("foot"), left_out))])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, *figures = (cut(cell, width) for cell, width in zip(cells, widths, strict=False))
    padded = (
        " " * (GAP + width - width_of(cell)) + cell
        for cell, width in zip(figures, widths[1:], strict=False)
    )
    return name + " " * (widths[0] - width_of(name)) + "".join(padded)


def cut(cell: str, width: int) -> str:
    """Return a text that takes so many cells at most, its end left out where it is longer."""
    if width_of(cell) <= width:
        return cell
    while width_of(cell) > width - 1:
        cell = cell[:-1]
    return f"{cell}…"


def width_of(string: str) -> int:
    """Return how many cells of a terminal a text takes.

    Args:
        string: the text.

    Returns:
        The number of cells: wide characters take two, combining ones none.
    """
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in string
    )


def padded(cell: str, width: int) -> str:
    """Return a text with spaces behind it, so that it takes so many cells."""
    return cell + " " * (width - width_of(cell))


def wrapped(string: str, width: int, *, first: str = "", later: str = "") -> list[str]:
    """Return a text in lines of so many cells at most.

    Lines break at spaces; a word that is longer than a line, as of a script without spaces, breaks
    where the line is full.

    Args:
        string: the text.
        width: cells of a line.
        first: what the first line begins with.
        later: what the others begin with.
    """
    lines, line = [], first
    is_empty = True
    for word in string.split():
        gap = "" if is_empty else " "
        if (
            width_of(line + gap + word) > width
            and not is_empty
            and (width_of(later + word) <= width or width - width_of(line) < width // 4)
        ):
            lines.append(line)
            line, gap = later, ""
        line += gap
        for character in word:
            if width_of(line + character) > width:
                lines.append(line)
                line = later
            line += character
        is_empty = False
    return [*lines, line]
