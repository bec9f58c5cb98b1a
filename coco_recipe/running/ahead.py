"""Steps that are worked before it is known that they may be: nothing of it counts until then."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from coco_recipe.errors import StepError
from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.running.context import Context
from coco_recipe.running.execute import Worked, Workshop, work
from coco_recipe.running.outputs import OURS
from coco_recipe.running.store import Store
from coco_recipe.running.task import step_seed


class Ahead:
    """What steps gave while something else was waited for; a run takes it in place of its own work.

    Only steps of coco-recipe that live in memory are worked: they do nothing but return values, and
    write files into their folder. The folders stand with the system's temporary files until a run
    takes them.
    """

    def __init__(self) -> None:
        self._worked: dict[str, tuple[Mapping[str, Any], Worked]] = {}
        self._scratch: list[tempfile.TemporaryDirectory[str]] = []

    def work(
        self, planned: Plan, inputs: Mapping[Reference, Any], is_waiting: Callable[[], bool]
    ) -> None:
        """Work the steps to which only inputs and such steps lead, one after another.

        One that fails is left to the run, which tells why.

        Args:
            planned: the plan.
            inputs: the values of the recipe's inputs.
            is_waiting: reports whether there is still time for another step.
        """
        known = dict(inputs)
        for step in planned.steps:
            if not is_waiting():
                return
            if not _lives_in_memory(step) or not known.keys() >= {*step.references()}:
                continue
            values = step.values(known.__getitem__)
            try:
                folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            except OSError:  # no room or no right there: the run needs none
                return
            self._scratch.append(folder)
            place = Path(folder.name)
            context = Context(
                step.id,
                step_seed(planned.recipe.seed, step.id),
                place,
                sources=step.sources(known.__getitem__),
            )
            try:
                worked = work(step, values, context, Workshop(Store(place)))
            except StepError:
                continue
            self._worked[step.id] = values, worked
            known |= {(step.id, port): value for port, value in worked.outputs.items()}

    def take(self, step: PlannedStep, values: Mapping[str, Any]) -> Worked | None:
        """Return what a step gave for these very values; None where it wasn't worked for them."""
        given, worked = self._worked.pop(step.id, ({}, None))
        is_same = given.keys() == values.keys() and all(
            _are_same(given[port], value) for port, value in values.items()
        )
        return worked if is_same else None

    def forget(self) -> None:
        """Forget everything: what it was made of isn't what it should be."""
        self._worked.clear()
        for folder in self._scratch:
            folder.cleanup()


def _are_same(one: Any, other: Any) -> bool:
    """Report whether two values of a port are one; a port that takes many has a tuple of them."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
    return one is other


def _lives_in_memory(step: PlannedStep) -> bool:
    """Report whether a step of coco-recipe does nothing but return values."""
    return not step.step.writes and not step.reads_pixels and step.offer.plugin == OURS
