"""Trackers of experiments as observers of a run: MLflow and TensorBoard."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import hookimpl

if TYPE_CHECKING:
    from coco_recipe import Tracker


@hookimpl
def coco_recipe_trackers() -> "Iterator[Tracker]":
    """Yield ``mlflow`` and ``tensorboard``."""
    from coco_recipe import Package, Tracker
    from coco_recipe_trackers.mlflow_tracker import MlflowTracker
    from coco_recipe_trackers.tensorboard_tracker import TensorboardTracker

    yield Tracker(
        "mlflow", MlflowTracker, (Package("mlflow", install='pip install "coco-recipe[mlflow]"'),)
    )
    yield Tracker(
        "tensorboard",
        TensorboardTracker,
        (Package("tensorboardX", install='pip install "coco-recipe[tensorboard]"'),),
    )
