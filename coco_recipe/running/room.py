"""About how much a run will write, and whether there is room for it."""

from collections.abc import Collection, Mapping
from pathlib import Path

from coco_recipe import system_errors
from coco_recipe.findings import Finding, Row
from coco_recipe.kinds import LITTLE_ROOM
from coco_recipe.planning.plan import Plan, Reference
from coco_recipe.values.facts import Facts


def needed(planned: Plan, facts: Mapping[Reference, Facts], due: Collection[str]) -> dict[str, int]:
    """Return about how many bytes steps will write, by id; those of which it is known.

    Args:
        planned: the plan.
        facts: what is known of inputs and outputs.
        due: ids of the steps that will run.
    """
    found = {}
    for step in planned.steps:
        if step.id not in due or not step.step.room:
            continue
        if size := step.step.room(step.bound, step.by_port(facts.__getitem__)):
            found[step.id] = size
    return found


def finding(folder: Path, needs: Mapping[str, int]) -> Finding | None:
    """Return that steps need more room than there is; None where there is enough.

    Args:
        folder: the run directory, which may not be there yet.
        needs: about how many bytes steps will write, by id.
    """
    free, total = system_errors.free(folder), sum(needs.values())
    if free is None or total <= free:
        return None
    rows = [Row(f"step '{step}'", f"about {system_errors.size(n)}") for step, n in needs.items()]
    have = f"{folder}: about {system_errors.size(total)} to write, {system_errors.size(free)} free"
    return Finding.of(LITTLE_ROOM, have, rows)
