"""Values without a run: what steps in memory give, made where somebody asks for it."""

from collections.abc import Callable, Mapping
from typing import Any

from coco_recipe.errors import StepError
from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.running import execute
from coco_recipe.running.execute import StepResult
from coco_recipe.running.task import Task
from coco_recipe.values.facts import Facts
from coco_recipe.values.kind import each

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

    Attributes:
        failures: the errors of steps that failed, by step.
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
        self._kinds = planned.kinds
        self._steps = {step.id: step for step in planned.steps}
        self._on_disk = on_disk
        self._forgiving = forgiving
        self._known: dict[Reference, Any] = dict(inputs)
        self._results: dict[str, StepResult | None] = {}
        self.failures: dict[str, StepError] = {}

    @classmethod
    def ahead(cls, planned: Plan, inputs: Mapping[Reference, Any]) -> "Rehearsal":
        """Return what can be had of a plan before it is known what is on disk."""
        return cls(planned, inputs, forgiving=True)

    def values_of(self, step: PlannedStep) -> Mapping[str, Any] | None:
        """Return the values of a step's input ports; None where one of them can't be had.

        Raises:
            StepError: a step above failed.
        """
        if any(self.value_of(ref) is None for ref in step.references()):
            return None
        return step.values(self._known.__getitem__)

    def known_before(self, step: PlannedStep) -> Mapping[str, Any] | None:
        """Return the values of those input ports of a step that can be had without a picture.

        None where there is no such port.

        Raises:
            StepError: a step above failed.
        """
        opening = {
            ref
            for ref in step.references()
            if ref[0] in self._steps
            and any(one.reads_pixels for one in self._unknown_above(self._steps[ref[0]]))
        }
        found = step.values(lambda ref: None if ref in opening else self.value_of(ref))
        return {port: found[port] for port in found if None not in each(found[port])} or None

    def value_of(self, ref: Reference) -> Any:
        """Return the value of an input or an output; None where it can't be had.

        Raises:
            StepError: a step above failed.
        """
        if ref not in self._known:
            self.result_of(self._steps[ref[0]])
        return self._known[ref]

    def known_of(self, step: PlannedStep) -> Mapping[str, Any]:
        """Return those values of a step's inputs that can be had, by port.

        Raises:
            StepError: a step above failed.
        """
        found = step.by_port(self.value_of)
        return {port: value for port, value in found.items() if value is not None}

    def facts_of(self, step: PlannedStep, foreseen: Mapping[Reference, Facts]) -> Mapping[str, Any]:
        """Return what is known of a step's inputs, by port.

        It is exact where steps above have been run here, which may have dropped images.

        Args:
            step: the step.
            foreseen: what was known before any step was run; it stands where values can't be had.

        Raises:
            StepError: a step above failed.
        """

        def facts(ref: Reference) -> Facts | tuple[Facts, ...]:
            value = self.value_of(ref)
            return foreseen[ref] if value is None else self._kinds.facts(value)

        return step.by_port(facts)

    def result_of(self, step: PlannedStep) -> StepResult | None:
        """Return what a step in memory gives; None where it can't be run here.

        Raises:
            StepError: it failed, or a step above did.
        """
        for one in self._unknown_above(step):  # not by recursion, which a long chain exhausts
            result = self._result(one)
            given = result.values if result else self._on_disk(one)
            self._known |= {(one.id, port): given.get(port) for port in one.outputs}
            self._results[one.id] = result
        return self._results[step.id]

    def _unknown_above(self, step: PlannedStep) -> list[PlannedStep]:
        """Return the steps of which nothing is known yet and on which one depends, and itself."""
        wanted, found = {step.id}, list[PlannedStep]()
        for one in reversed(self._steps.values()):
            if one.id in wanted and one.id not in self._results:
                found.append(one)
                if not one.step.writes:  # it isn't run here
                    wanted |= {ref[0] for ref in one.references()}
        return found[::-1]

    def _result(self, step: PlannedStep) -> StepResult | None:
        values = None if step.step.writes else self.values_of(step)
        if values is None:
            return None
        try:
            return execute.rehearse(self._task_of(step), values)
        except StepError as error:
            self.failures[step.id] = error
            if self._forgiving:
                return None
            raise
