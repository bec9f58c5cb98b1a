"""What a step's result depends on: the parts of its key, and in what two keys differ."""

import functools
import platform
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from coco_recipe import files
from coco_recipe.errors import RunError, did_you_mean
from coco_recipe.json_types import Params
from coco_recipe.keys import closure, libraries
from coco_recipe.keys.closure import Closure
from coco_recipe.manifest import Digests, KeyParts, Manifest
from coco_recipe.planning.plan import Plan, PlannedStep
from coco_recipe.steps import Step

EVERY_STEP = {
    "coco_recipe.coco_json": "reads and writes annotation files",
    "coco_recipe.values.dataset_value": "writes the data sets of outputs, and reads them again",
    "coco_recipe.values.stored": "names the files of outputs",
    "coco_recipe.checks.slow_reading": "reads annotation files that have values of a wrong type",
    "coco_recipe.dataset": "holds rows on their way from step to step",
    "coco_recipe.values.checkpoint": "holds a checkpoint on its way from step to step",
}
"""Modules that the result of every step depends on, and why."""

NO_STEP = {
    "coco_recipe.steps": "declares what a step is",
    "coco_recipe.step_context": "declares what a step gets",
    "coco_recipe.hookspecs": "declares what a plugin is",
    "coco_recipe.values.kind": "declares what a kind of value is",
    "coco_recipe.values.facts": "declares what is foreseen of a value",
    "coco_recipe.findings": "declares what a finding is",
    "coco_recipe.manifest": "declares what is recorded of a result",
    "coco_recipe.errors": "words what is wrong",
    "coco_recipe.failure": "words why a step failed",
}
"""Modules that steps import, and on which no result depends, and why."""

_NAMED = 3  # modules that a reason names
_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a step.

    Attributes:
        digest: of the parts.
        parts: all that the result depends on.
        accepted: the versions that are here, where they are others than the result was made with
            and it is kept all the same.
    """

    digest: str
    parts: KeyParts
    accepted: Mapping[str, str] = field(default_factory=dict)


def current(parts: KeyParts, kept: Manifest | None, *, accept: bool = False) -> Key:
    """Return a step's key: that of its result, where only versions differ and are accepted.

    Args:
        parts: what a result that is made now depends on.
        kept: the manifest of the result that is there.
        accept: accept whatever versions; else those alone that were accepted before.
    """
    digest = files.digest(parts)
    if kept and kept.key != digest and _differ_in_versions_alone(kept.parts, parts):
        others = _other_versions(kept.parts.environment, parts.environment)
        if accept or others == kept.record.accepted:
            return Key(kept.key, kept.parts, others)
    return Key(digest, parts)


def with_those_above(planned: Plan, names: Collection[str]) -> frozenset[str]:
    """Return the steps whose versions are accepted: those that are named, and those above them.

    Raises:
        RunError: there is no such step.
    """
    ids = [step.id for step in planned.steps]
    for name in names:
        if name not in ids:
            hint = did_you_mean(name, ids)
            raise RunError(f"--accept-versions: there is no step '{name}'; {hint}")
    found = set(names)
    for step in reversed(planned.steps):
        if step.id in found:
            found |= {name for name, _ in step.references()}.intersection(ids)
    return frozenset(found)


def refuse(step_id: str, reason: str) -> None:
    """Say that a result can't be kept, since not only versions differ.

    Raises:
        RunError: always.
    """
    raise RunError(
        f"--accept-versions: the result of step '{step_id}' can't be kept, since not only versions "
        f"differ: {reason}; run without it, and what has changed is made again"
    )


def parts_of(step: PlannedStep, inputs: Mapping[str, str | Digests], seed: int) -> KeyParts:
    """Return all that a step's result depends on; its digest is the step's key.

    Args:
        step: the step.
        inputs: what comes to each port: hashes of an input's files, or KEY:PORT of a step.
        seed: of the step's random choices.
    """
    found = code_of(step.step, step.bound)
    return KeyParts(
        use=step.step.name,
        parameters=step.hidden.keyed(dict(step.params)),
        seed=seed,
        inputs=dict(inputs),
        files={
            f"{n}:{step.hidden.file_name(path.name)}": files.sha256(path)
            for n, path in enumerate(step.files)
        },
        code=found.digests,
        environment=_environment(step, found),
    )


def code_of(step: Step, params: Params) -> Closure:
    """Return the modules that make a step's result, with the libraries that they import.

    Args:
        step: the step.
        params: its parameters, read.

    The step's code is where the functions are that make its result and its parameters. Modules
    that run in another process (``Step.also``) give no libraries: those that they need here, the
    step ``needs``.
    """
    apart = NO_STEP.keys() | set(step.apart)
    here = closure.of(
        [*EVERY_STEP, *step.preload_for(params), *_modules(step), *_readers(params)], apart
    )
    elsewhere = closure.of(step.also, apart)
    return Closure(dict(sorted({**here.digests, **elsewhere.digests}.items())), here.libraries)


def _modules(step: Step) -> Iterator[str]:
    makers: tuple[object, ...] = (step.run, step.read, step.outputs, step.needs, step.files)
    for function in (*makers, step.refuses, step.mends, step.understands):
        if callable(function):
            yield _home(function)


def _readers(params: Params) -> Iterator[str]:
    """Yield the modules of what the step has read, as a pipeline of a backend."""
    for value in params.values():
        if (module := type(value).__module__).startswith("coco_recipe"):
            yield module


def _home(function: Callable[..., object]) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__module__", None) or type(function).__module__)


def _environment(step: PlannedStep, code: Closure) -> dict[str, str]:
    """Return the versions that a step's result depends on; and the CPU, if it reads pictures."""
    needs = {package.module for package in step.step.needs_for(step.bound)}
    versions = libraries.versions(sorted({*code.libraries, *needs}))
    if step.reads_pixels and needs:
        versions |= {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "cpu": _cpu_features(),
        }
    return versions


