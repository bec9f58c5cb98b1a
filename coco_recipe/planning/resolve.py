"""resolve: Recipe + Registry -> Plan, every reference, port and parameter checked."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coco_recipe.errors import Problem, RecipeError, did_you_mean
from coco_recipe.json_types import Params
from coco_recipe.language import schema_check
from coco_recipe.language.recipe import Input, Recipe, RecipeStep
from coco_recipe.language.source import Source
from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.plugins import Offer, Registry
from coco_recipe.steps import Port
from coco_recipe.values.kind import ValueKinds
from coco_recipe.yaml_text import KeyPath


def resolve(recipe: Recipe, registry: Registry, problems: list[Problem]) -> Plan:
    """Bind every step of a recipe.

    Args:
        recipe: the recipe, maybe with problems.
        registry: the steps that there are.
        problems: what is known to be wrong already.

    Raises:
        RecipeError: with all problems, those given and those found here.
    """
    for name in recipe.findings:
        if name not in registry.kinds:
            problems.append(
                Problem(
                    recipe.source.where(("findings", name), key=True),
                    f"there is no finding '{name}'",
                    did_you_mean(name, list(registry.kinds)),
                )
            )
        elif registry.kinds[name].needed and recipe.findings[name] != "error":
            problems.append(
                Problem(
                    recipe.source.where(("findings", name)),
                    f"steps rely on such data being right, so '{name}' stays an error",
                    registry.kinds[name].remedy,
                )
            )
    known: dict[str, Mapping[str, Port]] = {
        item.name: {"": Port(registry.values.named(item.kind).type)}
        for item in recipe.inputs
        if _can_be_input(recipe, item, registry.values, problems)
    }
    later = [step.id for step in recipe.steps]
    steps = []
    for step in recipe.steps:
        later.remove(step.id)
        if step.id in known:
            problems.append(
                Problem(
                    recipe.source.where((*step.at, "id")),
                    f"the name '{step.id}' is taken already",
                    "give each input and step its own name",
                )
            )
        planned = _Binder(recipe.source, step, known, later, problems).bind(registry)
        known[step.id] = planned.outputs if planned else {}
        if planned:
            steps.append(planned)
    if found := recipe.source.independent(problems):
        raise RecipeError(found)
    return Plan(
        recipe,
        tuple(steps),
        checks=registry.checks,
        observers=registry.observers,
        kinds=registry.values,
    )


def _can_be_input(recipe: Recipe, item: Input, kinds: ValueKinds, problems: list[Problem]) -> bool:
    """See that an input is of a kind that can be read from a file made elsewhere."""
    inputs = sorted(kind.name for kind in kinds.by_type.values() if kind.load)
    if not item.other_kind or item.other_kind in inputs:
        return True
    problems.append(
        Problem(
            recipe.source.where(("inputs", item.name, "kind")),
            f"there is no kind of values '{item.other_kind}' that can be an input",
            did_you_mean(item.other_kind, inputs),
        )
    )
    return False


class _Binder:
    """Binds one step; collects problems."""

    def __init__(
        self,
        source: Source,
        step: RecipeStep,
        known: Mapping[str, Mapping[str, Port]],
        later: list[str],
        problems: list[Problem],
    ) -> None:
        self.source = source
        self.step = step
        self.known = known
        self.later = later
        self.problems = problems

    def problem(self, path: KeyPath, what: str, hint: str = "", *, key: bool = False) -> None:
        self.problems.append(
            Problem(self.source.where((*self.step.at, *path), key=key), what, hint)
        )

    def bind(self, registry: Registry) -> PlannedStep | None:
        offer = registry.offers.get(self.step.use)
        if offer is None:
            hint = did_you_mean(self.step.use, list(registry.offers))
            broken = "; ".join(f"{label}: {why}" for label, why in registry.broken.items())
            if broken:
                hint += f" (broken plugins: {broken})"
            self.problem(("use",), f"there is no step '{self.step.use}'", hint)
            return None
        before = len(self.problems)
        self.problems.extend(
            schema_check.problems(
                offer.step.params, self.step.params, self.source, (*self.step.at, "with")
            )
        )
        params = schema_check.with_defaults(offer.step.params, self.step.params)
        files: list[Path] = []
        bound = schema_check.resolve_files(
            offer.step.params, params, self.source.origin.parent, files
        )
        for file in files:
            if not file.is_file():
                self.problem(("with",), f"there is no file {file}", self.source.relative_to())
        sound = len(self.problems) == before
        if sound:
            bound = offer.step.read_for(bound, registry.backends)
        if sound and offer.step.check:
            for problem in offer.step.check(bound):
                self.problem((problem.below, *problem.path), problem.what, problem.hint)
        if sound:
            self.packages(offer, bound)
        if len(self.problems) == before and offer.step.files:
            try:
                files += offer.step.files(bound)
            except ValueError as error:
                self.problem(("with",), str(error))
        inputs = self.inputs(offer)
        outputs = offer.step.outputs_for(params) if sound else {}
        self.kinds(offer, outputs, registry.values)
        return PlannedStep(
            self.step.id,
            offer,
            inputs,
            params,
            bound,
            tuple(files),
            outputs,
            registry.values,
            self.source.hidden.below((*self.step.at, "with")),
        )

    def kinds(self, offer: Offer, outputs: Mapping[str, Port], kinds: ValueKinds) -> None:
        """Find ports of a kind of values that no plugin offers."""
        step = offer.step
        ports = {f"input '{name}'": step.input(name) for name in step.input_names()}
        ports |= {f"output '{name}'": port for name, port in outputs.items()}
        for name, port in ports.items():
            if port.kind not in kinds:
                self.problem(
                    ("use",),
                    f"the {name} of step '{step.name}' is a {port.kind.__name__}, "
                    "and no plugin offers such a kind of values",
                    f"name the plugin that does (--plugin); the kinds are {', '.join(kinds.names())}",
                )

    def packages(self, offer: Offer, params: Params) -> None:
        """Find packages that the step needs and that aren't installed."""
        for package in offer.step.needs_for(params):
            if importlib.util.find_spec(package.module) is None:
                self.problem(
                    ("use",),
                    f"step '{offer.step.name}' needs the package '{package.module}', "
                    "which is not installed",
                    package.remedy(),
                )

    def inputs(self, offer: Offer) -> dict[str, tuple[Reference, ...]]:
        given, step = self.step.inputs, offer.step
        names = step.input_names()
        if step.open_inputs:
            if not isinstance(given, dict) or not given:
                self.problem(
                    ("in",), "must map your port names to references", "in: {train: parts.train}"
                )
                return {}
            return {
                name: self.references(("in", name), step.input(name), value)
                for name, value in given.items()
            }
        if isinstance(given, str | list):
            if len(names) != 1:
                self.problem(
                    ("in",),
                    f"step '{step.name}' has the ports {', '.join(names)}; say which is which",
                )
                return {}
            given, short = {names[0]: given}, True
        else:
            given, short = given if isinstance(given, dict) else {}, False
        for name in given:
            if name not in names:
                self.problem(
                    ("in", name),
                    f"step '{step.name}' has no input '{name}'",
                    did_you_mean(name, list(names)),
                    key=True,
                )
        for name in names:
            if name not in given and not step.input(name).optional:
                self.problem(
                    (), f"the input '{name}' is missing", f"in: {{{name}: <a name from above>}}"
                )
        return {
            name: self.references(("in",) if short else ("in", name), step.input(name), value)
            for name, value in given.items()
            if name in names
        }

    def references(self, path: KeyPath, port: Port, value: Any) -> tuple[Reference, ...]:
        if isinstance(value, list) and not port.many:
            self.problem(path, "takes one reference, found a list")
            return ()
        if value == []:
            self.problem(path, "is empty", "name at least one input or step from above")
        items = (
            [((*path, i), item) for i, item in enumerate(value)]
            if isinstance(value, list)
            else [(path, value)]
        )
        return tuple(found for at, item in items if (found := self.reference(at, port, item)))

    def reference(self, path: KeyPath, port: Port, value: Any) -> Reference | None:
        if not isinstance(value, str):
            self.problem(path, f"a reference is a string, found {value!r}")
            return None
        name, _, wanted = value.partition(".")
        if name not in self.known:
            if name == self.step.id or name in self.later:
                self.problem(
                    path,
                    f"'{name}' stands below",
                    "a step reads only what stands above it: move it up",
                )
            else:
                self.problem(
                    path,
                    f"there is no input or step '{name}' above",
                    did_you_mean(name, list(self.known)),
                )
            return None
        outputs = self.known[name]
        if not outputs:  # a step with problems of its own, or without any output
            if name not in self.later and not self.problems:
                self.problem(path, f"step '{name}' has no output to read")
            return None
        fitting = [out for out, one in outputs.items() if one.kind is port.kind]
        if not wanted and len(outputs) == 1:
            wanted = next(iter(outputs))
        elif not wanted and len(fitting) == 1:  # the others can't be meant
            wanted = fitting[0]
        if wanted not in outputs:
            ports = [f"{name}.{port_name}" for port_name in outputs if port_name]
            self.problem(
                path,
                f"'{value}' names no output of '{name}'"
                if wanted
                else f"'{name}' has several outputs",
                did_you_mean(value, ports) if wanted else f"say which: {', '.join(ports)}",
            )
            return None
        found = outputs[wanted]
        if found.kind is not port.kind:
            self.problem(path, f"is a {found.kind.__name__}, expected a {port.kind.__name__}")
        elif found.many and not port.many:
            self.problem(path, f"is several {found.kind.__name__}s, expected one")
        return name, wanted
