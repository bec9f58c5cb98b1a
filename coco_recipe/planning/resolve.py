"""resolve: Recipe + Registry -> Plan, every reference, port and parameter checked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from coco_recipe.errors import Problem, RecipeError, did_you_mean, show_path
from coco_recipe.json_types import Params
from coco_recipe.language.recipe import Input, Recipe
from coco_recipe.language.source import Source, places_around
from coco_recipe.planning.binding import Binder
from coco_recipe.planning.plan import Plan
from coco_recipe.plugins import Registry
from coco_recipe.steps import Port
from coco_recipe.values.kind import ValueKinds
from coco_recipe.yaml_text import KeyPath


@dataclass(frozen=True, slots=True)
class Draft:
    """What a recipe comes to, be it wrong or not.

    Attributes:
        plan: its inputs and steps that are right, and so is all above them.
        named: all steps that there are, without parameters that are wrong by themselves; references
            may be missing.
        problems: what is wrong with it.
    """

    plan: Plan
    named: Plan
    problems: tuple[Problem, ...]

    def sound(self) -> Plan:
        """Return the plan.

        Raises:
            RecipeError: with every problem of the recipe.
        """
        if self.problems:
            raise RecipeError(self.problems)
        return self.plan


def resolve(recipe: Recipe, registry: Registry, problems: list[Problem]) -> Plan:
    """Bind every step of a recipe.

    Args:
        recipe: the recipe, maybe with problems.
        registry: the steps that there are.
        problems: what is known to be wrong already.

    Raises:
        RecipeError: with all problems, those given and those found here.
    """
    return drafted(recipe, registry, problems).sound()


def drafted(recipe: Recipe, registry: Registry, problems: list[Problem]) -> Draft:
    """Bind every step of a recipe that may be wrong.

    Args:
        recipe: the recipe, maybe with problems.
        registry: the steps that there are.
        problems: what is known to be wrong already; what is found here comes to it.
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
    whole = _Whole(recipe.source, problems)
    inputs = tuple(item for item in recipe.inputs if whole.has(item.name, ("inputs", item.name)))
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
        planned = Binder(recipe.source, step, known, later, whole.names, problems).bind(registry)
        known[step.id] = planned.outputs if planned else {}
        if planned:
            steps.append(replace(planned, params=whole.right(planned.params, (*step.at, "with"))))
        whole.has(step.id, step.at, step.inputs)
    if not recipe.steps or len(recipe.steps) < _entries(recipe.source):
        whole.open_ends |= whole.names  # a step without a form may read any of them
    named = Plan(
        recipe,
        tuple(steps),
        checks=registry.checks,
        rules=registry.rules,
        observers=registry.observers,
        reporters=registry.reporters,
        trackers=registry.trackers,
        kinds=registry.values,
    )
    sound = replace(
        named,
        recipe=replace(recipe, inputs=inputs),
        steps=tuple(step for step in steps if step.id in whole.names),
        open_ends=frozenset(whole.open_ends),
    )
    return Draft(sound, named, tuple(recipe.source.independent(problems)))


@dataclass(slots=True)
class _Whole:
    """Tells which inputs and steps of a recipe are right, and so is all that comes to them.

    Attributes:
        source: the recipe's text.
        problems: what is wrong with the recipe, as far as is known.
        names: those that are right.
        open_ends: those that a step reads which isn't.
    """

    source: Source
    problems: list[Problem]
    names: set[str] = field(default_factory=set)
    open_ends: set[str] = field(default_factory=set)
    _taken: int = 0
    _places: set[str] = field(default_factory=set)
    _of_settings: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._take(self.source.problems)

    def has(self, name: str, at: KeyPath, references: Any = ()) -> bool:
        """Report whether an input or step is right: its text at a key path, and what it reads."""
        read = {text.partition(".")[0] for text in _texts(references)}
        if self.is_wrong(at) or not read <= self.names or name in self.names:
            self.names.discard(name)  # of two of a name, nobody knows which is meant
            self.open_ends |= read if read <= self.names else self.names
            return False
        self.names.add(name)
        return True

    def right(self, params: Params, at: KeyPath) -> Params:
        """Return the parameters at a key path that aren't wrong by themselves."""
        return {key: value for key, value in params.items() if not self.is_wrong((*at, key))}

    def is_wrong(self, at: KeyPath) -> bool:
        """Report whether there is a problem of what stands at or below a key path."""
        self._take(self.problems[self._taken :])
        self._taken = len(self.problems)
        is_of_setting = any(self.source.is_about(problem, at) for problem in self._of_settings)
        return is_of_setting or show_path(at) in self._places

    def _take(self, problems: Sequence[Problem]) -> None:
        """Note the places that problems are about, and all that these stand in."""
        for problem in problems:
            if self.source.is_of_setting(problem):
                self._of_settings.append(problem)
            else:
                self._places.update(places_around(problem.where.path))


def _entries(source: Source) -> int:
    """Return how many steps a recipe lists, those among them that have no form."""
    rows = source.data.get("steps") if isinstance(source.data, dict) else None
    return len(rows) if isinstance(rows, list) else 0


def _texts(value: Any) -> Iterator[str]:
    """Yield the strings in ``in``, whatever its form."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for child in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(child)


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
