"""What a row of the matrix is, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from subject import Subject


class CannotTry(Exception):
    """This machine has not what a row needs; says what."""


@dataclass(slots=True)
class Outcome:
    """What came of the trials of a row.

    Attributes:
        tried: how many there were.
        wrong: what was wrong, a line each.
        seen: what is worth telling besides, as how many kills hit a run at work.
    """

    tried: int = 0
    wrong: list[str] = field(default_factory=list)
    seen: str = ""

    def add(self, trial: object, wrong: str) -> None:
        """Count a trial; ``wrong`` is what was wrong with it, empty where all was right."""
        self.tried += 1
        if wrong:
            self.wrong.append(f"{trial}: {wrong}")


@dataclass(frozen=True, slots=True)
class Row:
    """A fault.

    Attributes:
        id: as the matrix names it: ``F1``.
        what: the fault, for people.
        attempt: tries it so often on a subject.
        full: how often in ``make faults``.
        quick: how often in the tests; 0 for not there.
    """

    id: str
    what: str
    attempt: Callable[[Subject, int], Outcome]
    full: int
    quick: int = 0


ROWS: list[Row] = []


def row(
    id: str, what: str, full: int, quick: int = 0
) -> Callable[[Callable[[Subject, int], Outcome]], Callable[[Subject, int], Outcome]]:
    """Enter a function as a row of the matrix."""

    def enter(function: Callable[[Subject, int], Outcome]) -> Callable[[Subject, int], Outcome]:
        ROWS.append(Row(id, what, function, full, quick))
        return function

    return enter
