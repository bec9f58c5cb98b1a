"""mmengine hooks that keep what is drawn of a training: its first batch, the best validation."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from coco_recipe_jobs.child import Reporter
from coco_recipe_jobs.coco_metrics import Results, Row
from coco_recipe_jobs.training_record import Record
from mmengine.dist import all_gather_object
from mmengine.hooks import Hook

from coco_recipe import write_bytes
from coco_recipe_mmdet.inside import drawings, inference

if TYPE_CHECKING:
    from mmdet.structures import DetDataSample
    from mmengine.runner import Runner


class FirstBatch(Hook):  # type: ignore[misc]
    """Draws the first batch as it comes out of the pipeline."""

    def __init__(self, path: Path, classes: Sequence[str], report: Reporter, *, bgr: bool) -> None:
        """Take what to draw with.

        Args:
            path: the file to write.
            classes: class names in order.
            report: is told if it can't be drawn.
            bgr: whether the pictures' channels are blue, green, red.
        """
        self.path = path
        self.classes = classes
        self.report = report
        self.bgr = bgr

    def before_train_iter(
        self, runner: "Runner", batch_idx: int, data_batch: Mapping[str, Any] | None = None
    ) -> None:
        """Draw the batch, if it is the training's first."""
        if runner.iter == 0 and data_batch is not None and runner.rank == 0:
            with drawings.attempt(self.report, self.path.name):
                drawings.first_batch(self.path, data_batch, self.classes, bgr=self.bgr)


class BestFound(Hook):  # type: ignore[misc]
    """Keeps what the best epoch found on val, so that it is drawn without looking again."""

    def __init__(self, record: Record, path: Path) -> None:
        """Take where to keep it.

        Args:
            record: says which epoch is the best; it has the metrics of a validation before this
                hook is called.
            path: the file of COCO results.
        """
        self.record = record
        self.path = path
        self.rows: list[Row] = []

    def before_val_epoch(self, runner: "Runner") -> None:
        """Forget an earlier validation."""
        self.rows = []

    def after_val_iter(
        self,
        runner: "Runner",
        batch_idx: int,
        data_batch: object = None,
        outputs: "Sequence[DetDataSample] | None" = None,
    ) -> None:
        """Take in what was found on the pictures of a batch."""
        ids = category_ids(runner)
        found: Results = {"bbox": []}
        for sample in outputs or ():
            inference.add_boxes(found, sample, ids)
        self.rows += found["bbox"]

    def after_val_epoch(self, runner: "Runner", metrics: dict[str, float] | None = None) -> None:
        """Write what was found, if this epoch is the best so far."""
        parts = all_gather_object(self.rows)  # a picture that two processes had is there twice
        if runner.rank == 0 and self.record.best() in (runner.epoch, None):
            write_bytes(self.path, msgspec.json.encode(_each_image_once(parts)))


def category_ids(runner: "Runner") -> list[int]:
    """Return the categories' ids of the data set that is validated on, by class."""
    dataset = runner.val_dataloader.dataset
    while hasattr(dataset, "dataset"):
        dataset = dataset.dataset
    ids: list[int] = dataset.cat_ids
    return ids


def read(path: Path) -> list[Row]:
    """Return what `BestFound` wrote."""
    rows: list[Row] = json.loads(path.read_text("utf-8"))
    return rows


def _each_image_once(parts: Sequence[Sequence[Row]]) -> list[Row]:
    seen: set[object] = set()
    rows: list[Row] = []
    for part in parts:
        images = {row["image_id"] for row in part}
        rows += [row for row in part if row["image_id"] not in seen]
        seen |= images
    return rows
