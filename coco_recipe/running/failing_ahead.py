"""Tell before the work what would stop it: configs that can't be, rows that don't go together."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from coco_recipe.errors import (
    CocoRecipeError,
    FindingsError,
    Problem,
    RecipeError,
    StepError,
    together,
)
from coco_recipe.findings import Finding
from coco_recipe.planning import foresight
from coco_recipe.planning.plan import PlannedStep
from coco_recipe.publishing.targets import in_the_way
from coco_recipe.running import error_log
from coco_recipe.running.context import Context
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.running.task import step_seed
from coco_recipe.running.work import Work
from coco_recipe.steps import StepProblems


def try_configs(work: Work) -> None:
    """Let steps look at what takes seconds to look at, before the ones above them take hours.

    Raises:
        RecipeError: with what every step finds wrong.
    """
    seed, facts = work.plan.recipe.seed, work.session.inputs.facts
    problems: list[Problem] = []
    due = [task.step for task in work.tasks if task.step.id in work.reasons]
    for step in due:
        if step.step.preflight is None:
            continue
        known = step.by_port(facts.__getitem__)
        with tempfile.TemporaryDirectory() as scratch:
            context = Context(step.id, step_seed(seed, step.id), Path(scratch))
            try:
                with foresight.blamed(work.plan, step):
                    step.step.preflight(context, step.bound, known)
            except RecipeError as error:
                problems += error.problems
    if problems:
        raise RecipeError(problems)


def hold_against_rows(work: Work) -> None:
    """Hold steps against the rows that will come to them, before a step above takes long.

    Steps that live in memory are run here for it: those that stand behind a step that writes files,
    since they might fail; and those above a step that asks, or in whose folder are files that
    aren't ours. What isn't made again is read from disk.

    Raises:
        RecipeError: steps can't go together with what comes to them; with every problem.
        StepError: a step in memory fails.
        FindingsError: what it finds stops the run.
    """
    due = [task.step for task in work.tasks if task.step.id in work.reasons]
    writing = [step for step in due if step.step.writes]
    rehearsal = work.rehearsal()
    problems: list[Problem] = []
    for step in writing:
        known = partial(rehearsal.known_of, step)
        problems += in_the_way(work.plan, work.folder, step, known)
    for step in writing[1:]:  # to the first only steps in memory lead, and it asks itself
        facts = rehearsal.facts_of(step, work.session.inputs.facts)
        try:
            foresight.foresee_step(work.plan, step, facts, partial(rehearsal.known_before, step))
        except RecipeError as error:
            problems += error.problems
    errors: list[CocoRecipeError] = [RecipeError(problems)] if problems else []
    for step in due[due.index(writing[0]) :] if writing else ():
        if not step.step.writes and not step.reads_pixels:  # pixels take long themselves
            errors += _failing(work, step, rehearsal)
    if failed := next((error for error in errors if isinstance(error, StepError)), None):
        error_log.clear(work.folder)
        work.at = next(name for name, one in rehearsal.failures.items() if one is failed)
        failed.log = _log_of(work, failed)
    if errors:
        raise together(errors)


def _failing(work: Work, step: PlannedStep, rehearsal: Rehearsal) -> Iterator[CocoRecipeError]:
    """Yield why a step in memory would stop the run, as far as that is known before."""
    result = rehearsal.result_of(step)
    if error := rehearsal.failures.get(step.id):
        try:
            with foresight.blamed(work.plan, step):
                if isinstance(error.__cause__, StepProblems):
                    raise error.__cause__
        except RecipeError as problems:
            yield problems
        else:
            yield error
    elif result:
        findings = map(Finding.from_record, result.manifest.record.findings)
        if stopping := work.judge.stopping(findings):
            yield FindingsError(stopping)


def _log_of(work: Work, error: StepError) -> Path | None:
    """Write the log of the step that failed before the run; return its path."""
    task = next(task for task in work.tasks if task.step.id == work.at)
    return error_log.write(
        work.folder,
        task.step,
        error,
        environment=task.parts.environment,
        progress="it was tried before the run",
        unfinished=work.store.unfinished(work.at),
    )
