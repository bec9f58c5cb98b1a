"""An observer that writes the figures of every step of a run to ``<run directory>.csv``."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from coco_recipe import events, hookimpl


class Curves:
    """Write a line for each figure that a step reports, as the loss of a training."""

    def __init__(self) -> None:
        self.path = Path()

    def __call__(self, event: events.Event) -> None:
        """Take an event; those without figures leave no line."""
        if isinstance(event, events.RunStarted):
            self.path = event.folder.with_name(event.folder.name + ".csv")
            self._write("w", [("step", "done", "figure", "value")])
        elif isinstance(event, events.Progress):
            figures = event.figures.items()
            self._write("a", [(event.step, event.done, name, value) for name, value in figures])

    def _write(self, mode: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self.path.open(mode, newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


@hookimpl
def coco_recipe_observers() -> Iterator[events.Observer]:
    """Offer a new observer for each run."""
    yield Curves()
