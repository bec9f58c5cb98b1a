"""The plan of a recipe: its steps, ready to run, in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coco_recipe.findings import Check
from coco_recipe.json_types import Params
from coco_recipe.language.environment import Hidden
from coco_recipe.language.recipe import Recipe
from coco_recipe.linting.rule import Rule
from coco_recipe.observing.observers import Named
from coco_recipe.observing.trackers import Tracker
from coco_recipe.plugins import Offer
from coco_recipe.steps import Port, Step
from coco_recipe.values.kind import ValueKinds, each

Reference = tuple[str, str]  # the input or step, and its port


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step that is ready to run.

    Attributes:
        id: its name in the recipe.
        offer: the step and its plugin.
        inputs: references by port, in the recipe's order.
        params: parameters with their defaults, as the recipe has them.
        bound: the same with file names made paths, and what the step reads once in place of what is
            written.
        files: the files that parameters name.
        outputs: output kinds by port.
        kinds: the kinds of values that there are.
        backends: names of the backends that it looked at when it read its parameters.
        hidden: what of the parameters comes from the environment, and isn't written.
    """

    id: str
    offer: Offer
    inputs: Mapping[str, tuple[Reference, ...]]
    params: Params
    bound: Params
    files: tuple[Path, ...]
    outputs: Mapping[str, Port]
    kinds: ValueKinds
    backends: frozenset[str] = frozenset()
    hidden: Hidden = field(default_factory=Hidden)

    @property
    def step(self) -> Step:
        """The step that the plugin offers."""
        return self.offer.step

    @property
    def label(self) -> str:
        """The step as messages name it: ``step 'parts' (split)``."""
        return f"step '{self.id}' ({self.step.name})"

    @property
    def preload(self) -> tuple[str, ...]:
        """The modules that the workers of the step use."""
        return self.step.preload_for(self.bound)

    @property
    def reads_pixels(self) -> bool:
        """Whether its result depends on the bytes of the images."""
        return self.step.reads_pixels_for(self.bound)

    def keywords(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the step's functions are called with: values by port, and parameters."""
        names = self.step.params.get("properties", {})
        return self.step.given(values) | {name: self.bound.get(name) for name in names}

    def references(self) -> tuple[Reference, ...]:
        """Return all that the step reads, each once."""
        return tuple(dict.fromkeys(ref for many in self.inputs.values() for ref in many))

    def by_port(self, look_up: Callable[[Reference], Any]) -> dict[str, Any]:
        """Return what is looked up for the inputs, by port; a tuple where a port takes many."""
        return {
            port: tuple(map(look_up, refs)) if self.step.input(port).many else look_up(refs[0])
            for port, refs in self.inputs.items()
        }

    def values(self, look_up: Callable[[Reference], Any]) -> dict[str, Any]:
        """Return the input values by port; a flat tuple where a port takes many."""
        found = self.by_port(look_up)
        return {
            port: tuple(item for one in value for item in each(one))
            if isinstance(value, tuple)
            else value
            for port, value in found.items()
        }

    def sources(self, look_up: Callable[[Reference], Any]) -> dict[str, tuple[str, ...]]:
        """Return the name of the input or step that each input value is of, by port, in order."""
        return {
            port: tuple(ref[0] for ref in refs for _ in each(look_up(ref)))
            for port, refs in self.inputs.items()
        }

    def published(self) -> dict[str, str]:
        """Return the folders in which the result appears as well, by parameter, as written."""
        rules = self.step.params.get("properties", {})
        return {
            name: self.params[name]
            for name, rule in rules.items()
            if rule.get("format") == "publish-folder" and self.params.get(name)
        }

    def published_as_written(self) -> dict[str, str]:
        """Return the same folders with the names of what comes from the environment."""
        texts = self.hidden.texts
        return {name: texts.get((name,), folder) for name, folder in self.published().items()}


@dataclass(frozen=True, slots=True)
class Plan:
    """What will run, in order.

    Attributes:
        recipe: the recipe.
        steps: its steps, bound.
        plugin_files: those of the plugin files named for it of which it uses something.
        checks: the checks of pictures and masks that are installed.
        rules: the rules of lint that are installed.
        observers: what plugins want to be told of its runs.
        reporters: what makes the reporters of a run.
        trackers: observers that a run may ask for, by name.
        kinds: the kinds of values that there are.
        open_ends: inputs and steps whose values come to steps with problems, which aren't here;
            these might mend anything, and refuse nothing. Empty once the recipe is right.
    """

    recipe: Recipe
    steps: tuple[PlannedStep, ...]
    plugin_files: tuple[Path, ...] = ()
    checks: tuple[Check, ...] = ()
    rules: tuple[Rule, ...] = ()
    observers: tuple[Named, ...] = ()
    reporters: tuple[Named, ...] = ()
    trackers: Mapping[str, Tracker] = field(default_factory=dict)
    kinds: ValueKinds = field(default_factory=ValueKinds)
    open_ends: frozenset[str] = frozenset()

    def first_writer(self) -> str | None:
        """Return the id of the first step that writes files: all above it needs no image opened."""
        return next((step.id for step in self.steps if step.step.writes), None)

    def environment(self) -> dict[str, str]:
        """Return the variables that a process must have before it does work of the steps."""
        return {
            name: value
            for step in self.steps
            for package in step.step.needs_for(step.bound)
            for name, value in package.environment.items()
        }

    def consumed(self) -> set[Reference]:
        """Return every output that a later step reads."""
        return {
            reference for step in self.steps for many in step.inputs.values() for reference in many
        }
