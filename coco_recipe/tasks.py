"""What is to be done about each step: make it, with the reason, or reuse what is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coco_recipe import execute, files, provenance
from coco_recipe.plan import PlannedStep, Reference
from coco_recipe.session import Session

ASKED_FOR = "asked for"


@dataclass(frozen=True, slots=True)
class Task:
    """A step with what its result depends on.

    Attributes:
        step: the step.
        key: digest of ``parts``.
        parts: all that the result depends on, readable.
        reason: why it must be made; empty where what is committed stands.
        terminal: its outputs that no later step reads; they are on disk once it is done.
    """

    step: PlannedStep
    key: str
    parts: dict[str, Any]
    reason: str
    terminal: frozenset[str]


def of(session: Session, *, force: bool = False, from_step: str = "") -> tuple[Task, ...]:
    """Compare each step's key with what is committed.

    Args:
        session: the plan with its run directory.
        force: every step is to be made again.
        from_step: this step and all below are.
    """
    keys: dict[str, str] = {}
    tasks: list[Task] = []
    consumed = session.plan.consumed()
    forced = force
    for step in session.plan.steps:
        forced = forced or step.id == from_step
        inputs = {
            f"{port}{f'[{i}]' if len(references) > 1 else ''}": _digest(session, reference, keys)
            for port, references in step.inputs.items()
            for i, reference in enumerate(references)
        }
        seed = execute.step_seed(session.plan.recipe.seed, step.id)
        parts = provenance.key_parts(step, inputs, seed)
        key = files.digest(parts)
        keys[step.id] = key
        terminal = frozenset(port for port in step.outputs if (step.id, port) not in consumed)
        reason = ASKED_FOR if forced else _why(session, step, key, parts, terminal)
        tasks.append(Task(step, key, parts, reason, terminal))
    return tuple(tasks)


def needed(session: Session, tasks: Sequence[Task]) -> dict[str, str]:
    """Return the steps to make with the reason: those that changed, and those in memory that feed them."""
    reasons = {task.step.id: task.reason for task in tasks if task.reason}
    ids = {task.step.id for task in tasks}
    for task in reversed(tasks):
        if task.step.id not in reasons:
            continue
        for name, port in task.step.references():
            if name in ids and name not in reasons and not _is_on_disk(session, name, port):
                reasons[name] = "its rows live in memory, and a later step needs them"
    return reasons


def _is_on_disk(session: Session, step_id: str, port: str) -> bool:
    manifest = session.store.manifest(step_id)
    return manifest is not None and port in manifest.outputs


def _digest(session: Session, reference: Reference, keys: Mapping[str, str]) -> Any:
    name, port = reference
    return f"{keys[name]}:{port}" if name in keys else session.inputs.digests[name]


def _why(
    session: Session,
    step: PlannedStep,
    key: str,
    parts: Mapping[str, Any],
    terminal: frozenset[str],
) -> str:
    """Say why a step must be made; empty where what is committed stands."""
    manifest = session.store.manifest(step.id)
    if manifest is None:
        return "not done yet"
    if manifest.key != key:
        return provenance.why(manifest.parts, parts)
    if not terminal <= manifest.outputs.keys():
        return "its result is not on disk"
    return session.store.damage(step.id, manifest)
