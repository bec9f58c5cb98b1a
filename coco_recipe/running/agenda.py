"""The agenda of a run: which steps must be made, and why; the others are reused."""

from collections.abc import Collection, Mapping, Sequence

from coco_recipe import files
from coco_recipe.keys import key as keys
from coco_recipe.keys.key import Key
from coco_recipe.manifest import Digests
from coco_recipe.planning.plan import PlannedStep, Reference
from coco_recipe.running.session import Session
from coco_recipe.running.store import MANIFEST
from coco_recipe.running.task import ASKED_FOR, Task, step_seed


def of(
    session: Session,
    *,
    force: bool = False,
    from_step: str = "",
    accept_versions: Collection[str] = (),
) -> tuple[Task, ...]:
    """Compare each step's key with what is committed.

    Args:
        session: the plan with its run directory.
        force: every step is to be made again.
        from_step: this step and all below are.
        accept_versions: steps whose results are kept, with those above, where only versions differ.

    Raises:
        RunError: a result that is to be kept differs in more than versions.
    """
    digests: dict[str, str] = {}
    lineages: dict[str, str] = {}
    tasks: list[Task] = []
    accept = keys.with_those_above(session.plan, accept_versions)
    consumed = session.plan.consumed()
    forced = force
    for step in session.plan.steps:
        forced = forced or step.id == from_step
        seed = step_seed(session.plan.recipe.seed, step.id)
        parts = keys.parts_of(step, _inputs(session, step, digests), seed)
        kept = None if forced else session.store.manifest(step.id)
        key = keys.current(parts, kept, accept=step.id in accept)
        digests[step.id] = key.digest
        terminal = frozenset(port for port in step.outputs if (step.id, port) not in consumed)
        reason = ASKED_FOR if forced else _why(session, step, key, terminal)
        if reason and step.id in accept:
            keys.refuse(step.id, reason)
        lineages[step.id] = _lineage(step, lineages)
        tasks.append(
            Task(step, key.digest, key.parts, reason, terminal, key.accepted, lineages[step.id])
        )
    return tuple(tasks)


def needed(session: Session, tasks: Sequence[Task]) -> dict[str, str]:
    """Return the steps to make with the reason.

    They are those that changed, and those in memory that feed them.
    """
    reasons = {task.step.id: task.reason for task in tasks if task.reason}
    ids = {task.step.id for task in tasks}
    for task in reversed(tasks):
        if task.step.id not in reasons:
            continue
        for name, port in task.step.references():
            if name in ids and name not in reasons and not _is_there(session, name, port):
                reasons[name] = "its rows live in memory, and a later step needs them"
    return reasons


def _is_there(session: Session, step_id: str, port: str) -> bool:
    if (step_id, port) in session.values:
        return True
    manifest = session.store.manifest(step_id)
    return manifest is not None and port in manifest.outputs


def _inputs(
    session: Session, step: PlannedStep, digests: Mapping[str, str]
) -> dict[str, str | Digests]:
    """Return what comes to each port: hashes of an input's files, or KEY:PORT of a step.

    Beside an input whose class names the recipe gives stands ``PORT.classes``, their hash.
    """

    def digest(reference: Reference) -> str | Digests:
        name, port = reference
        return f"{digests[name]}:{port}" if name in digests else session.inputs.digests[name]

    classes = {item.name: item.classes for item in session.plan.recipe.inputs if item.classes}
    found: dict[str, str | Digests] = {}
    for port, references in step.inputs.items():
        for i, reference in enumerate(references):
            place = f"{port}[{i}]" if len(references) > 1 else port
            found[place] = digest(reference)
            if named := classes.get(reference[0]):
                found[f"{place}.classes"] = files.digest(named)
    return found


def _lineage(step: PlannedStep, above: Mapping[str, str]) -> str:
    """Digest the names of the inputs and steps that lead to a step, and its own."""
    inputs = {
        port: [[name, wanted, above.get(name, "")] for name, wanted in references]
        for port, references in step.inputs.items()
    }
    return files.digest([step.id, inputs])


def _why(session: Session, step: PlannedStep, key: Key, terminal: frozenset[str]) -> str:
    """Say why a step must be made; empty where what is committed stands."""
    manifest = session.store.manifest(step.id)
    if manifest is None:
        is_there = (session.store.final(step.id) / MANIFEST).is_file()
        return f"its {MANIFEST} has changed" if is_there else "not done yet"
    if manifest.key != key.digest:
        return keys.why(manifest.parts, key.parts)
    if not terminal <= manifest.outputs.keys():
        return "its result is not on disk"
    return session.store.damage(step.id, manifest)
