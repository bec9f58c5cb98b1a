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
    name, *figures = (_cut(cell, width) for cell, width in zip(cells, widths, strict=False))
    padded = (
        " " * (GAP + width - width_of(cell)) + cell
        for cell, width in zip(figures, widths[1:], strict=False)
    )
    return name + " " * (widths[0] - width_of(name)) + "".join(padded)


def _cut(cell: str, width: int) -> str:
    if width_of(cell) <= width:
        return cell
    while width_of(cell) > width - 1:
        cell = cell[:-1]
    return f"{cell}…"


def width_of(string: str) -> int:
    """Return how many cells of a terminal a text takes: wide characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in string
    )
