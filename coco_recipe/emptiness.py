"""Emptiness is never silent: what a step leaves without images, boxes or readers is a finding."""

from collections.abc import Iterator, Mapping
from typing import Any

from coco_recipe.dataset import Dataset
from coco_recipe.findings import Finding, Row
from coco_recipe.kinds import NO_BOX_OF_CLASS, NO_BOXES, NO_IMAGES, UNREAD
from coco_recipe.plan import Plan, PlannedStep
from coco_recipe.steps import OpenPorts

Counts = Mapping[str, Any]


def of_counts(step: PlannedStep, counts: Counts) -> Iterator[Finding]:
    """Yield what a step left empty.

    Args:
        step: the step.
        counts: ``in`` and ``out`` by port, as the record has them: images, annotations, and boxes by class.
    """
    before = [one for port, given in counts["in"].items() if _flows_on(step, port) for one in _each(given)]
    after = {port: one for port, given in counts["out"].items() for one in _each(given)}
    boxes = {name for one in before for name, n in one["categories"].items() if n}
    entered = sum(one["annotations"] for one in before)
    all_of_them = entered + counts["made"]["annotations"]  # where all are there, a class has but another name
    had_boxes = any(one["annotations"] for given in counts["in"].values() for one in _each(given))
    rows = {
        NO_IMAGES: [Row(f"'{port}'") for port, one in after.items() if not one["images"]],
        NO_BOXES: [Row(f"'{port}'") for port, one in after.items()
                   if had_boxes and one["images"] and not one["annotations"]],
        NO_BOX_OF_CLASS: [Row(f"class '{name}' in '{port}'") for port, one in after.items()
                          if 0 < one["annotations"] < all_of_them
                          for name, n in one["categories"].items() if not n and name in boxes],
    }
    yield from (Finding.of(kind, step.id, found) for kind, found in rows.items() if found)


def of_plan(planned: Plan) -> Iterator[Finding]:
    """Yield the steps that stand above the last published one and that no step reads."""
    consumed = {name for name, _ in planned.consumed()}
    publishing = [n for n, step in enumerate(planned.steps) if step.published()]
    for step in planned.steps[:publishing[-1]] if publishing else ():
        gives_data = any(port.kind is Dataset for port in step.outputs.values())
        if gives_data and step.id not in consumed and not step.published():
            yield Finding.of(UNREAD, step.id, [Row(f"step '{step.id}' ({step.offer.step.name})")])


def _flows_on(step: PlannedStep, port: str) -> bool:
    ports = step.offer.step.inputs
    return not (ports.reads_only if isinstance(ports, OpenPorts) else ports[port].reads_only)


def _each(given: Any) -> list[Counts]:
    """Return the counts of data sets; a checkpoint has none."""
    return [one for one in (given if isinstance(given, list) else [given]) if one and "images" in one]
