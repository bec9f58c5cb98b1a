"""Bind one step of a recipe: its plugin, parameters, packages, ports and references."""

import importlib.util
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from coco_recipe.errors import Problem, did_you_mean
from coco_recipe.json_types import Params
from coco_recipe.language import paths, schema_check
from coco_recipe.language.recipe import RecipeStep
from coco_recipe.language.source import Source
from coco_recipe.planning.plan import PlannedStep, Reference
from coco_recipe.plugins import Offer, Registry
from coco_recipe.regular import why_none
from coco_recipe.steps import Backend, Port
from coco_recipe.values.kind import ValueKinds
from coco_recipe.yaml_text import KeyPath


class _Watched(Mapping[str, Backend]):
    """Backends by name, and the names of those that were asked for."""

    def __init__(self, backends: Mapping[str, Backend]) -> None:
        self.backends, self.asked = backends, set[str]()

    def __getitem__(self, name: str) -> Backend:
        found = self.backends[name]
        self.asked.add(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.backends)

    def __len__(self) -> int:
        return len(self.backends)


class Binder:
    """Binds one step; collects problems.

    Args:
        source: the recipe's text, for places.
        step: the step as it is written.
        known: the outputs of the inputs and steps above, by name.
        later: names of the steps below.
        right: those above in which nothing is wrong.
        problems: what is wrong is added to it.
    """

    def __init__(
        self,
        source: Source,
        step: RecipeStep,
        known: Mapping[str, Mapping[str, Port]],
        later: list[str],
        right: Collection[str],
        problems: list[Problem],
    ) -> None:
        self.source = source
        self.step = step
        self.known = known
        self.later = later
        self.right = right
        self.problems = problems

    def problem(self, path: KeyPath, what: str, hint: str = "", *, key: bool = False) -> None:
        self.problems.append(
            Problem(self.source.where((*self.step.at, *path), key=key), what, hint)
        )

    def bind(self, registry: Registry) -> PlannedStep | None:
        """Return the step as it is planned, maybe with problems; None where no plugin offers it.

        Args:
            registry: what plugins offer.
        """
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
        files, folder = list[Path](), self.source.origin.parent
        bound = schema_check.resolve_files(offer.step.params, params, folder, files)
        self.missing_files(offer, params)
        sound = len(self.problems) == before
        backends = _Watched(registry.backends)
        if sound:
            bound = offer.step.read_for(bound, backends)
        if sound and offer.step.check:
            for problem in offer.step.check(bound):
                self.problem((problem.below, *problem.path), problem.what, problem.hint)
        if sound or not callable(offer.step.needs):  # which don't depend on the parameters
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
            frozenset(backends.asked),
            self.source.hidden.below((*self.step.at, "with")),
        )

    def missing_files(self, offer: Offer, params: Params) -> None:
        """Find parameters that name a file which isn't there."""

        def look(text: str, at: KeyPath, is_file: bool) -> str:
            file = self.source.origin.parent / text
            if is_file and not file.is_file():
                path = ("with", *at)
                what = why_none(file, paths.shown(file))
                is_gone = what.startswith("there is no")
                hint = self.source.relative_to((*self.step.at, *path)) if is_gone else ""
                self.problem(path, what, hint)
            return text

        paths.changed(offer.step.params, params, look)

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
                    "name the plugin that does (--plugin); the kinds are "
                    f"{', '.join(kinds.names())}",
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
                    f"{removed}this recipe takes it out"
                    if (removed := self.source.removed.get(name))
                    else did_you_mean(name, list(self.known)),
                )
            return None
        outputs = self.known[name]
        if not outputs:  # a step with problems of its own, or without any output
            if name in self.right:
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
