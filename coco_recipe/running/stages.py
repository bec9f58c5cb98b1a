"""The stages in order: `prepare` makes a plan of a recipe, `run` makes what the plan asks for."""

import contextlib
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from coco_recipe import failure, plugins
from coco_recipe.engines import engine as engines
from coco_recipe.errors import DatasetError, Problem, RecipeError, RunError, did_you_mean
from coco_recipe.events import Noted, Observer, RunEnded, RunStarted
from coco_recipe.language import recipe, source
from coco_recipe.observing.observers import Named, Observers
from coco_recipe.planning import foresight
from coco_recipe.planning.plan import Plan
from coco_recipe.planning.resolve import resolve
from coco_recipe.publishing.publisher import Publisher
from coco_recipe.publishing.targets import in_the_way
from coco_recipe.running import error_log, provenance, run_folder
from coco_recipe.running.context import Context
from coco_recipe.running.judge import Judge
from coco_recipe.running.loop import make_steps
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.running.session import Session
from coco_recipe.running.store import Store
from coco_recipe.running.task import step_seed
from coco_recipe.running.work import Work


def prepare(path: Path, overrides: Sequence[str] = (), plugin_files: Sequence[Path] = ()) -> Plan:
    """Load, validate, resolve: find all that can be found wrong in a recipe without data.

    The copy of a recipe that a run directory keeps means what the recipe meant: its paths are
    relative to where that was.

    Raises:
        RecipeError: with every problem.
        PluginError: a plugin file is broken.
    """
    text = source.load(path, overrides)
    copies = (run_folder.WRITTEN, run_folder.RESOLVED)
    places = provenance.recorded_places(path.parent) if path.name in copies else []
    planned = planned_from(text, places, plugins.find(plugin_files))
    return replace(planned, plugin_files=tuple(plugin_files))


def planned_from(text: source.Source, places: Sequence[Path], registry: plugins.Registry) -> Plan:
    """Plan a recipe, seen from the first place of its file where all that it names is there.

    Raises:
        RecipeError: with every problem, as seen from the place with the fewest.
    """
    errors = []
    for place in (*places, None):
        problems: list[Problem] = []
        try:
            valid = recipe.validate(replace(text, recorded=place), problems)
            return resolve(valid, registry, problems)
        except RecipeError as error:
            errors.append(error)
    raise min(errors, key=lambda error: len(error.problems))


