"""A run without a training shows none."""

from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.drawing.svg import Palette
from coco_recipe_report.sections import training

from coco_recipe import RunFacts


def test_a_run_without_a_training_has_none(facts: RunFacts, camera: Camera) -> None:
    assert training.gather(facts, camera, Palette(())) is None
