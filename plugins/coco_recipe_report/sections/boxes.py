"""Boxes: how large they are beside a trainer's limits, and where they lie in their pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from coco_recipe import RunFacts
from coco_recipe_report.drawing import charts
from coco_recipe_report.drawing.svg import colour
from coco_recipe_report.sections.stages import figures, stages
from coco_recipe_report.seen.collected import Collected
from coco_recipe_report.seen.figures import Figures


@dataclass(frozen=True, slots=True)
class Boxes:
    """Sizes and places of boxes.

    Attributes:
        sizes: how large boxes are, as a picture.
        keys: the data sets with their colours.
        skipped: data sets with boxes that have a side under 1 px, and how many.
        places: where boxes lie, by data set.
    """

    sizes: Markup
    keys: Sequence[tuple[str, str]]
    skipped: Sequence[tuple[str, int]]
    places: Sequence[tuple[str, Markup]]


def gather(facts: RunFacts, seen: Collected) -> Boxes | None:
    """Return the boxes of a run; None where there are none."""
    data = {name: one for name, one in figures(stages(facts), seen).items() if any(one.sizes)}
    if not data:
        return None
    return Boxes(
        charts.sizes(data),
        [(name, colour(n)) for n, name in enumerate(data)],
        [(name, one.small) for name, one in data.items() if one.small],
        [(name, charts.places(one)) for name, one in {**data, **_copies(seen)}.items()],
    )


def _copies(seen: Collected) -> dict[str, Figures]:
    """Return the copies of augmentations, whose boxes have moved."""
    return {
        f"{step}, copies alone": one
        for (step, _), one in seen.figures.items()
        if step in seen.copies
    }