def hold_against_rows(planned: Plan) -> bool:
    """Hold a plan against the rows of its inputs; return False where these are too wrong for it.

    Raises:
        RecipeError: steps can't go together with the rows; with every problem.
    """
    try:
        Session.open(planned, with_pixels=False)
    except DatasetError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did.

    Attributes:
        folder: the run directory.
        ran: the steps that were run.
        reused: those that were not.
        keys: the key of each step.
        moved: published files that somebody had changed, and where each is now.
        put_back: published files that stand again as they were written.
    """

    folder: Path
    ran: tuple[str, ...]
    reused: tuple[str, ...]
    keys: Mapping[str, str]
    moved: Mapping[Path, Path] = field(default_factory=dict)
    put_back: tuple[Path, ...] = ()


def run(
    planned: Plan,
    *,
    out: Path | None = None,
    jobs: int = 1,
    engine: str = "local",
    force: bool = False,
    from_step: str = "",
    strict: bool = False,
    republish: bool = False,
    accept_versions: Collection[str] = (),
    observers: Iterable[Observer] = (),
) -> RunResult:
    """Run a plan: reuse what is unchanged, make the rest, record everything.

    Args:
        planned: the plan.
        out: the run directory; None for ``runs/<recipe name>``.
        jobs: worker processes.
        engine: where the work runs.
        force: run every step again.
        from_step: run this step and all below again.
        strict: stop at warnings too.
        republish: move published files that somebody changed to ``<name>.changed``, and put ours
            back.
        accept_versions: steps whose results are kept, with those above, where only versions differ.
        observers: given each event of the run, before those of plugins.

    Raises:
        DatasetError: an input is wrong.
        StepError: a step failed.
        RunError: the run directory can't be used, there is no such engine, or a result can't be
            kept.
    """
    if from_step and from_step not in {step.id for step in planned.steps}:
        hint = did_you_mean(from_step, [step.id for step in planned.steps])
        raise RunError(f"--from: there is no step '{from_step}'; {hint}")
    folder = out or run_folder.default(planned)
    told = Observers([*map(Named.of, observers), *planned.observers])
    work = Work(
        plan=planned,
        folder=folder,
        force=force,
        from_step=from_step,
        accept_versions=accept_versions,
        store=Store(folder),
        publisher=Publisher(planned, folder, republish=republish),
        engine=engines.parse(engine, jobs),
        told=told,
        judge=Judge(planned.recipe.findings, strict, told),
    )
    run_folder.check(planned, folder, work.publisher, work.store)
    with run_folder.locked(folder), _told_of(work):
        for stage in STAGES:
            stage(work)
    return RunResult(
        folder,
        tuple(work.reasons),
        tuple(task.step.id for task in work.tasks if task.step.id not in work.reasons),
        {task.step.id: task.key for task in work.tasks},
        work.publisher.moved,
        tuple(work.publisher.put_back),
    )


@contextlib.contextmanager
def _told_of(work: Work) -> Iterator[None]:
    """Tell observers that a run begins, and however it ends, that and how it ended."""
    ids = tuple(step.id for step in work.plan.steps)
    work.told.tell(RunStarted(work.plan.recipe.name, work.folder, ids))
    outcome: Literal["done", "failed", "interrupted"] = "done"
    problem = ""
    try:
        yield
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    except BaseException as error:
        outcome = "failed"
        problem = failure.told(error)
        raise
    finally:
        work.told.tell(RunEnded(outcome, tuple(work.ran), tuple(work.reused), problem))


def claim_targets(work: Work) -> None:
    """Mark the folders to publish in as ours."""
    work.publisher.begin(work.store.committed_files(work.plan))


def start_workers(work: Work) -> None:
    """Let workers import what the steps without a result need, while the inputs are read."""
    steps = [step for step in work.plan.steps if work.store.manifest(step.id) is None]
    if modules := tuple(name for step in steps for name in step.preload):
        work.engine.prepare(modules)


def open_inputs(work: Work) -> None:
    """Read the inputs, hold the plan against them, hash them, and judge what is found."""
    work.open()
    work.judge(work.session.inputs.findings)


def name_leftovers(work: Work) -> None:
    """Name committed steps that the recipe no longer has; they are left where they are."""
    for name in sorted(work.store.step_ids() - {step.id for step in work.plan.steps}):
        place = work.store.final(name)
        work.told.tell(Noted(f"{place} is of no step of this recipe; it is left where it is"))


def compare_keys(work: Work) -> None:
    """Find out which steps must be made, and why."""
    work.compare()


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


def hold_against_rows_ahead(work: Work) -> None:
    """Hold steps against the rows that will come to them, before a step above takes long.

    Steps that live in memory are run here for it, where a step that writes files stands above one
    that asks, or where files that aren't ours stand in the folder of one that publishes.

    Raises:
        RecipeError: steps can't go together with what comes to them; with every problem.
    """
    writing = [
        task.step for task in work.tasks if task.step.id in work.reasons and task.step.step.writes
    ]
    rehearsal = Rehearsal.ahead(work.plan, work.session.values)
    problems: list[Problem] = []
    for step in writing:
        known = partial(rehearsal.known_of, step)
        problems += in_the_way(work.plan, work.folder, step, known)
    for step in writing[1:]:  # to the first only steps in memory lead, and it asks itself
        facts = rehearsal.facts_of(step, work.session.inputs.facts)
        try:
            foresight.foresee_step(work.plan, step, facts, partial(rehearsal.values_of, step))
        except RecipeError as error:
            problems += error.problems
    if problems:
        raise RecipeError(problems)


def begin_record(work: Work) -> None:
    """Begin the run's record; the log of an earlier failure goes."""
    work.begin_record()
    error_log.clear(work.folder)


def name_changes(work: Work) -> None:
    """Name the published files that somebody had changed."""
    for path, place in work.publisher.moved.items():
        work.told.tell(Noted(f"{path} was changed by somebody, and is now {place}"))
    for path in work.publisher.put_back:
        work.told.tell(Noted(f"{path} is put back as it was published"))


STAGES: tuple[Callable[[Work], None], ...] = (
    claim_targets,
    start_workers,
    open_inputs,
    name_leftovers,
    compare_keys,
    hold_against_rows_ahead,
    try_configs,
    begin_record,
    make_steps,
    name_changes,
)
