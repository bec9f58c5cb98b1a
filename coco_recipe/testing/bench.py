"""run_step: run one step on values, without a recipe's file and without a run's other stages."""

import copy
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe import plugins
from coco_recipe.engines import engine
from coco_recipe.events import Progress
from coco_recipe.findings import Finding
from coco_recipe.json_types import Params
from coco_recipe.language.recipe import Input, Recipe, RecipeStep
from coco_recipe.language.source import Source
from coco_recipe.manifest import StepRecord
from coco_recipe.planning import foresight
from coco_recipe.planning.plan import Plan
from coco_recipe.planning.resolve import resolve
from coco_recipe.plugins import Offer, Registry
from coco_recipe.running.execute import Workshop, execute
from coco_recipe.running.store import DROPPED, Store
from coco_recipe.running.task import Task
from coco_recipe.steps import Backend, OpenPorts, Step
from coco_recipe.values import shipped as shipped_values
from coco_recipe.values.facts import Facts
from coco_recipe.values.kind import ValueKinds, each


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how `run_step` runs a step.

    Attributes:
        folder: stands for the run directory: the step is committed at ``steps/<its name>`` below
            it, and paths of parameters are relative to it. A step that lives in memory needs none.
        seed: the recipe's seed.
        jobs: number of processes that ``ctx.map`` has; 0 is this process.
        keeps_outputs: write values that come out, also of a step that lives in memory.
        kinds: the kinds of values that there are. A plugin's own comes in by
            ``shipped.KINDS.with_kind(KIND, "my plugin")`` of ``coco_recipe.values``.
        backends: what steps can work with, by name, as the libraries of ``augment``.
    """

    folder: Path | None = None
    seed: int = 0
    jobs: int = 0
    keeps_outputs: bool = False
    kinds: ValueKinds = shipped_values.KINDS
    backends: Mapping[str, Backend] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step gave, and what it said meanwhile.

    Attributes:
        values: its outputs by port.
        notes: what it noted for the record (``ctx.note``).
        dropped: the lines of its ledger in order (``ctx.drop``), as in ``dropped.jsonl``.
        findings: what it found (``ctx.find``), errors too: here nothing stops at them.
        progress: what it said of how far it was (``ctx.progress``), in order.
        said: what it showed while it ran (``ctx.say``), in order.
        facts: what it foresaw of its outputs, by port.
        record: its record, as in ``manifest.json``.
        folder: where it is committed; None where the bench has no folder.
        changed: the names of parameters that the step has changed.
    """

    values: Mapping[str, Any]
    notes: Mapping[str, Any]
    dropped: tuple[Mapping[str, Any], ...]
    findings: tuple[Finding, ...]
    progress: tuple[Progress, ...]
    said: tuple[str, ...]
    facts: Mapping[str, Facts]
    record: StepRecord
    folder: Path | None
    changed: tuple[str, ...] = ()

    @property
    def value(self) -> Any:
        """The only output.

        Raises:
            ValueError: there are several, or none.
        """
        if len(self.values) != 1:
            raise ValueError(f"the step gave the outputs {list(self.values)}; name one of `values`")
        return next(iter(self.values.values()))


def run_step(step: Step, bench: Bench | None = None, /, **given: Any) -> Outcome:
    """Run one step as a recipe does: its parameters are checked, its books are closed.

    Rows are not checked, and findings stop nothing.

    Args:
        step: the step.
        bench: where and how it runs.
        given: its input values by port (a tuple where a port takes many, a mapping by name where
            its ports are open), and its parameters; those left out have their defaults.

    Returns:
        What the step gave, dropped, noted and found.

    Raises:
        PluginError: the step's function, ports and schema don't fit together.
        RecipeError: a parameter or an input is wrong; each problem names its key.
        StepError: the step failed, or its books don't close.
        ValueError: the step writes files, and the bench has no folder; an input is no value.
    """
    bench = bench or Bench()
    plugins.check_step(step)
    if bench.folder is not None:
        return _run(step, bench, bench.folder, given)
    if step.writes:
        raise ValueError(f"step '{step.name}' writes files; give it a folder: Bench(tmp_path)")
    with tempfile.TemporaryDirectory() as folder:
        return _run(step, bench, Path(folder), given)


