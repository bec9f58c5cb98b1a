"""The contract of lint: a Rule, and the Experiment that it looks at."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from coco_recipe.dataset import Dataset
from coco_recipe.findings import Finding, Kind
from coco_recipe.step_context import StepContext
from coco_recipe.steps import Step
from coco_recipe.values.facts import Facts

Item = TypeVar("Item")
Result = TypeVar("Result")
Reference = tuple[str, str]  # the input or step, and its port
Role = Literal["", "train", "val"]
MEASURED = ("val", "valid", "validation", "test", "testing", "eval", "dev", "holdout", "minival")


class StepInExperiment(Protocol):
    """A step of an experiment."""

    @property
    def id(self) -> str:
        """Its name in the recipe."""
        ...

    @property
    def step(self) -> Step:
        """What the plugin offers."""
        ...

    @property
    def bound(self) -> Mapping[str, Any]:
        """Its parameters, with file names made paths, and read (`Step.read`)."""
        ...

    @property
    def inputs(self) -> Mapping[str, tuple[Reference, ...]]:
        """What it reads, by port."""
        ...

    def published(self) -> Mapping[str, str]:
        """Return the folders in which the result appears, by parameter."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A data set that is learnt from or measured on.

    Attributes:
        ref: the input or output that it is.
        role: ``train``, ``val`` (whatever is measured on), or empty where the name doesn't say.
        step: the id of the step that it comes to, or that divides it off.
    """

    ref: Reference
    role: Role
    step: str

    @property
    def name(self) -> str:
        """The part as a recipe names it, as ``parts.val``."""
        return ".".join(filter(None, self.ref))


class Experiment(Protocol):
    """What a rule looks at: a recipe with its inputs, before it is run."""

    @property
    def steps(self) -> Sequence[StepInExperiment]:
        """The steps, from top to bottom."""
        ...

    @property
    def inputs(self) -> Sequence[str]:
        """The names of the inputs."""
        ...

    def is_read(self, name: str) -> bool:
        """Report whether a step reads an input, or an output of a step.

        Args:
            name: the input's name or the step's id.

        Returns:
            False where nothing below takes anything of it.
        """
        ...

    def gives_data(self, step: StepInExperiment) -> bool:
        """Report whether a step gives rows, which are in the books.

        Args:
            step: one of `steps`.

        Returns:
            False for a step that gives checkpoints, figures or nothing.
        """
        ...

    def facts_of(self, step: StepInExperiment) -> Mapping[str, Any]:
        """Return what is known of a step's inputs.

        Args:
            step: one of `steps`.

        Returns:
            By port: `Facts`, a tuple of them for a port that takes many.
        """
        ...

    def facts(self, ref: Reference) -> Facts:
        """Return what is known of an input or an output.

        Args:
            ref: which one.

        Returns:
            Its facts; what can't be known before a run is None in them.
        """
        ...

    def above(self, name: str) -> Sequence[StepInExperiment]:
        """Return the steps that a step's result depends on.

        Args:
            name: the step's id.

        Returns:
            The steps from top to bottom, without itself.
        """
        ...

    def rows(self, ref: Reference) -> Dataset | None:
        """Return the rows of an input or an output.

        Args:
            ref: which one.

        Returns:
            Its data set; None where the rows can't be had before a run.
        """
        ...

    def rows_behind(self, ref: Reference) -> Sequence[Dataset] | None:
        """Return the rows of an input or an output, or the nearest known rows that it is made of.

        Args:
            ref: which one.

        Returns:
            The data sets; None where it is a part of something that isn't known: any of its rows
            may be in it or not.
        """
        ...

    def parts(self) -> Sequence[Part]:
        """Return what is learnt from and measured on, each once."""
        ...

    def opposed(self) -> Sequence[tuple[Part, Part]]:
        """Return the pairs of parts that should have nothing in common, what is learnt from first.

        They are what one step learns from and measures on, what was learnt from above a step that
        measures, and the parts of one data set that is written.
        """
        ...

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Apply a function to items, in several processes.

        Args:
            function: of a module, so that another process finds it by name.
            items: what it is given, one by one.

        Yields:
            The results, in the order of the items.
        """
        ...

    def context(self, step: StepInExperiment) -> AbstractContextManager[StepContext]:
        """Return a context for a step's process, with a folder that is gone at the end.

        Args:
            step: one of `steps`.

        Returns:
            A context manager that gives what a step is given as ``ctx``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of lint; a plugin offers its own through the hook ``coco_recipe_rules``.

    The docstring of ``find`` is the rule's page.

    Attributes:
        kind: what it finds; its name is the rule's, by which a recipe ignores it.
        find: finds it in an experiment.
        looks_at: what the rule needs: the recipe with the facts of its inputs (then it is told by
            ``plan`` and ``run``, too), rows, pictures, or configs, which are run.
    """

    kind: Kind
    find: Callable[[Experiment], Iterable[Finding]]
    looks_at: Literal["recipe", "rows", "pictures", "configs"] = "rows"

    @property
    def page(self) -> str:
        """The rule's page: why, what is looked at, what triggers it, and what to do."""
        return inspect.cleandoc(self.find.__doc__ or "")


def role_of(name: str) -> Role:
    """Return the role of a part that the user has named, as ``train``, ``val2017`` or ``test``."""
    word = name.lower().strip("_-.").rstrip("0123456789_-")
    if word.startswith("train"):
        return "train"
    return "val" if word in MEASURED or word.startswith(("val", "test")) else ""
