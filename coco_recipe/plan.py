"""resolve and plan: Recipe + Registry -> Plan, every reference, port and parameter checked."""

import contextlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from coco_recipe import failure, schema_check
from coco_recipe.checks import slow_reading
from coco_recipe.checks.slow_reading import Excuse
from coco_recipe.errors import Problem, RecipeError, did_you_mean
from coco_recipe.facts import Facts
from coco_recipe.findings import Check, Finding
from coco_recipe.plugins import Offer, Registry
from coco_recipe.recipe import Input, Recipe, RecipeStep
from coco_recipe.source import Source
from coco_recipe.steps import Complaint, Misfit, Port
from coco_recipe.values import ValueKinds, each
from coco_recipe.yaml_text import KeyPath

Reference = tuple[str, str]  # the input or step, and its port
_EXTRAS = {"albumentations": "augment", "cv2": "augment", "numpy": "augment"}
_TRAINING = ("torch", "mmcv", "mmengine", "mmdet")  # installed in an order, which doctor knows


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step that is ready to run.

    Attributes:
        id: its name in the recipe.
        offer: the step and its plugin.
        inputs: references by port, in the recipe's order.
        params: parameters with their defaults, as the recipe has them.
        bound: the same with file names made paths, and what the step reads once in place of what is written.
        files: the files that parameters name.
        outputs: output kinds by port.
        kinds: the kinds of values that there are.
    """

    id: str
    offer: Offer
    inputs: Mapping[str, tuple[Reference, ...]]
    params: Mapping[str, Any]
    bound: Mapping[str, Any]
    files: tuple[Path, ...]
    outputs: Mapping[str, Port]
    kinds: ValueKinds

    def published(self) -> dict[str, str]:
        """Return the folders in which the result appears as well, by parameter, as the recipe has them."""
        rules = self.offer.step.params.get("properties", {})
        return {
            name: self.params[name]
            for name, rule in rules.items()
            if rule.get("format") == "publish-folder" and self.params.get(name)
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What will run, in order.

    Attributes:
        recipe: the recipe.
        steps: its steps, bound.
        plugin_files: the plugins that were named for it.
        checks: the checks of pictures and masks that are installed.
        kinds: the kinds of values that there are.
    """

    recipe: Recipe
    steps: tuple[PlannedStep, ...]
    plugin_files: tuple[Path, ...] = ()
    checks: tuple[Check, ...] = ()
    kinds: ValueKinds = field(default_factory=ValueKinds)

    def first_writer(self) -> str | None:
        """Return the id of the first step that writes files: all above it can be had without opening an image."""
        return next((step.id for step in self.steps if step.offer.step.writes), None)

    def consumed(self) -> set[Reference]:
        """Return every output that a later step reads."""
        return {
            reference for step in self.steps for many in step.inputs.values() for reference in many
        }


def resolve(recipe: Recipe, registry: Registry, problems: list[Problem]) -> Plan:
    """Bind every step of a recipe.

    Args:
        recipe: the recipe, maybe with faults.
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
    return Plan(recipe, tuple(steps), checks=registry.checks, kinds=registry.values)


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


def foresee(
    planned: Plan,
    known: Mapping[Reference, Facts],
    values_of: Callable[[PlannedStep], Mapping[str, Any] | None] = lambda step: None,
) -> dict[Reference, Facts]:
    """Follow what is known of the inputs through all steps, and let each step say whether it can go together.

    Args:
        planned: the plan.
        known: facts of the recipe's inputs.
        values_of: gives the values of a step's input ports, for steps that examine them; None where they
            can't be had before the run.

    Returns:
        Facts of the inputs and of every step's outputs.

    Raises:
        RecipeError: with what every step finds wrong.
    """
    facts, problems = dict(known), dict[Problem, None]()
    for step in planned.steps:
        facts |= {
            (step.id, port): planned.kinds[rule.kind].unknown for port, rule in step.outputs.items()
        }
        with _collected(problems):
            found = foresee_step(
                planned, step, by_port(step, facts.__getitem__), partial(values_of, step)
            )
            facts |= {(step.id, port): fact for port, fact in found.items()}
    if problems:
        raise RecipeError(tuple(problems))
    return facts


def review(planned: Plan, facts: Mapping[Reference, Facts]) -> tuple[Finding, ...]:
    """Return what each step finds worth knowing before the run, from the facts of its input ports."""
    return tuple(
        finding
        for step in planned.steps
        if step.offer.step.review
        for finding in step.offer.step.review(step.id, step.bound, by_port(step, facts.__getitem__))
    )


def refusing(planned: Plan, name: str, kind: str) -> Iterator[PlannedStep]:
    """Yield the steps that can't take a kind of finding of an input, and to which its rows come.

    The rows flow from step to step; a step that mends the kind stops it.
    """
    carrying: set[Reference] = {(name, "")}
    for step in planned.steps:
        if carrying & {reference for many in step.inputs.values() for reference in many}:
            if kind in step.offer.step.refused_for(step.params):
                yield step
            if kind not in step.offer.step.mended_for(step.params):
                carrying |= {(step.id, port) for port in step.outputs}


def is_mended(planned: Plan, name: str, kind: str) -> bool:
    """Say whether every step that reads an input mends a kind of finding."""
    readers = [
        step.offer.step.mended_for(step.params)
        for step in planned.steps
        if (name, "") in {reference for many in step.inputs.values() for reference in many}
    ]
    return bool(readers) and all(kind in mended for mended in readers)


def excuse(planned: Plan, name: str) -> Excuse:
    """Return which values of a wrong type are taken in by all steps that an input flows to."""
    return Excuse(
        frozenset(
            kind
            for kind in slow_reading.KINDS
            if _is_taken_in(planned, (name, ""), kind, whole=True)
        ),
        frozenset(
            kind
            for kind in slow_reading.KINDS
            if _is_taken_in(planned, (name, ""), kind, whole=False)
        ),
    )


def _is_taken_in(planned: Plan, ref: Reference, kind: str, *, whole: bool) -> bool:
    """Say whether every reader of a value takes a kind of wrong type in, or hands it on to steps that do."""
    reading = [
        (step, port) for step in planned.steps for port, refs in step.inputs.items() if ref in refs
    ]
    for step, port in reading:
        taken = step.offer.step.mended_for(step.params)
        if not step.offer.step.input(port).loose:
            return False
        if not whole:
            taken |= step.offer.step.understood_for(step.params)
        handed_on = [(step.id, output) for output in step.outputs]
        if kind not in taken and not (
            handed_on and all(_is_taken_in(planned, each, kind, whole=whole) for each in handed_on)
        ):
            return False
    return bool(reading)


def by_port(step: PlannedStep, look_up: Callable[[Reference], Any]) -> dict[str, Any]:
    """Return what is looked up for a step's inputs, by port; a tuple where a port takes many."""
    is_many = {port: step.offer.step.input(port).many for port in step.inputs}
    return {
        port: tuple(map(look_up, refs)) if is_many[port] else look_up(refs[0])
        for port, refs in step.inputs.items()
    }


