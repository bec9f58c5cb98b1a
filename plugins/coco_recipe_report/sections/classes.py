"""Classes: how many boxes of each, and their shares from the raw rows to what came out."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from coco_recipe import RunFacts
from coco_recipe_report.drawing import charts
from coco_recipe_report.drawing.svg import Palette
from coco_recipe_report.sections.stages import figures, stages
from coco_recipe_report.seen.collected import Collected
from coco_recipe_report.seen.figures import Share

MOST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Classes:
    """Shares of classes by stage, the commonest class first.

    Attributes:
        stages: names of the data sets.
        rows: a class with its share at each stage, None where the data set hasn't it.
        rest: how many classes aren't among the rows.
        most: the largest share of all, which is as wide as its column.
        slopes: the shares as a picture.
        together: on how many images each two classes are; empty for fewer than two.
        of: which data set that is.
    """

    stages: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Share | None]]]
    rest: int
    most: float
    slopes: Markup
    together: Markup
    of: str


def gather(facts: RunFacts, seen: Collected, palette: Palette) -> Classes | None:
    """Return the classes of a run; None where no data set has any."""
    data = figures(stages(facts), seen)
    found = {name: one.classes for name, one in data.items()}
    names = dict.fromkeys(name for shares in found.values() for name in shares)
    if not names:
        return None
    common = sorted(
        names, key=lambda name: -max(one[name].share for one in found.values() if name in one)
    )
    shares = [one.share for many in found.values() for one in many.values()]
    first = next(iter(data))
    return Classes(
        list(found),
        [(name, [one.get(name) for one in found.values()]) for name in common[:MOST_ROWS]],
        max(0, len(common) - MOST_ROWS),
        max(shares) or 1.0,
        charts.slopes(found, palette) if len(found) > 1 else Markup(""),
        charts.together(data[first]),
        first,
    )
