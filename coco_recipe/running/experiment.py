"""A plan as rules of lint look at it, and the rules that are told by it."""

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from coco_recipe.dataset import Dataset
from coco_recipe.engines import engine as engines
from coco_recipe.engines.engine import Engine
from coco_recipe.findings import Finding, judged
from coco_recipe.linting.rule import Part, Rule, StepInExperiment, role_of
from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.running.context import Context
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.running.task import step_seed
from coco_recipe.step_context import StepContext
from coco_recipe.steps import OpenPorts
from coco_recipe.values.facts import Facts

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Planned:
    """A plan as the experiment that it is (`coco_recipe.linting.rule.Experiment`).

    Attributes:
        plan: the plan.
        known: what is known of inputs and outputs.
        ahead: gives rows before the run; None where only the recipe is looked at.
        engine: where work on pictures is done.
    """

    plan: Plan
    known: Mapping[Reference, Facts]
    ahead: Rehearsal | None = None
    engine: Engine = field(default_factory=lambda: engines.local(0))

    @property
    def steps(self) -> Sequence[PlannedStep]:
        return self.plan.steps

    @property
    def inputs(self) -> Sequence[str]:
        return [item.name for item in self.plan.recipe.inputs]

    def is_read(self, name: str) -> bool:
        return name in {ref[0] for ref in self.plan.consumed()} | self.plan.open_ends

    def gives_data(self, step: StepInExperiment) -> bool:
        own = self._step(step.id)
        return own is not None and any(
            own.kinds[port.kind].in_books for port in own.outputs.values()
        )

    def facts_of(self, step: StepInExperiment) -> Mapping[str, Any]:
        own = self._step(step.id)
        return own.by_port(self.known.__getitem__) if own else {}

    def facts(self, ref: Reference) -> Facts:
        return self.known.get(ref, Facts())

    def above(self, name: str) -> Sequence[PlannedStep]:
        names, found = {name}, []
        for step in reversed(self.plan.steps):
            if step.id in names:
                names |= {ref[0] for ref in step.references()}
                if step.id != name:
                    found.append(step)
        return found[::-1]

    def rows(self, ref: Reference) -> Dataset | None:
        value = self.ahead.value_of(ref) if self.ahead else None
        return value if isinstance(value, Dataset) else None

    def rows_behind(self, ref: Reference) -> Sequence[Dataset] | None:
        if (rows := self.rows(ref)) is not None:
            return [rows]
        step = self._step(ref[0])
        if step is None or step.step.divides:
            return None
        found: dict[int, Dataset] = {}
        for port, refs in step.inputs.items():
            for one in refs if issubclass(step.step.input(port).kind, Dataset) else ():
                behind = self.rows_behind(one)
                if behind is None:
                    return None
                found |= {id(rows): rows for rows in behind}
        return list(found.values())

    def parts(self) -> Sequence[Part]:
        found = dict.fromkeys(part for step in self.plan.steps for part in _parts_of(step))
        return list(found) or self._divided()

    def opposed(self) -> Sequence[tuple[Part, Part]]:
        found: dict[frozenset[Reference], tuple[Part, Part]] = {}
        for step in self.plan.steps:
            own = list(_parts_of(step))
            if isinstance(step.step.inputs, OpenPorts):
                pairs: Iterable[tuple[Part, Part]] = itertools.combinations(own, 2)
            else:
                above = [part for one in self.above(step.id) for part in _parts_of(one)]
                learnt = [part for part in (*above, *own) if part.role == "train"]
                pairs = itertools.product(learnt, [part for part in own if part.role == "val"])
            for pair in pairs:
                found.setdefault(frozenset(part.ref for part in pair), _learnt_first(pair))
        if not found:
            pairs = itertools.combinations(self._divided(), 2)
            found = {frozenset(part.ref for part in pair): _learnt_first(pair) for pair in pairs}
        return list(found.values())

    def _divided(self) -> list[Part]:
        """Return the parts that steps divide off, which count where nothing reads parts as such."""
        return [
            Part((step.id, port), role_of(port), step.id)
            for step in self.plan.steps
            if step.step.divides
            for port in step.outputs
        ]

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return self.engine.map(function, items)

    @contextlib.contextmanager
    def context(self, step: StepInExperiment) -> Iterator[StepContext]:
        with tempfile.TemporaryDirectory() as scratch:
            yield Context(step.id, step_seed(self.plan.recipe.seed, step.id), Path(scratch))

    def _step(self, name: str) -> PlannedStep | None:
        return next((step for step in self.plan.steps if step.id == name), None)


def _parts_of(step: PlannedStep) -> Iterator[Part]:
    """Yield what a step learns from and measures on."""
    ports = step.step.inputs
    for name, refs in step.inputs.items():
        if isinstance(ports, OpenPorts):
            roles = [role_of(name)] if ports.are_parts else []
        else:
            roles = [ports[name].role] if ports[name].role else []
        yield from (Part(ref, role, step.id) for role in roles for ref in refs)


def _learnt_first(pair: tuple[Part, Part]) -> tuple[Part, Part]:
    one, other = pair
    return (other, one) if other.role == "train" and one.role != "train" else pair


def told_by_recipe(planned: Plan, known: Mapping[Reference, Facts]) -> Iterator[Finding]:
    """Yield what the rules find that look at no row; it is told by every ``plan`` and ``run``."""
    experiment = Planned(planned, known)
    for rule in planned.rules:
        if rule.looks_at == "recipe":
            yield from rule.find(experiment)


def lint(
    experiment: Planned, rules: Sequence[Rule], progress: Callable[[Rule], object]
) -> Iterator[Finding]:
    """Yield what rules find, with the recipe's severities, and the place in the recipe.

    Args:
        experiment: what is looked at.
        rules: the rules that are asked.
        progress: is told which rule comes next.
    """
    recipe = experiment.plan.recipe
    for rule in rules:
        if recipe.findings.get(rule.kind.name) == "ignore":
            continue
        progress(rule)
        for finding in judged(rule.find(experiment), recipe.findings):
            where = recipe.source.where(_path(experiment.plan, finding.place))
            yield replace(finding, file=where.file, line=where.line)


def _path(planned: Plan, place: str) -> tuple[str | int, ...]:
    """Return the key path of the first step or input that a finding's place names."""
    name = place.partition(",")[0].partition(".")[0]
    for step in planned.recipe.steps:
        if step.id == name:
            return step.at
    return ("inputs", name)
