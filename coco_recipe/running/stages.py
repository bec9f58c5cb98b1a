"""The stages in order: `prepare` makes a plan of a recipe, `run` makes what the plan asks for."""

import contextlib
import importlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Literal

from coco_recipe import failure, known_files, plugins, system_errors
from coco_recipe.engines import engine as engines
from coco_recipe.errors import (
    Problem,
    RunError,
    did_you_mean,
)
from coco_recipe.events import Noted, Observer, RunEnded, RunStarted
from coco_recipe.known_files import KnownFiles
from coco_recipe.language import recipe, source
from coco_recipe.observing.observers import Named, Observers
from coco_recipe.observing.reporters import Reporters
from coco_recipe.planning.plan import Plan
from coco_recipe.planning.resolve import Draft, drafted
from coco_recipe.planning.used_plugins import used_files
from coco_recipe.publishing.publisher import Publisher
from coco_recipe.running import (
    error_log,
    failing_ahead,
    provenance,
    recorded,
    refusal,
    room,
    run_folder,
    stopped,
)
from coco_recipe.running.cache import KEPT, Cache
from coco_recipe.running.judge import Judge
from coco_recipe.running.loop import make_steps
from coco_recipe.running.session import Committed
from coco_recipe.running.shared import Shared
from coco_recipe.running.store import Store
from coco_recipe.running.work import Work


def prepare(
    path: Path,
    overrides: Sequence[str] = (),
    plugin_files: Sequence[Path] = (),
    *,
    out: Path | None = None,
) -> Plan:
    """Load, validate, resolve: find all that can be found wrong in a recipe without data.

    The copy of a recipe that a run directory keeps means what the recipe meant: its paths are
    relative to where that was.

    Args:
        path: the recipe's file.
        overrides: values of --set.
        plugin_files: plugin files to load.
        out: the run directory, to judge folders to publish in; None for ``runs/<recipe name>``.

    Raises:
        RecipeError: with every problem; beside it, what is wrong with folders and data, as far as
            that doesn't depend on the problems.
        PluginError: a plugin file is broken.
    """
    registry = plugins.find(plugin_files)
    text = source.load(path, overrides, registry.schemas())
    draft = drafted_from(text, places_of(path), registry)
    if draft.problems:
        raise refusal.of_draft(draft, out)
    return replace(draft.plan, plugin_files=used_files(draft.plan, registry, plugin_files))


def places_of(path: Path) -> list[Path]:
    """Return where the recipe was of which a file is a run's copy; none of any other file."""
    copies = (run_folder.WRITTEN, run_folder.RESOLVED)
    return provenance.recorded_places(path.parent) if path.name in copies else []


