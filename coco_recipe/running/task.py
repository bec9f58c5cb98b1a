"""Task: a step that is to be made, with all that its result depends on."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from coco_recipe import files
from coco_recipe.manifest import KeyParts
from coco_recipe.planning.plan import PlannedStep

ASKED_FOR = "asked for"


@dataclass(frozen=True, slots=True)
class Task:
    """A step with what its result depends on.

    Attributes:
        step: the step.
        key: digest of ``parts``; empty where nothing is kept of the result.
        parts: all that the result depends on, readable.
        reason: why it must be made; empty where what is committed stands.
        terminal: its outputs that no later step reads; they are on disk once it is done.
        accepted: versions here that are others than the key has.
        lineage: digest of the names of inputs and steps that lead to it, which stand in a result
            and not in the key.
    """

    step: PlannedStep
    key: str
    parts: KeyParts
    reason: str = ""
    terminal: frozenset[str] = frozenset()
    accepted: Mapping[str, str] = field(default_factory=dict)
    lineage: str = ""

    @classmethod
    def without_key(cls, step: PlannedStep, recipe_seed: int) -> "Task":
        """Return the task of a step whose values alone are wanted."""
        return cls(step, "", KeyParts(seed=step_seed(recipe_seed, step.id)))

    @property
    def is_afresh(self) -> bool:
        """Whether the step takes nothing from an earlier or interrupted run."""
        return self.reason == ASKED_FOR

    def environment(self) -> dict[str, str]:
        """Return what a step may know of versions and code that its result depends on."""
        return {**self.parts.environment, "code": files.digest(self.parts.code)}


def lineage(task: Task, tasks: Iterable[Task]) -> str:
    """Return what a task's result was made of, as JSON for what it makes; empty without a key.

    It has only what the key stands for, so that results of one key have one lineage: ``step``,
    ``use``, ``key``, ``versions``, ``data`` (hashes of the inputs, by the step and port that they
    came to) and ``steps`` up to this one, in order, with their parameters and seeds.

    Args:
        task: the task.
        tasks: all tasks of the plan.
    """
    by_key = {one.key: one for one in tasks if one.key}
    above: set[str] = set()
    waiting = [task.key]
    while waiting:
        key = waiting.pop()
        if key in by_key and key not in above:
            above.add(key)
            given = by_key[key].parts.inputs.values()
            waiting += [one.partition(":")[0] for one in given if isinstance(one, str)]
    line = [one for key, one in by_key.items() if key in above]
    if not line:
        return ""
    told = {
        "step": task.step.id,
        "use": task.parts.use,
        "key": task.key,
        "versions": task.parts.environment,
        "data": {
            f"{one.step.id}.{port}": given
            for one in line
            for port, given in one.parts.inputs.items()
            if not isinstance(given, str)
        },
        "steps": [
            {
                "id": one.step.id,
                "use": one.parts.use,
                "seed": one.parts.seed,
                "parameters": one.parts.parameters,
            }
            for one in line
        ],
    }
    return msgspec.json.encode(told, order="deterministic").decode()


def step_seed(recipe_seed: int, step_id: str) -> int:
    """Derive a step's seed, so that a step added or removed elsewhere doesn't change it."""
    return int.from_bytes(hashlib.sha256(f"{recipe_seed}/{step_id}".encode()).digest()[:8], "big")
