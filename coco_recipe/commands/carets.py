"""Show the line of a recipe that a problem is about, with a caret under the place."""

from functools import lru_cache
from pathlib import Path

from coco_recipe.errors import Problem
from coco_recipe.observing.table import width_of
from coco_recipe.terminal import safe

WIDTH = 96  # cells of a line that are shown
BEFORE = 48  # of them before the caret, where the line is longer
TAB = "    "
MOST_BYTES = 10_000_000


def told(problem: Problem) -> str:
    """Return a problem with its line and a caret below; the problem alone where it has no line."""
    shown = _line(problem)
    return f"{problem}\n{shown}" if shown else str(problem)


def _line(problem: Problem) -> str:
    where = problem.where
    lines = _lines(where.file) if where.line and where.column else ()
    if not 0 < where.line <= len(lines):
        return ""
    text = lines[where.line - 1]
    before, after = _shown(text[: where.column - 1]), _shown(text[where.column - 1 :])
    before = _end_of(before, BEFORE) if width_of(before + after) > WIDTH else before
    after = _start_of(after, WIDTH - width_of(before))
    margin = f"    {where.line} | "
    gap = " " * (len(margin) - 2) + "| "
    return f"{margin}{before}{after}".rstrip() + f"\n{gap}{' ' * width_of(before)}^"


def _shown(text: str) -> str:
    return safe(text.replace("\t", TAB))


def _start_of(text: str, cells: int) -> str:
    """Return the start of a text, with a mark where its end is left out."""
    if width_of(text) <= cells:
        return text
    shown = text[:cells]  # a character has a cell or more, but for marks above others
    while shown and width_of(shown) > cells - 1:
        shown = shown[:-1]
    return f"{shown}…"


def _end_of(text: str, cells: int) -> str:
    """Return the end of a text, with a mark where its start is left out."""
    if width_of(text) <= cells:
        return text
    shown = text[-cells:]
    while shown and width_of(shown) > cells - 1:
        shown = shown[1:]
    return f"…{shown}"


@lru_cache(maxsize=8)
def _lines(name: str) -> tuple[str, ...]:
    """Return the lines of a recipe's file; none where it can't be read."""
    path = Path(name)
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return ()
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError):
        return ()
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
