"""Write a run's figures as TensorBoard's event files, by tensorboardX."""

from pathlib import Path
from typing import Any

from coco_recipe import StepRecord, events, free_name
from coco_recipe_trackers import figures

FOLDER = "tensorboard"


class TensorboardTracker:
    """Writes event files below ``tensorboard`` beside the run directory.

    Each run that makes a step has a folder of its own, so that curves of two runs don't mix.
    """

    def __init__(self, where: str = "") -> None:
        """Wait for a run to begin.

        Args:
            where: the folder that TensorBoard is shown (``--logdir``); empty for
                ``tensorboard`` beside the run directory.
        """
        self.where = where
        self.folder: Path | None = None
        self.writer: Any = None
        self.reused: list[StepRecord] = []

    def __call__(self, event: events.Event) -> None:
        """Write what an event has."""
        match event:
            case events.RunStarted():
                top = Path(self.where) if self.where else event.folder.absolute().parent / FOLDER
                self.folder = top / event.folder.absolute().name
                self.writer, self.reused = None, []
            case events.StepStarted():
                self._begin()
            case events.Progress() if self.writer:
                for name, number in figures.finite(event.figures).items():
                    tag = figures.name_of(event.step, name).replace(".", "/", 1)
                    self.writer.add_scalar(tag, number, event.done)
            case events.StepReused() if self.writer is None:
                self.reused.append(event.record)
            case events.StepDone() | events.StepReused():
                self._step(event.record)
            case events.RunEnded() if self.writer:
                self.writer.add_text("outcome", f"{event.outcome} {event.problem}".strip(), 0)
                self.writer.close()
                self.writer = None

    def _begin(self) -> None:
        """Open a file, now that a step is made."""
        if self.writer or self.folder is None:
            return
        from tensorboardX import SummaryWriter

        self.writer = SummaryWriter(str(free_name(self.folder)))
        for record in self.reused:
            self._step(record)
        self.reused.clear()

    def _step(self, record: StepRecord) -> None:
        for name, number in figures.finite(figures.of_record(record)).items():
            self.writer.add_scalar(name.replace(".", "/", 1), number, 0)
        rows = "".join(
            f"\n    {name}: {text}" for name, text in figures.parameters_of(record).items()
        )
        self.writer.add_text(f"{figures.name_of(record.step, 'parameters')}", rows or "none", 0)
