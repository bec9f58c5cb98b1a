"""A bench for steps: small data, one step run by itself, and what every step promises."""

from coco_recipe.testing.bench import Bench, Outcome, run_step
from coco_recipe.testing.promises import broken_promises
from coco_recipe.testing.small_data import coco, dataset, draw

__all__ = ["Bench", "Outcome", "broken_promises", "coco", "dataset", "draw", "run_step"]