def drafted_from(text: source.Source, places: Sequence[Path], registry: plugins.Registry) -> Draft:
    """Plan a recipe, seen from the first place of its file where all that it names is there.

    Where there is none, the draft is as seen from the place with the fewest problems.

    Args:
        text: the recipe's text.
        places: where its file was, the likeliest first; where it is now comes last.
        registry: what plugins offer.
    """
    drafts = []
    for place in (*places, None):
        problems: list[Problem] = []
        valid = recipe.validate(replace(text, recorded=place), problems)
        draft = drafted(valid, registry, problems)
        if not draft.problems:
            return draft
        drafts.append(draft)
    return min(drafts, key=lambda draft: len(draft.problems))


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
    jobs: int = 0,
    engine: str = "local",
    item_timeout: float = 0,
    force: bool = False,
    from_step: str = "",
    strict: bool = False,
    republish: bool = False,
    accept_versions: Collection[str] = (),
    rehash: bool = False,
    wait: bool = False,
    report: bool = False,
    keep: int = KEPT,
    shared: Shared | None = None,
    observers: Iterable[Observer] = (),
) -> RunResult:
    """Run a plan: reuse what is unchanged, make the rest, record everything.

    Args:
        planned: the plan.
        out: the run directory; None for ``runs/<recipe name>``.
        jobs: worker processes; 0 works in this process.
        engine: where the work runs.
        item_timeout: seconds that a worker may be at work on one item; 0 for any.
        force: run every step again.
        from_step: run this step and all below again.
        strict: stop at warnings too.
        republish: move published files that somebody changed to ``<name>.changed``, and put ours
            back.
        accept_versions: steps whose results are kept, with those above, where only versions differ.
        rehash: read every file, also those that the system says are untouched.
        wait: wait for another run that is at work in the run directory.
        report: let reporters of plugins write their pages when the run is done.
        keep: how many results of a step stay in the cache beside the run directory; 0 adds none.
        shared: what runs of one matrix share; they take results of one another's directories, too.
        observers: given each event of the run, before those of plugins.

    Raises:
        DatasetError: an input is wrong.
        StepError: a step failed.
        HeldError: another run is at work in the run directory.
        RunError: the run directory can't be used, there is no such engine, or a result can't be
            kept.
    """
    if from_step and from_step not in {step.id for step in planned.steps}:
        hint = did_you_mean(from_step, [step.id for step in planned.steps])
        raise RunError(f"--from: there is no step '{from_step}'; {hint}")
    folder = out or run_folder.default(planned)
    told = Observers([*map(Named.of, observers), *planned.observers])
    known = KnownFiles(known_files.place_of(folder), rehash=rehash)
    work = Work(
        plan=planned,
        folder=folder,
        force=force,
        from_step=from_step,
        accept_versions=accept_versions,
        store=Store(folder, known.sha256),
        publisher=Publisher(planned, folder, republish=republish, sha256=known.sha256),
        engine=engines.parse(
            engine, jobs, environment=_environment(planned), item_timeout=item_timeout
        ),
        told=told,
        reporters=Reporters(planned.reporters if report else (), folder, told),
        judge=Judge(planned.recipe.findings, strict, told),
        known=known,
        cache=Cache(folder, planned.recipe.name, keep, shares=shared is not None),
        shared=shared,
    )
    work.store.discard = work.cache.replaced
    notes: list[str] = []
    with system_errors.told_plainly(folder), contextlib.ExitStack() as stack:
        refusal.check(planned, folder, work.publisher, work.store)
        lock = run_folder.locked(folder, partial(_note, told, notes), wait=wait)
        stack.enter_context(lock)
        stack.enter_context(_told_of(work))
        stack.enter_context(stopped.told(work))
        if notes:  # what another run left meanwhile may be something else
            work.publisher.seen.clear()
            refusal.check(planned, folder, work.publisher, work.store)
        stack.callback(known.save)
        stack.callback(work.ahead.forget)
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


def _note(told: Observers, notes: list[str], text: str) -> None:
    told.tell(Noted(text))
    notes.append(text)


def _environment(planned: Plan) -> dict[str, str]:
    """Return the variables that workers need, as the user has set them where he has."""
    return {name: os.environ.get(name, value) for name, value in planned.environment().items()}


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


def put_right(work: Work) -> None:
    """Put right what a kill in the middle of a commit or of a writing left."""
    run_folder.sweep(work.folder)
    work.store.put_back()


def claim_targets(work: Work) -> None:
    """Mark the folders to publish in as ours."""
    work.publisher.begin(work.store.committed_files(work.plan))


def start_workers(work: Work) -> None:
    """Let workers import what the steps without a result need, while the inputs are read.

    A thread imports what this process itself needs. Where inputs have rows there is none: copies of
    this process check them, and a copy in the middle of an import could import nothing more.
    """
    steps = [step for step in work.plan.steps if work.store.manifest(step.id) is None]
    if modules := tuple(name for step in steps for name in step.preload):
        work.engine.prepare(modules)
    if any(item.annotations for item in work.plan.recipe.inputs):
        return
    if modules := tuple(name for step in steps for name in step.step.imports):
        Thread(target=_import, args=(modules,)).start()


def _import(modules: Iterable[str]) -> None:
    with contextlib.suppress(Exception):  # the step says what is wrong, if it comes to it
        for module in modules:
            importlib.import_module(module)


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
    """Find out which steps must be made, and why; what killed runs left of the others goes."""
    work.compare()
    work.store.sweep(work.reasons)


def weigh(work: Work) -> None:
    """Hold what the steps will write against the room that there is."""
    needs = room.needed(work.plan, work.session.inputs.facts, work.reasons)
    little = room.finding(work.folder, needs)
    work.judge([little] if little else [])


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
    for path in work.publisher.left:
        work.told.tell(Noted(f"{path} was changed by somebody; it stays, and is no longer ours"))


def write_reports(work: Work) -> None:
    """Let reporters write their pages of the run."""
    facts = partial(
        recorded.facts_of, work.plan, work.store, hashes=work.session.inputs.known_hashes
    )
    work.reporters.write(facts, Committed(work.session))


STAGES: tuple[Callable[[Work], None], ...] = (
    put_right,
    claim_targets,
    start_workers,
    open_inputs,
    name_leftovers,
    compare_keys,
    weigh,
    failing_ahead.hold_against_rows,
    failing_ahead.try_configs,
    begin_record,
    make_steps,
    name_changes,
    write_reports,
)
