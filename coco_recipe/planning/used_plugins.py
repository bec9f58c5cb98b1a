"""Of which plugins a plan uses something: steps, kinds or backends; not those that only observe."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from coco_recipe.planning.plan import Plan
from coco_recipe.plugins import Registry


def used_files(planned: Plan, registry: Registry, files: Sequence[Path]) -> tuple[Path, ...]:
    """Return those plugin files without which the plan couldn't be made again.

    Args:
        planned: the plan.
        registry: what all plugins offer, these files among them.
        files: the plugin files that were named.
    """
    used = set(_plugins(planned, registry))
    return tuple(path for path in files if str(path) in used)


def _plugins(planned: Plan, registry: Registry) -> Iterator[str]:
    """Yield the plugins of which a plan uses something, by the names that they are told by."""
    kinds = planned.kinds
    for step in planned.steps:
        yield step.offer.plugin
        ports = [*map(step.step.input, step.inputs), *step.outputs.values()]
        yield from (kinds.offered_by.get(port.kind, "") for port in ports)
        yield from (registry.backends_by.get(name, "") for name in step.backends)
    for item in planned.recipe.inputs:
        yield kinds.offered_by.get(kinds.named(item.kind).type, "")
    yield from (registry.kinds_by.get(name, "") for name in planned.recipe.findings)
