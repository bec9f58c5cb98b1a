"""What is known of every value before the run, followed through the steps of a plan."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from coco_recipe import failure
from coco_recipe.errors import Problem, RecipeError
from coco_recipe.findings import Finding
from coco_recipe.language.recipe import RecipeStep
from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.steps import StepProblem, StepProblems
from coco_recipe.values.facts import Facts, FactsByPort
from coco_recipe.yaml_text import KeyPath


def foresee(
    planned: Plan,
    known: Mapping[Reference, Facts],
    values_of: Callable[[PlannedStep], Mapping[str, Any] | None] = lambda step: None,
) -> dict[Reference, Facts]:
    """Follow what is known of the inputs through all steps, and let each say if it goes together.

    Args:
        planned: the plan.
        known: facts of the recipe's inputs.
        values_of: gives the values of a step's input ports, for steps that examine them, as far as
            they can be had before the run; None where none can.

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
                planned, step, step.by_port(facts.__getitem__), partial(values_of, step)
            )
            facts |= {(step.id, port): fact for port, fact in found.items()}
    if problems:
        raise RecipeError(tuple(problems))
    return facts


def review(planned: Plan, facts: Mapping[Reference, Facts]) -> tuple[Finding, ...]:
    """Return what each step finds worth knowing before the run, from the facts of its inputs."""
    return tuple(
        finding
        for step in planned.steps
        if step.step.review
        for finding in step.step.review(step.id, step.bound, step.by_port(facts.__getitem__))
    )


def foresee_step(
    planned: Plan,
    step: PlannedStep,
    facts: FactsByPort,
    values: Callable[[], Mapping[str, Any] | None] = lambda: None,
) -> Mapping[str, Facts]:
    """Ask one step what will be known of its outputs, from the facts of its input ports.

    Let it examine their values.

    Args:
        planned: the plan.
        step: one of its steps.
        facts: what is known of its input ports.
        values: gives the values of these, as far as they can be had before the run; None where none
            can.

    Returns:
        Facts by output port; of those that are left out, nothing is known.

    Raises:
        RecipeError: the step can't go together with its inputs; at its place in the recipe.
    """
    offered = step.step
    found: dict[str, Facts] = {}
    problems: dict[Problem, None] = {}
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
    """Turn what a step finds wrong into a RecipeError, at the step's place in the recipe.

    Args:
        planned: the plan.
        step: the step whose functions are called meanwhile.

    Raises:
        RecipeError: a function raised a ValueError, as StepProblems are.
    """
    try:
        yield
    except StepProblems as error:
        row = next(row for row in planned.recipe.steps if row.id == step.id)
        found = [(_path_of(problem, row), problem.what, problem.hint) for problem in error.problems]
        raise _wrong(planned, step, row, found) from error
    except ValueError as error:
        row = next(row for row in planned.recipe.steps if row.id == step.id)
        text = failure.told(error, failure.home_of(step.step.run))
        raise _wrong(planned, step, row, [(("use",), text, "")]) from error


def _path_of(problem: StepProblem, row: RecipeStep) -> KeyPath:
    """Return the key path of a problem below its step."""
    if problem.below == "in" and not isinstance(row.inputs, Mapping):
        return ("in",)  # 'in: raw' has no key for the port
    return (problem.below, *problem.path)


def _wrong(
    planned: Plan, step: PlannedStep, row: RecipeStep, found: list[tuple[KeyPath, str, str]]
) -> RecipeError:
    where = planned.recipe.source.where
    return RecipeError(
        [
            Problem(where((*row.at, *path)), f"{step.label}: {what}", hint)
            for path, what, hint in found
        ]
    )
