"""broken_promises: what every step promises a recipe, tried on one case."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coco_recipe import files, plugins
from coco_recipe.dataset import Dataset
from coco_recipe.errors import CocoRecipeError, PluginError, RecipeError
from coco_recipe.json_types import Params, Schema
from coco_recipe.steps import Step
from coco_recipe.testing.bench import Bench, Outcome, run_step
from coco_recipe.values.checkpoint import Checkpoint
from coco_recipe.values.facts import Facts
from coco_recipe.values.kind import ValueKinds

_UNKNOWN = "no_parameter_has_this_name"


def broken_promises(
    step: Step, folder: Path, bench: Bench | None = None, /, **given: Any
) -> tuple[str, ...]:
    """Run a step four times, and say which promises it breaks; none for a sound step.

    A step promises that

    - its ports, its parameters and its function go together, and its page says what it does;
    - each parameter has a description, and a default that its own schema allows, if any;
    - a parameter that it doesn't have is refused;
    - it accounts for each row, and gives what it declares;
    - what it foresees of its outputs is so;
    - the same inputs give the same bytes, also with two processes instead of one;
    - inputs and parameters stay as they are.

    Args:
        step: the step.
        folder: an empty folder to work in, as pytest's ``tmp_path``.
        bench: as of `run_step`; its folder and number of jobs don't matter.
        given: a case that the step must do, as `run_step` takes it.

    Returns:
        A line for each broken promise, ``<what it is about>: <what is wrong>``.
    """
    try:
        plugins.check_step(step)
    except PluginError as error:
        return (f"contract: {error}",)
    return (*_of_page(step), *_of_runs(step, folder, bench or Bench(), given))


def _of_page(step: Step) -> Iterator[str]:
    if not (step.run.__doc__ or "").strip():
        yield "docstring: the step's function has none, so that its page is empty"
    yield from _of_schema(step.params, "")


def _of_schema(schema: Schema, at: str) -> Iterator[str]:
    """Yield what is wrong with the parameters of a schema, and with those inside of them."""
    from jsonschema import Draft7Validator

    if at and "properties" in schema and "additionalProperties" not in schema:
        yield f"parameters: '{at}' takes unknown keys; add 'additionalProperties': False"
    for name, rule in schema.get("properties", {}).items():
        path = f"{at}.{name}" if at else name
        if not str(rule.get("description", "")).strip():
            yield f"parameters: '{path}' has no description"
        for value in (rule[key] for key in ("default",) if key in rule):
            for error in Draft7Validator(rule).iter_errors(value):
                yield f"parameters: the default of '{path}' is none that it takes: {error.message}"
        yield from _of_schema(rule, path)


def _of_runs(step: Step, folder: Path, bench: Bench, given: Params) -> Iterator[str]:
    before = _state(given)
    try:
        first = run_step(step, _at(bench, folder / "first"), **given)
    except CocoRecipeError as error:
        yield f"run: {error}"
        return
    yield from _of_foresight(first, bench.kinds)
    ways = {"a second time": _at(bench, folder / "again")}
    ways["with two processes"] = _at(bench, folder / "jobs", jobs=2)
    for way, other in ways.items():
        try:
            outcome = run_step(step, other, **given)
        except CocoRecipeError as error:
            yield f"bytes: {way} it fails: {error}"
            continue
        if others := _others(first, outcome):
            yield f"bytes: {way} others come out: {', '.join(others)}"
    for name in sorted(before):
        if name in first.changed or before[name] != _state(given)[name]:
            yield f"inputs: the step has changed '{name}'"
    if _takes(step, _at(bench, folder / "unknown"), {**given, _UNKNOWN: 1}):
        yield "parameters: the step takes unknown ones; add 'additionalProperties': False"


def _at(bench: Bench, folder: Path, jobs: int = 0) -> Bench:
    return replace(bench, folder=folder, jobs=jobs, keeps_outputs=True)


def _of_foresight(outcome: Outcome, kinds: ValueKinds) -> Iterator[str]:
    """Yield what the step foresaw of its outputs, and isn't so."""
    for port, foreseen in outcome.facts.items():
        facts = kinds.facts(outcome.values[port])
        if isinstance(foreseen, Facts) and isinstance(facts, Facts):
            for name in _wrong(foreseen, facts):
                told, found = getattr(foreseen, name), getattr(facts, name)
                yield f"foresee: {name} of '{port}' were to be {told}, and are {found}"


def _wrong(foreseen: Facts, found: Facts) -> Iterator[str]:
    """Yield the names of facts that are known and wrong: orders, bounds, possible keys."""
    for name in ("classes", "labels", "smallest", "largest", "images"):
        told, seen = getattr(foreseen, name), getattr(found, name)
        if told is not None and seen is not None and told != seen:
            yield name
    for name in ("fields", "annotation_fields", "keypoints"):
        told, seen = getattr(foreseen, name), getattr(found, name)
        if told is not None and not {*(seen or ())} <= {*told}:
            yield name


def _others(first: Outcome, second: Outcome) -> list[str]:
    """Return the names of files that two runs made differently."""
    assert first.folder, "a bench with a folder has the step's folder"
    assert second.folder, "a bench with a folder has the step's folder"
    made, again = _bytes(first.folder), _bytes(second.folder)
    return sorted(name for name in {*made, *again} if made.get(name) != again.get(name))


def _bytes(folder: Path) -> dict[str, bytes]:
    """Return the files of a committed step, without the clocks in its manifest."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in files.files_below(folder)}
    manifest = json.loads(found["manifest.json"])
    del manifest["record"]["clock"]
    return found | {"manifest.json": json.dumps(manifest).encode()}


def _state(given: Params) -> dict[str, Any]:
    """Return what must be the same after a run: parameters, rows, and the files of the inputs."""
    return {name: _state_of(value) for name, value in given.items()}


def _state_of(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_state_of(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _state_of(item) for key, item in value.items()}
    if isinstance(value, Dataset):
        paths = [path for folder in value.folders.values() for path in files.files_below(folder)]
        rows = (value.images, value.annotations, value.categories, value.loose)
        return rows, dict(value.extra), dict(value.folders), _hashes(paths)
    if isinstance(value, Checkpoint):
        return value, _hashes([value.path])
    return copy.deepcopy(value)


def _hashes(paths: list[Path]) -> dict[Path, str]:
    return {path: files.sha256(path) for path in paths}


def _takes(step: Step, bench: Bench, given: Params) -> bool:
    """Say whether the step begins to run with what is given."""
    try:
        run_step(step, bench, **given)
    except RecipeError:
        return False
    except CocoRecipeError:
        return True
    return True