def _run(step: Step, bench: Bench, folder: Path, given: Params) -> Outcome:
    ports, params = _divided(step, given)
    named = {name: item for port in ports for name, item in _named(port, ports[port]).items()}
    _check_kinds(ports, bench.kinds)
    planned = _planned(step, bench, folder / "recipe.yaml", ports, params)
    (bound,) = planned.steps
    values = bound.values(lambda ref: named[ref[0]])
    facts = bound.by_port(lambda ref: bench.kinds.facts(named[ref[0]]))
    foreseen = foresight.foresee_step(planned, bound, facts, lambda: values)
    findings: list[Finding] = []
    progress: list[Progress] = []
    said: list[str] = []
    workshop = Workshop(
        Store(folder),
        engine.local(bench.jobs, environment=planned.environment()),
        on_progress=progress.append,
        on_said=said.append,
        judge=findings.extend,
    )
    task = Task.without_key(bound, bench.seed)
    if bench.keeps_outputs:
        task = replace(task, terminal=frozenset(bound.outputs))
    before = _copies(bound.bound)
    result = execute(task, values, workshop, bound.sources(lambda ref: named[ref[0]]))
    committed = workshop.store.final(step.name)
    return Outcome(
        values=result.values,
        notes=result.manifest.record.notes,
        dropped=_lines(committed / DROPPED),
        findings=tuple(findings),
        progress=tuple(progress),
        said=tuple(said),
        facts=foreseen,
        record=result.manifest.record,
        folder=committed if bench.folder else None,
        changed=tuple(name for name, value in before.items() if bound.bound[name] != value),
    )


def _copies(params: Params) -> dict[str, Any]:
    """Return copies of parameters, but of what a step reads once, as a pipeline."""
    plain = (str, int, float, list, dict, tuple)
    return {name: copy.deepcopy(one) for name, one in params.items() if isinstance(one, plain)}


def _divided(step: Step, given: Params) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide what is given into values by port and parameters.

    An optional port that is given None is left out.
    """
    if isinstance(step.inputs, OpenPorts):
        params = dict(given)
        return dict(params.pop(step.inputs.name, {})), params
    ports = {
        name: value for name, value in given.items() if name in step.inputs and value is not None
    }
    return ports, {name: value for name, value in given.items() if name not in step.inputs}


def _named(port: str, value: Any) -> dict[str, Any]:
    """Return the values of a port, each by a name of its own."""
    return {f"{port}-{number}": item for number, item in enumerate(each(value), 1)}


def _check_kinds(ports: Mapping[str, Any], kinds: ValueKinds) -> None:
    """Refuse what is no value.

    Raises:
        ValueError: names the port, and how to make a value of JSON.
    """
    for port, value in ports.items():
        for item in each(value):
            if not any(isinstance(item, kind) for kind in kinds.by_type):
                raise ValueError(
                    f"input '{port}' is a {type(item).__name__}, which is no kind of value; "
                    "coco_recipe.testing.dataset makes a Dataset of COCO JSON"
                )


def _planned(
    step: Step, bench: Bench, path: Path, ports: Mapping[str, Any], params: Params
) -> Plan:
    """Return the plan of a recipe that has only this step.

    Raises:
        RecipeError: a parameter or an input is wrong.
    """
    references: dict[str, str | list[str]] = {}
    inputs = []
    for port, value in ports.items():
        named = _named(port, value)
        references[port] = list(named) if isinstance(value, tuple) else next(iter(named))
        inputs += [
            Input(name, other_kind=bench.kinds.of(item).name) for name, item in named.items()
        ]
    source = Source(path, "", {}, {}, {})
    row = RecipeStep(step.name, step.name, references, params, ())
    recipe = Recipe(source, "bench", bench.seed, tuple(inputs), (row,))
    offers = {step.name: Offer(step, "bench", "")}
    kinds, backends = _givable(bench.kinds), dict(bench.backends)
    registry = Registry(offers, {}, {}, values=kinds, backends=backends)
    return resolve(recipe, registry, [])


def _givable(kinds: ValueKinds) -> ValueKinds:
    """Return the kinds, each as one that a recipe may start from: here no file is read."""
    return replace(
        kinds,
        by_type={
            type_: replace(kind, load=kind.load or (lambda path, of, name: None))
            for type_, kind in kinds.by_type.items()
        },
    )


def _lines(path: Path) -> tuple[Mapping[str, Any], ...]:
    """Return the lines of a ledger; none where there is no file."""
    text = path.read_bytes() if path.is_file() else b""
    return tuple(msgspec.json.decode(line) for line in text.splitlines())
