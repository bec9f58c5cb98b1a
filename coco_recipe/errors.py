"""Every error that a user can cause, and the record of one problem in a file."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_LISTED = 30


def show_path(path: Sequence[str | int]) -> str:
    """Write a key path as ``steps[2].with.fractions``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return a hint that names the nearest known word, or all of them if they are few."""
    import difflib

    if close := difflib.get_close_matches(word, known, n=1):
        return f"did you mean '{close[0]}'?"
    return f"known here: {', '.join(sorted(known))}" if 0 < len(known) <= MAX_LISTED else ""


def counted(number: int, noun: str) -> str:
    """Write a number with its English noun: ``1 image``, ``2 boxes``, ``3 categories``."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{number} {noun[:-1]}ies"
    return f"{number} {noun}{'es' if noun.endswith(('x', 's', 'ch', 'sh')) else 's'}"


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file, or an option with its text (``--set``, ``a.b=2``).

    ``line`` and ``column`` count from 1, ``path`` is the key path, as ``steps[2].with``.
    """

    file: str
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.file.startswith("--"):
            return f"{self.file} {self.path}: "
        position = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{position}: {self.path}: " if self.path else f"{self.file}{position}: "


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it stands, what it is, and what to do about it."""

    where: Where
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}{self.what}" + (f"\n    hint: {self.hint}" if self.hint else "")


class CocoRecipeError(Exception):
    """Base of every expected error."""


class RecipeError(CocoRecipeError):
    """A recipe is wrong; ``problems`` lists everything that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.where.file, p.where.line, p.where.column)))
        super().__init__("\n".join(map(str, self.problems)))


class DatasetError(CocoRecipeError):
    """An annotation file or a data set is not what it has to be."""


class FindingsError(DatasetError):
    """Findings stop a run; ``findings`` lists those that do."""

    def __init__(self, findings: Sequence[object]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, self.findings)))


class PluginError(CocoRecipeError):
    """A plugin can't be loaded, or what it registers is wrong."""


class StepError(CocoRecipeError):
    """A step failed while it ran; the message names the step."""


class RunError(CocoRecipeError):
    """The run directory can't be used."""
