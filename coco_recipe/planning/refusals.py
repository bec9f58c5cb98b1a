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

    def taken_in(*, whole: bool) -> frozenset[str]:
        return frozenset(
            kind for kind in slow_reading.KINDS if _is_taken_in(planned, name, kind, whole=whole)
        )

    return Excuse(taken_in(whole=True), taken_in(whole=False))


def _is_taken_in(planned: Plan, name: str, kind: str, *, whole: bool) -> bool:
    """Report whether all readers of an input take a kind of wrong type in, or hand it to such."""
    refused: set[Reference] = set()  # values of which a reader does neither
    read: set[Reference] = set()

    def is_taken(ref: Reference) -> bool:
        return ref not in refused and (ref in read or ref[0] in planned.open_ends)

    for step in reversed(planned.steps):  # below all that reads its outputs
        taken = step.step.mended_for(step.params)
        if not whole:
            taken |= step.step.understood_for(step.params)
        outputs = [(step.id, port) for port in step.outputs]
        hands_on = bool(outputs) and all(map(is_taken, outputs))
        for port, refs in step.inputs.items():
            read.update(refs)
            if not step.step.input(port).loose or not (kind in taken or hands_on):
                refused.update(refs)
    return is_taken((name, ""))