def bound(step: PlannedStep, look_up: Callable[[Reference], Any]) -> dict[str, Any]:
    """Return a step's input values by port; a flat tuple where a port takes many."""
    found = by_port(step, look_up)
    return {
        port: _flat(value) if isinstance(value, tuple) else value for port, value in found.items()
    }


def _flat(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(item for value in values for item in each(value))


def foresee_step(
    planned: Plan,
    step: PlannedStep,
    facts: Mapping[str, Any],
    values: Callable[[], Mapping[str, Any] | None] = lambda: None,
) -> Mapping[str, Facts]:
    """Ask one step what will be known of its outputs, from the facts of its input ports; let it examine their values.

    Raises:
        RecipeError: the step can't go together with its inputs; at its place in the recipe.
    """
    offered, found, problems = step.offer.step, dict[str, Facts](), dict[Problem, None]()
    with _collected(problems), blamed(planned, step):
        found |= offered.foresee(step.bound, facts) if offered.foresee else {}
    with _collected(problems), blamed(planned, step):
        if offered.examine:
            offered.examine(step.bound, facts, values)
    if problems:
        raise RecipeError(tuple(problems))
    return found


@contextlib.contextmanager
def _collected(problems: dict[Problem, None]) -> Iterator[None]:
    """Put what is wrong with a recipe among the problems, each once, instead of stopping at it."""
    try:
        yield
    except RecipeError as error:
        problems |= dict.fromkeys(error.problems)


@contextlib.contextmanager
def blamed(planned: Plan, step: PlannedStep) -> Iterator[None]:
    """Turn what a step finds wrong into a RecipeError, at the step's place in the recipe."""
    try:
        yield
    except ValueError as error:
        row = next(row for row in planned.recipe.steps if row.id == step.id)
        found = [Complaint((), failure.told(error, failure.home_of(step.offer.step.run)))]
        if isinstance(error, Misfit):
            found = [
                replace(one, path=())
                if one.below == "in" and not isinstance(row.inputs, Mapping)
                else one
                for one in error.complaints
            ]  # 'in: raw' has no key for the port
        name, where = f"step '{step.id}' ({step.offer.step.name})", planned.recipe.source.where
        raise RecipeError(
            [
                Problem(
                    where(
                        (*row.at, one.below, *one.path)
                        if isinstance(error, Misfit)
                        else (*row.at, "use")
                    ),
                    f"{name}: {one.what}",
                    one.hint,
                )
                for one in found
            ]
        ) from error


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
        self.source, self.step, self.known, self.later, self.problems = (
            source,
            step,
            known,
            later,
            problems,
        )

    def problem(self, path: KeyPath, what: str, hint: str = "", *, key: bool = False) -> None:
        self.problems.append(
            Problem(self.source.where((*self.step.at, *path), key=key), what, hint)
        )

    def bind(self, registry: Registry) -> PlannedStep | None:
        offer = registry.offers.get(self.step.use)
        if offer is None:
            hint = did_you_mean(self.step.use, list(registry.offers))
            if registry.broken:
                hint += f" (broken plugins: {'; '.join(f'{k}: {v}' for k, v in registry.broken.items())})"
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
            bound = offer.step.read_for(bound)
        if sound and offer.step.check:
            for complaint in offer.step.check(bound):
                self.problem((complaint.below, *complaint.path), complaint.what, complaint.hint)
        self.packages(offer, params)
        if len(self.problems) == before and offer.step.files:
            try:
                files += offer.step.files(bound)
            except ValueError as error:
                self.problem(("with",), str(error))
        inputs = self.inputs(offer)
        outputs = offer.step.outputs_for(params) if sound else {}
        self.kinds(offer, outputs, registry.values)
        return PlannedStep(
            self.step.id, offer, inputs, params, bound, tuple(files), outputs, registry.values
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

    def packages(self, offer: Offer, params: Mapping[str, Any]) -> None:
        for name in offer.step.needs_for(params):
            if importlib.util.find_spec(name) is None:
                extra = _EXTRAS.get(name)
                install = f'pip install "coco-recipe[{extra}]"' if extra else f"install {name}"
                if name in _TRAINING:
                    install = "coco-recipe doctor --for train prints the commands that install it"
                self.problem(
                    ("use",),
                    f"step '{offer.step.name}' needs the package '{name}', which is not installed",
                    install,
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
            given, short = given or {}, False
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
        if not outputs:  # a step with faults of its own, or without any output
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
