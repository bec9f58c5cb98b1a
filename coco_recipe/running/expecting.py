"""Expecting: how much each step will give, by its rows where they are known, else as it says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from coco_recipe import failure
from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.values.expected import Expected, Forecast, joined
from coco_recipe.values.facts import Facts

UNKNOWN = Expected()


@dataclass(frozen=True, slots=True)
class Expectations:
    """What is expected of a plan's values before the run.

    Attributes:
        values: of each input and output; of several values under one port, what they have together.
        forecasts: what steps say of themselves, by step; of those that can't be run before the run.
        silent: why a step says nothing, where its forecast failed, by step.
    """

    values: dict[Reference, Expected] = field(default_factory=dict)
    forecasts: dict[str, Forecast] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)

    def entered(self, step: PlannedStep, *, flowing: bool = False) -> Expected:
        """Return what comes to a step, of all ports together.

        Args:
            step: the step.
            flowing: leave out what is only read, and doesn't flow on.
        """
        return joined(
            self.values[ref]
            for port, refs in step.inputs.items()
            for ref in refs
            if not (flowing and step.step.input(port).reads_only) and _has_rows(step, port)
        )


def expectations(planned: Plan, ahead: Rehearsal) -> Expectations:
    """Return what every step will give.

    Args:
        planned: the plan.
        ahead: gives values of inputs, of steps in memory, and of results that are on disk.
    """
    found = Expectations()
    inputs = [(item.name, "") for item in planned.recipe.inputs]
    for ref in inputs:
        found.values[ref] = _together(planned.kinds.expected(ahead.value_of(ref)))
    for step in planned.steps:
        values = {port: ahead.value_of((step.id, port)) for port in step.outputs}
        forecast = Forecast()
        if step.step.forecast and (step.step.writes or None in values.values()):
            forecast = _forecast(found, step, partial(ahead.values_of, step))
            found.forecasts[step.id] = forecast
        for port, value in values.items():
            found.values[step.id, port] = (
                forecast.out.get(port, UNKNOWN)
                if value is None
                else _together(planned.kinds.expected(value))
            )
    return found


def facts(
    planned: Plan, foreseen: Mapping[Reference, Facts], expected: Expectations, ahead: Rehearsal
) -> dict[Reference, Facts]:
    """Return what is known of values once steps in memory have been run, for `room.needed`.

    Args:
        planned: the plan.
        foreseen: what was known before.
        expected: how much each step will give.
        ahead: gives values of steps that can be run before the run.
    """
    known = dict(foreseen)
    for ref in {ref for step in planned.steps if step.step.room for ref in step.references()}:
        value = ahead.value_of(ref)
        if isinstance(found := planned.kinds.facts(value) if value is not None else (), Facts):
            known[ref] = found
        elif known[ref].images is None:
            known[ref] = replace(known[ref], images=expected.values[ref].images.most)
    return known


def _forecast(
    found: Expectations, step: PlannedStep, values: Callable[[], Mapping[str, Any] | None]
) -> Forecast:
    """Ask a step; what it raises is no fault of the recipe's, and is kept beside."""
    assert step.step.forecast, "it is asked only where it has one"
    try:
        return step.step.forecast(step.bound, step.by_port(found.values.__getitem__), values)
    except Exception as error:
        found.silent[step.id] = failure.told(error, failure.home_of(step.step.run))
        return Forecast()


def _together(expected: Expected | tuple[Expected, ...]) -> Expected:
    return joined(expected) if isinstance(expected, tuple) else expected


def _has_rows(step: PlannedStep, port: str) -> bool:
    return step.kinds[step.step.input(port).kind].in_books