def why(old: KeyParts, new: KeyParts) -> str:
    """Say in what the parts of two keys differ, the first that does."""
    if old.use != new.use:
        return "use changed"
    for name in [*new.parameters, *old.parameters]:
        before, now = old.parameters.get(name), new.parameters.get(name)
        if before != now:
            return f"parameter {name} changed: {_short(before)} -> {_short(now)}"
    if old.seed != new.seed:
        return "seed changed"
    for name in [*new.inputs, *old.inputs]:
        if old.inputs.get(name) != new.inputs.get(name):
            return f"input {name} changed"
    if old.files != new.files:
        return "files changed"
    changed = _code(old.code, new.code) or _versions(old.environment, new.environment)
    return changed or "its result was not kept"


def _code(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    changed = [name for name in old if name in new and old[name] != new[name]]
    changed = changed or sorted(old.keys() ^ new.keys())  # as where a file was renamed
    if not changed:
        return ""
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    return f"the code changed: {', '.join(changed[:_NAMED])}{more}"


def _versions(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    return "; ".join(
        f"the version of {name} changed: {old.get(name, _NOTHING)} -> {now}"
        for name, now in _other_versions(old, new).items()
    )


def _other_versions(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Return the versions that are other ones now, as they are now, by name."""
    names = sorted(old.keys() | new.keys())
    return {name: new.get(name, _NOTHING) for name in names if old.get(name) != new.get(name)}


def _differ_in_versions_alone(old: KeyParts, new: KeyParts) -> bool:
    """Say whether nothing else than versions (and the CPU) differs between two keys."""
    same = msgspec.structs.replace(old, environment=new.environment)
    return files.digest(same) == files.digest(new)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _cpu_features() -> str:
    """Digest the CPU's instruction sets, by which OpenCV picks its code: single pixels differ."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return files.digest(flags)[:16]
