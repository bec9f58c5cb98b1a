"""Values without a run: what steps in memory give, made where somebody asks for it."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from coco_recipe.errors import StepError
from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.running import execute
from coco_recipe.running.execute import StepResult
from coco_recipe.running.task import Task

Outputs = Callable[[PlannedStep], Mapping[str, Any]]


class Rehearsal:
    """What steps would be given and would give, as far as it can be had without a run.

    Each step is run once at most. A step that writes files isn't run: that is the run's work.

    Args:
        planned: the plan.
        inputs: the values of the recipe's inputs.
        task_of: gives a step's task, for its record; None where values alone are wanted.
        on_disk: gives the outputs of a step that can't be run here, by port, as far as they are on
            disk.
        forgiving: what a failing step would give isn't known, instead of an error.
    """

    def __init__(
        self,
        planned: Plan,
        inputs: Mapping[Reference, Any],
        *,
        task_of: Callable[[PlannedStep], Task] | None = None,
        on_disk: Outputs = lambda step: {},
        forgiving: bool = False,
    ) -> None:
        seed = planned.recipe.seed
        self._task_of = task_of or (lambda step: Task.without_key(step, seed))
        self._steps = {step.id: step for step in planned.steps}
        self._on_disk = on_disk
        self._forgiving = forgiving
        self._known: dict[Reference, Any] = dict(inputs)
        self._results: dict[str, StepResult | None] = {}

    @classmethod
    def ahead(cls, planned: Plan, inputs: Mapping[Reference, Any]) -> "Rehearsal":
        """Return what can be had before a run, of which nothing is on disk.

        The run reports failures better.
        """
        return cls(planned, inputs, forgiving=True)

    def values_of(self, step: PlannedStep) -> Mapping[str, Any] | None:
        """Return the values of a step's input ports; None where one of them can't be had.

        Raises:
            StepError: a step above failed.
        """
        for name, port in step.references():
            if (name, port) not in self._known:
                self.result_of(self._steps[name])
            if self._known[name, port] is None:
                return None
        return step.values(self._known.__getitem__)

    def result_of(self, step: PlannedStep) -> StepResult | None:
        """Return what a step in memory gives; None where it can't be run here.

        Raises:
            StepError: it failed, or a step above did.
        """
        if step.id not in self._results:
            result = self._result(step)
            given = result.values if result else self._on_disk(step)
            self._known |= {(step.id, port): given.get(port) for port in step.outputs}
            self._results[step.id] = result
        return self._results[step.id]

    def _result(self, step: PlannedStep) -> StepResult | None:
        values = None if step.step.writes else self.values_of(step)
        if values is None:
            return None
        with contextlib.suppress(*([StepError] if self._forgiving else [])):
            return execute.rehearse(self._task_of(step), values)
        return None
