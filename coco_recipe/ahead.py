"""Values before the run, made on demand: of outputs above which every step lives in memory."""

import contextlib
from collections.abc import Mapping
from typing import Any

from coco_recipe import execute, plan
from coco_recipe.errors import StepError
from coco_recipe.plan import Plan, PlannedStep, Reference


class Ahead:
    """What steps will be given, as far as it can be had before the first of them runs.

    Each step is run once at most. What lies below a step that writes files isn't known: making it
    is the run's work. Neither is what lies below a step that fails, which the run says better.

    Args:
        planned: the plan.
        inputs: the values of the recipe's inputs.
    """

    def __init__(self, planned: Plan, inputs: Mapping[Reference, Any]) -> None:
        self.seed = planned.recipe.seed
        self.steps = {step.id: step for step in planned.steps}
        self.known: dict[Reference, Any] = dict(inputs)

    def values_of(self, step: PlannedStep) -> Mapping[str, Any] | None:
        """Return the values of a step's input ports; None where one of them can't be had."""
        for name, port in {ref for refs in step.inputs.values() for ref in refs}:
            if (name, port) not in self.known:
                self._make(self.steps[name])
            if self.known[name, port] is None:
                return None
        return plan.bound(step, self.known.__getitem__)

    def _make(self, step: PlannedStep) -> None:
        self.known |= {(step.id, port): None for port in step.outputs}
        values = None if step.offer.step.writes else self.values_of(step)
        if values is not None:
            with contextlib.suppress(StepError):
                made = execute.rehearse(step, values, seed=self.seed).values
                self.known |= {(step.id, port): value for port, value in made.items()}
