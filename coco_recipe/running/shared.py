"""Values that several runs of one process share, so that the cells of a matrix make them once."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.running.task import Task


class Shared:
    """What steps in memory gave, by key; what a run neither makes nor uses is let go after it.

    Only steps to which only inputs and such steps lead: their values refer to no run directory.
    """

    def __init__(self) -> None:
        self._earlier: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._now: dict[tuple[str, str], Mapping[str, Any]] = {}

    def begin(self) -> None:
        """Begin with another run."""
        self._earlier, self._now = self._now, {}

    def put(self, planned: Plan, task: Task, values: Mapping[str, Any]) -> None:
        """Take in what a step gave, by port."""
        if task.step.id in _of_inputs_alone(planned.steps):
            self._now[task.key, task.lineage] = values

    def values(self, tasks: Iterable[Task]) -> Iterator[tuple[Reference, Any]]:
        """Yield the values that are known of steps that need not be made."""
        for task in tasks:
            key = (task.key, task.lineage)
            known = self._now.get(key) or self._earlier.get(key)
            if known and not task.reason:
                self._now[key] = known
                yield from (((task.step.id, port), value) for port, value in known.items())


def _of_inputs_alone(steps: Iterable[PlannedStep]) -> set[str]:
    """Return the steps in memory above which no step writes files."""
    steps = tuple(steps)
    ids, found = {step.id for step in steps}, set[str]()
    for step in steps:
        above = {name for name, _ in step.references()} & ids
        if not step.step.writes and above <= found:
            found.add(step.id)
    return found
