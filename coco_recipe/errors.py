"""Every error that a user can cause, and the record of one problem in a file."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_LISTED = 30
MAX_WITH = 4  # words that a hint names of those that have what was written in them


def one_line(text: str) -> str:
    r"""Return a name as it is told: a line break in it is written as ``\n``, and begins no line."""
    return text.replace("\r", "\\r").replace("\n", "\\n")


def show_path(path: Sequence[str | int]) -> str:
    """Write a key path as messages have it.

    Args:
        path: keys of mappings and, from 0, places in lists.

    Returns:
        As ``steps[2].with.fractions``.
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(
        "."
    )


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return a hint that names the nearest known word, those with it, or all if they are few.

    Args:
        word: what was written.
        known: what could have been meant.

    Returns:
        The hint; empty where no word is near and there are more than 30.
    """
    import difflib

    if close := difflib.get_close_matches(word, known, n=1):
        return f"did you mean '{one_line(close[0])}'?"
    if len(known) > MAX_LISTED and (having := [one for one in known if word and word in one]):
        more = f" and {len(having) - MAX_WITH} more" if len(having) > MAX_WITH else ""
        return f"there are {', '.join(map(repr, having[:MAX_WITH]))}{more}"
    return (
        f"known here: {', '.join(map(one_line, sorted(known)))}"
        if 0 < len(known) <= MAX_LISTED
        else ""
    )


def counted(number: int, noun: str) -> str:
    """Write a number with its English noun: ``1 image``, ``2 boxes``, ``3 categories``.

    Args:
        number: of the things.
        noun: one of them, in the singular.

    Returns:
        Both, with the noun in the plural unless the number is 1.
    """
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{number} {noun[:-1]}ies"
    hisses = noun.endswith(("x", "s", "ch", "sh")) and noun != "epoch"
    return f"{number} {noun}{'es' if hisses else 's'}"


_OF_ONE = {
    "have": "has",
    "are": "is",
    "lie": "lies",
    "lead": "leads",
    "reach": "reaches",
    "point": "points",
    "look": "looks",
    "stand": "stands",
    "hold": "holds",
    "go": "goes",
    "end": "ends",
    "drop": "drops",
    "change": "changes",
    "had": "had",
    "could": "could",
    "can't": "can't",
    "is": "is",
    "differ": "differs",
    "collide": "collides",
    "don't": "doesn't",
}


def about(number: int, text: str) -> str:
    """Write a number before a sentence about several things; about one thing if the number is 1.

    ``2 boxes have no area``, ``1 box has no area``. The noun stands before the first verb; what
    follows a comma or a colon stays as it is.

    Args:
        number: of the things.
        text: the sentence, written for several.

    Returns:
        The number with the sentence, in the singular for 1.
    """
    said = re.match(r"(?:\([^)]*\)|[^,:(])*", text)[0]  # type: ignore[index]
    words = said.split(" ")
    verb = next((n for n, word in enumerate(words) if word in _OF_ONE), 0)
    if number != 1 or not verb:
        return f"{number} {text}"
    noun = (
        next((n for n in range(1, verb) if words[n] == "of" or words[n].startswith("(")), verb) - 1
    )
    words[noun] = _singular(words[noun])
    for n in range(verb, len(words)):
        if n == verb or words[n - 1] in ("and", "or"):
            words[n] = _OF_ONE.get(words[n], words[n])
        words[n] = {"their": "its"}.get(words[n], words[n])
    return f"1 {' '.join(words)}{text[len(said) :]}"


def _singular(noun: str) -> str:
    for ending, one in (("ies", "y"), ("xes", "x"), ("sses", "ss"), ("s", "")):
        if noun.endswith(ending) and "_" not in noun:
            return noun.removesuffix(ending) + one
    return noun


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
    """One thing that is wrong: where it stands, what it is, and what to do about it.

    Attributes:
        where: its file with line and column, or the option that says it.
        what: what is wrong, with the value.
        hint: what to do; empty where nobody knows.
    """

    where: Where
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}{self.what}" + (f"\n    hint: {self.hint}" if self.hint else "")


class CocoRecipeError(Exception):
    """Base of every expected error.

    Attributes:
        beside: what else is wrong and doesn't depend on it, as an input beside a recipe's text.
    """

    beside: tuple["CocoRecipeError", ...] = ()

    def alone(self) -> str:
        """Return what it says, without what stands beside it."""
        return super().__str__()

    def __str__(self) -> str:
        return "\n".join([self.alone(), *map(str, self.beside)])


class RecipeError(CocoRecipeError):
    """A recipe is wrong; ``problems`` lists everything that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(
            sorted(
                dict.fromkeys(problems), key=lambda p: (p.where.file, p.where.line, p.where.column)
            )
        )
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
    """A step failed while it ran; the message names the step.

    Attributes:
        log: the file that says more of it, once it is written; the message then names it, too.
    """

    log: Path | None = None

    def alone(self) -> str:
        """Return what it says, without what stands beside it, and where its details are."""
        text = super().alone()
        if not self.log:
            return text
        gap = "\n" if "\n" in text else " "
        return f"{text}{gap}(details: {self.log})"


class RunError(CocoRecipeError):
    """The run directory can't be used."""


class HeldError(RunError):
    """Another run is at work in the run directory."""


class SystemRefusalError(RunError, OSError):
    """The system refuses: the disk is full, a file may not be written, too many files are open."""


def together(errors: Sequence[CocoRecipeError]) -> CocoRecipeError:
    """Return one error that tells all that several do, each of which may have others beside it.

    Args:
        errors: at least one.

    Returns:
        The only error; else the first, beside which the others stand. Problems of recipes come
        first, all in one error.
    """
    every = [one for error in errors for one in (error, *error.beside)]
    if len(every) == 1:
        return every[0]
    problems = [p for one in every if isinstance(one, RecipeError) for p in one.problems]
    others = [one for one in every if not isinstance(one, RecipeError)]
    first, *rest = [RecipeError(problems), *others] if problems else others
    first.beside = tuple(rest)
    return first
