"""What steps trained and measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from coco_recipe import RunFacts
from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.drawing.svg import Palette
from coco_recipe_report.sections import measured, trained
from coco_recipe_report.sections.measured import Measured
from coco_recipe_report.sections.trained import Trained


@dataclass(frozen=True, slots=True)
class Training:
    """The trainings of a run, then its measurements."""

    trained: Sequence[Trained]
    measured: Sequence[Measured]


def gather(facts: RunFacts, camera: Camera, palette: Palette) -> Training | None:
    """Return what a run trained and measured; None where it did neither."""
    found = Training(trained.gather(facts), measured.gather(facts, camera, palette))
    return found if found.trained or found.measured else None
