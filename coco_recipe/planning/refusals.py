"""Which steps can't take what is found in an input: it follows the rows down the plan."""

from collections.abc import Iterator

from coco_recipe.checks import slow_reading
from coco_recipe.checks.slow_reading import Excuse
from coco_recipe.planning.plan import Plan, PlannedStep, Reference


def refusing(planned: Plan, name: str, kind: str) -> Iterator[PlannedStep]:
    """Yield the steps that can't take a kind of finding of an input, and to which its rows come.

    The rows flow from step to step; a step that mends the kind stops it.

    Args:
        planned: the plan.
        name: the input's.
        kind: the name of a kind of findings.
    """
    carrying: set[Reference] = {(name, "")}
    for step in planned.steps:
        if carrying.intersection(step.references()):
            if kind in step.step.refused_for(step.params):
                yield step
            if kind not in step.step.mended_for(step.params):
                carrying |= {(step.id, port) for port in step.outputs}


def is_mended(planned: Plan, name: str, kind: str) -> bool:
    """Say whether every step that reads an input mends a kind of finding.

    Args:
        planned: the plan.
        name: the input's.
        kind: the name of a kind of findings.
    """
    readers = [
        step.step.mended_for(step.params)
        for step in planned.steps
        if (name, "") in step.references()
    ]
    is_read = bool(readers) or name in planned.open_ends
    return is_read and all(kind in mended for mended in readers)


def excuse(planned: Plan, name: str) -> Excuse:
    """Return which values of a wrong type are taken in by all steps that an input flows to."""
    return Excuse(
        frozenset(
            kind
            for kind in slow_reading.KINDS
            if _is_taken_in(planned, (name, ""), kind, whole=True)
        ),
        frozenset(
            kind
            for kind in slow_reading.KINDS
            if _is_taken_in(planned, (name, ""), kind, whole=False)
        ),
    )


def _is_taken_in(planned: Plan, ref: Reference, kind: str, *, whole: bool) -> bool:
    """Report whether all readers of a value take a kind of wrong type in, or hand it to such."""
    reading = [
        (step, port) for step in planned.steps for port, refs in step.inputs.items() if ref in refs
    ]
    for step, port in reading:
        taken = step.step.mended_for(step.params)
        if not step.step.input(port).loose:
            return False
        if not whole:
            taken |= step.step.understood_for(step.params)
        handed_on = [(step.id, output) for output in step.outputs]
        if kind not in taken and not (
            handed_on and all(_is_taken_in(planned, each, kind, whole=whole) for each in handed_on)
        ):
            return False
    return bool(reading) or ref[0] in planned.open_ends
