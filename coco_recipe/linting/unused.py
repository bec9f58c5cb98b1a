"""Rules about what a recipe names and doesn't use."""

from collections.abc import Iterator

from coco_recipe.findings import Finding, Kind, Row
from coco_recipe.kinds import UNREAD
from coco_recipe.linting.rule import Experiment, Rule, StepInExperiment
from coco_recipe.steps import OpenPorts

UNREAD_INPUTS = Kind(
    "unread_inputs",
    "warning",
    "inputs are read by no step",
    "name it under 'in' of a step, or remove it",
)


def unread_steps(experiment: Experiment) -> Iterator[Finding]:
    """Find steps whose rows nobody reads.

    A step that augments and whose copies no merge takes has no effect, and no error says so: its
    name was forgotten under ``in`` of the next one. Looked at are the steps that give rows and
    stand above the last one that publishes, trains or measures.

    Triggers: ``more`` (augment) above ``model`` (train) with ``in: {train: parts.train}``.

    Doesn't: ``in: {train: train_set}``, where ``train_set`` merges ``parts.train`` and ``more``.
    """
    ends = [n for n, step in enumerate(experiment.steps) if _is_end(step)]
    for step in experiment.steps[: ends[-1]] if ends else ():
        if experiment.gives_data(step) and not experiment.is_read(step.id) and not _is_end(step):
            yield Finding.of(UNREAD, step.id, [Row(f"step '{step.id}' ({step.step.name})")])


def unread_inputs(experiment: Experiment) -> Iterator[Finding]:
    """Find inputs that no step reads.

    They are read, checked and hashed all the same; mostly a step reads another one by mistake.

    Triggers: ``inputs: {train: ..., val: ...}`` where every step reads ``train`` or what comes of
    it.

    Doesn't: a step with ``in: val``.
    """
    for name in experiment.inputs:
        if not experiment.is_read(name):
            yield Finding.of(UNREAD_INPUTS, name, [Row(f"input '{name}'")])


def _is_end(step: StepInExperiment) -> bool:
    """Report whether a step publishes, trains or measures."""
    ports = step.step.inputs
    has_roles = not isinstance(ports, OpenPorts) and any(port.role for port in ports.values())
    return has_roles or bool(step.published())


RULES = (Rule(UNREAD, unread_steps, "recipe"), Rule(UNREAD_INPUTS, unread_inputs, "recipe"))
