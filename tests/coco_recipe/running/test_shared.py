"""Values that runs share: of steps in memory alone, and no longer than they are of use."""

from pathlib import Path
from typing import Any

from builders import coco, write_recipe

from coco_recipe.manifest import KeyParts
from coco_recipe.planning.plan import Plan
from coco_recipe.running import stages
from coco_recipe.running.shared import Shared
from coco_recipe.running.task import Task

CLEAN: dict[str, Any] = {"use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}


def _plan(folder: Path) -> Plan:
    steps = [
        {"id": "clean", **CLEAN},
        {"id": "out", "use": "export_coco", "in": {"all": "clean"}, "with": {"images": "none"}},
    ]
    return stages.prepare(write_recipe(folder, steps, coco()))


def _task(planned: Plan, n: int, reason: str = "") -> Task:
    return Task(planned.steps[n], f"key {n}", KeyParts(), reason)


def test_values_of_steps_in_memory_are_there_for_the_next_run(tmp_path: Path) -> None:
    planned, shared = _plan(tmp_path), Shared()
    shared.begin()
    shared.put(planned, _task(planned, 0, "not done yet"), {"dataset": "rows"})
    shared.put(planned, _task(planned, 1, "not done yet"), {"dataset": "files"})
    shared.begin()
    tasks = [_task(planned, 0), _task(planned, 1)]
    assert dict(shared.values(tasks)) == {("clean", "dataset"): "rows"}
    assert not dict(shared.values([_task(planned, 0, "asked for")]))
    shared.begin()  # it was used, so it stays for this one
    shared.begin()
    assert not dict(shared.values(tasks))
