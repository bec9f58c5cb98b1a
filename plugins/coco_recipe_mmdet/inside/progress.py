"""The hook that tells how far a training is, and how long its epochs take."""

import json
import math
import resource
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from coco_recipe_jobs.child import Reporter
from coco_recipe_jobs.training_record import Record
from mmengine.dist import master_only
from mmengine.hooks import Hook

if TYPE_CHECKING:
    from mmengine.runner import EpochBasedTrainLoop, Runner

    from coco_recipe_mmdet.inside.hooks import Scalars

REPORT_SECONDS = 0.5  # between two reports of progress
PACE_ITERATIONS = 50  # the last so many tell how many there are a second


class Progress(Hook):  # type: ignore[misc]
    """Reports iterations of training and validation alike, with what a person watches.

    Times and memory of each epoch go into a file of clocks.
    """

    priority = "LOW"

    def __init__(self, report: Reporter, record: Record, scalars: "Scalars", clocks: Path) -> None:
        """Take where to report to.

        Args:
            report: gets the progress.
            record: has the metrics of the epochs so far.
            scalars: knows the losses and learning rates of the last iteration.
            clocks: the file that gets a JSON line for each epoch.
        """
        self.report = report
        self.record = record
        self.scalars = scalars
        self.clocks = clocks
        self.done = self.total = self.val_length = 0
        self.reported = self.epoch_began = self.pace = 0.0
        self.ends: deque[float] = deque(maxlen=PACE_ITERATIONS)

    def before_train(self, runner: "Runner") -> None:
        """Count what there is to do, and what an interrupted training has done of it."""
        self._count(runner)

    def before_val_epoch(self, runner: "Runner") -> None:
        """Count, if a validation that a kill prevented comes before the training."""
        if not self.total:
            self._count(runner)

    def _count(self, runner: "Runner") -> None:
        loop = runner.train_loop
        if runner.val_loop is not None:
            self.val_length = len(runner.val_loop.dataloader)
        due = [epoch for epoch in range(1, runner.max_epochs + 1) if _validates(loop, epoch)]
        self.total = runner.max_iters + self.val_length * len(due)
        before = sum(epoch <= runner.epoch for epoch in due)
        self.done = runner.iter + self.val_length * before

    def before_train_epoch(self, runner: "Runner") -> None:
        """Start the epoch's clock."""
        self.epoch_began = time.monotonic()
        self.ends.clear()

    def after_train_iter(
        self,
        runner: "Runner",
        batch_idx: int,
        data_batch: object = None,
        outputs: object = None,
    ) -> None:
        """Report this iteration."""
        self.done += 1
        self.ends.append(time.monotonic())
        text = f"epoch {runner.epoch + 1}/{runner.max_epochs}"
        at = {"epoch": runner.epoch + 1, "iter": runner.iter + 1}
        self._tell(text, at, now=runner.iter + 1 == runner.max_iters)

    def after_train_epoch(self, runner: "Runner") -> None:
        """Write how long the epoch took, and the most memory that was held so far."""
        seconds = round(time.monotonic() - self.epoch_began, 3)
        line = {"epoch": runner.epoch + 1, "seconds": seconds, "memory_mb": memory_mb()}
        self._write(line)

    def after_val_iter(
        self, runner: "Runner", batch_idx: int, data_batch: object = None, outputs: object = None
    ) -> None:
        """Report this iteration of a validation."""
        self.done = min(self.done + 1, self.total)
        self.ends.clear()
        at = f"validates {batch_idx + 1}/{self.val_length}"
        text = f"epoch {runner.epoch}/{runner.max_epochs}  {at}"
        self._tell(text, {"epoch": runner.epoch, "iter": runner.iter})

    def after_val_epoch(self, runner: "Runner", metrics: dict[str, float] | None = None) -> None:
        """Report the metrics of a validation."""
        figures = {key: float(n) for key, n in (metrics or {}).items() if math.isfinite(n)}
        text = f"epoch {runner.epoch}/{runner.max_epochs}  validated"
        self._tell(text, {**figures, "epoch": runner.epoch, "iter": runner.iter}, now=True)

    def _tell(self, text: str, more: dict[str, float], *, now: bool = False) -> None:
        """Report, if it is time: the first figures are for people, all are for observers."""
        moment = time.monotonic()
        if not now and moment - self.reported <= REPORT_SECONDS:
            return
        self.reported = moment
        last = self.scalars.last
        figures: dict[str, float] = {name: last[name] for name in ("loss", "lr") if name in last}
        if (measured := self._last_metric()) is not None:
            figures["mAP"] = measured
        if len(self.ends) > 1:
            self.pace = (len(self.ends) - 1) / max(self.ends[-1] - self.ends[0], 1e-9)
        if self.pace:
            figures["it/s"] = self.pace
        figures["MB"] = memory_mb()
        figures |= {**last, **more}
        self.report.progress(self.done, self.total, text, figures)

    def _last_metric(self) -> float | None:
        """Return the metric that picks the best, of the last epoch that was measured."""
        metrics = self.record.metrics
        return metrics[max(metrics)].get(self.record.data.best_by) if metrics else None

    @master_only  # type: ignore[untyped-decorator]
    def _write(self, line: dict[str, float]) -> None:
        with self.clocks.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def memory_mb() -> int:
    """Return the most memory that the process has held: the GPU's where there is one; in MiB."""
    import torch

    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return int(torch.cuda.max_memory_allocated()) >> 20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _validates(loop: "EpochBasedTrainLoop", epoch: int) -> bool:
    """Say whether there is a validation behind an epoch, as mmengine's loop decides it."""
    interval = loop.val_interval
    for begin, other in zip(
        loop.dynamic_milestones or (), loop.dynamic_intervals or (), strict=False
    ):
        if epoch >= begin:
            interval = other
    is_due = epoch >= loop.val_begin and epoch % interval == 0
    return bool(is_due or epoch == loop.max_epochs)
