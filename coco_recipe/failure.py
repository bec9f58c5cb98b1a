"""What is told of an error that stopped a step: our own words, or a library's with its place."""

import dis
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from coco_recipe.errors import CocoRecipeError

OURS = "coco_recipe"  # our packages begin with it, and so do the modules of plugin files


class WorkerTraceback(Exception):
    """The cause of an error that another process raised: its traceback there, as text.

    Args:
        text: the traceback.
        told: what `told` said of the error there, where the frames were.
    """

    def __init__(self, text: str, told: str = "") -> None:
        super().__init__(text, told)
        self.text, self.told = text, told

    def __str__(self) -> str:
        return f"\n{self.text}"


def home_of(function: Callable[..., Any]) -> str:
    """Return the package that a function, or a partial of one, comes from."""
    while isinstance(function, partial):
        function = function.func
    return (getattr(function, "__module__", None) or "").partition(".")[0]


def told(error: BaseException, home: str = "") -> str:
    """Say what went wrong, for people who don't read tracebacks.

    An expected error has its own words: one of ours, or a ValueError that a step raises on purpose.
    Any other gets its type, and at the end of its first line the place where it was raised, with
    the line of ours that led there: ``ValueError: ... [json/decoder.py:355, from mine.py:12]``.

    Args:
        error: what was raised.
        home: the package of the step, beside our own.

    Returns:
        One line, or more where the error's own words have more.
    """
    if isinstance(error.__cause__, WorkerTraceback):
        return error.__cause__.told
    is_expected = isinstance(error, CocoRecipeError) or (
        isinstance(error, ValueError) and _is_on_purpose(error, home)
    )
    if is_expected:
        return words(error) or type(error).__name__
    first, *more = f"{_type(error, home)}: {words(error)}".rstrip(": ").splitlines()
    return "\n".join([f"{first} {_place(error, home)}".rstrip(), *more])


def words(error: BaseException) -> str:
    """Return an error's own words, also where making them is an error."""
    try:
        return str(error)
    except Exception as fault:
        return f"(its own text can't be made: {type(fault).__name__})"


def trace(error: BaseException) -> str:
    """Return the traceback of an error's cause, or else of the error; with those of workers."""
    return "".join(traceback.format_exception(error.__cause__ or error))


def _entries(error: BaseException) -> Iterator[TracebackType]:
    """Yield the entries of an error's traceback, the outermost first."""
    entry = error.__traceback__
    while entry:
        yield entry
        entry = entry.tb_next


def _is_on_purpose(error: BaseException, home: str) -> bool:
    """Say whether a ``raise`` of ours raised it.

    The innermost frame is ours as well where ``math.sqrt(-1)`` does, since what is written in C has
    no frame; the instruction that the frame was at tells one from the other.
    """
    entries = list(_entries(error))
    if not entries or not _is_at_home(entries[-1], home):
        return False
    instruction = entries[-1].tb_frame.f_code.co_code[entries[-1].tb_lasti]
    return dis.opname[instruction] == "RAISE_VARARGS"


def _is_at_home(entry: TracebackType, home: str) -> bool:
    package = _module(entry).partition(".")[0]
    return package.startswith(OURS) or (bool(home) and package == home)


def _type(error: BaseException, home: str) -> str:
    kind = type(error)
    package = kind.__module__.partition(".")[0]
    is_plain = package in ("builtins", "__main__", home) or package.startswith(OURS)
    return kind.__qualname__ if is_plain else f"{kind.__module__}.{kind.__qualname__}"


def _place(error: BaseException, home: str) -> str:
    """Return where an error was raised, and the last line of ours above; empty if it never was."""
    entries = list(_entries(error))
    if not entries:
        return ""
    ours = [entry for entry in entries if _is_at_home(entry, home)]
    led = f", from {_line(ours[-1])}" if ours and ours[-1] is not entries[-1] else ""
    return f"[{_line(entries[-1])}{led}]"


def _line(entry: TracebackType) -> str:
    """Return a line as ``package/module.py:12``, wherever on this machine the package lies."""
    path, name = Path(entry.tb_frame.f_code.co_filename), _module(entry)
    depth = name.count(".") + 1 + (path.stem == "__init__")
    return f"{'/'.join(path.parts[-depth:])}:{entry.tb_lineno}"


def _module(entry: TracebackType) -> str:
    return str(entry.tb_frame.f_globals.get("__name__", ""))
