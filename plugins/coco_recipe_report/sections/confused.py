"""Which class was taken for which: a matrix, and the commonest confusions by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from coco_recipe import counted
from coco_recipe_report.drawing import measured

MOST_CLASSES, CHOSEN = 40, 24  # of a matrix; of more classes, so many are chosen
MOST_PAIRS = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """Boxes of one class that were taken for another: how many, of how many that are there."""

    there: str
    found: str
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class Confused:
    """Which class was taken for which.

    Attributes:
        matrix: as a picture.
        chosen: how many classes it has a row of their own for, the others in one; 0 for all.
        pairs: the commonest confusions.
    """

    matrix: Markup
    chosen: int
    pairs: Sequence[Pair]


def gather(names: Sequence[str], counts: Sequence[Sequence[int]]) -> Confused:
    """Return which class was taken for which.

    Args:
        names: the classes.
        counts: a row for each class that is there and a column for each that was found; the last
            row is boxes where nothing is, the last column boxes that weren't found.
    """
    pairs = [
        Pair(there, found, n, sum(counts[row]))
        for row, there in enumerate(names)
        for column, found in enumerate(names)
        if row != column and (n := counts[row][column])
    ]
    pairs.sort(key=lambda one: (-one.count, one.of))
    chosen = 0
    if len(names) > MOST_CLASSES:
        chosen = CHOSEN
        names, counts = joined(names, counts, most_confused(counts)[:CHOSEN])
    matrix = measured.confusion(names, counts, "which class was taken for which")
    return Confused(matrix, chosen, pairs[:MOST_PAIRS])


def most_confused(counts: Sequence[Sequence[int]]) -> list[int]:
    """Return the places of classes: those first that were mixed up with others most, then those
    with most boxes.
    """
    last = len(counts) - 1

    def mixed(place: int) -> int:
        others = (n for n in range(last) if n != place)
        return sum(counts[place][n] + counts[n][place] for n in others)

    return sorted(range(last), key=lambda place: (-mixed(place), -sum(counts[place])))


def joined(
    names: Sequence[str], counts: Sequence[Sequence[int]], kept: Sequence[int]
) -> tuple[list[str], list[list[int]]]:
    """Return the matrix of some classes, in their order, all others joined in one behind them."""
    last, places = len(names), sorted(kept)
    others = [n for n in range(last) if n not in set(places)]
    groups = [*([n] for n in places), others, [last]]
    rows = [[sum(counts[r][c] for r in row for c in column) for column in groups] for row in groups]
    return [*(names[n] for n in places), counted(len(others), "other class")], rows
