"""Let reporters tell of a run that is refused or stops: where, why, what is done."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from coco_recipe import terminal
from coco_recipe.errors import CocoRecipeError, FindingsError, StepError
from coco_recipe.findings import Finding
from coco_recipe.manifest import RunRecord
from coco_recipe.observing.reporters import RunFacts, Stopped
from coco_recipe.planning.plan import Reference
from coco_recipe.running import recorded
from coco_recipe.running.session import Committed, Session
from coco_recipe.running.work import Work


@contextlib.contextmanager
def told(work: Work) -> Iterator[None]:
    """Let reporters write their files of a run that stops, once its inputs are open."""
    try:
        yield
    except CocoRecipeError as error:
        if _is_refused(work):
            _write_refused(work, error)
        elif isinstance(error, StepError | FindingsError):
            _write(work, partial(_facts, work, error))
        raise
    except KeyboardInterrupt:
        if not _is_refused(work):  # before, nothing of this run is there to be told
            _write(work, partial(_facts, work, None))
        raise


def _is_refused(work: Work) -> bool:
    """Report whether nothing of a run is on record yet: what stops it now refuses it."""
    return not hasattr(work, "log")


def _write_refused(work: Work, error: CocoRecipeError) -> None:
    """Tell of a run whose inputs could be read, at least some of them."""
    if not hasattr(work, "session"):
        return
    if work.is_remembered:  # its rows are to be shown
        with contextlib.suppress(CocoRecipeError):
            work.read_inputs()
    _write(work, partial(_refused, work, error))


def _write(work: Work, facts: Callable[[], RunFacts]) -> None:
    work.reporters.write_unfinished(facts, AtHand(work.session, _done(work)))


def _refused(work: Work, error: CocoRecipeError) -> RunFacts:
    """Return what is known of a run that is refused; what is found stands among its findings."""
    told = (error, *error.beside)
    stopping = [one for each in told if isinstance(each, FindingsError) for one in each.findings]
    findings = [one for one in stopping if isinstance(one, Finding)]
    findings += [one for one in work.session.inputs.findings if one not in findings]
    problems = [one.alone() for one in told if not isinstance(one, FindingsError)]
    run = msgspec.structs.replace(work.record(), findings=tuple(one.record() for one in findings))
    problem = work.plan.recipe.source.hidden.in_text(terminal.safe("\n".join(problems)))
    return _so_far(work, run, Stopped("refused", problem=problem))


def _facts(work: Work, error: CocoRecipeError | None) -> RunFacts:
    step = next((step for step in work.plan.steps if step.id == work.at), None)
    problem = terminal.safe(CocoRecipeError.alone(error)) if error else ""
    findings = error.findings if isinstance(error, FindingsError) else ()
    stopped = Stopped(
        "failed" if error else "interrupted",
        step.id if step else "",
        step.step.name if step else "",
        step.hidden.in_text(problem) if step else problem,
        tuple(
            one.record() for one in findings if isinstance(one, Finding) and one.place == work.at
        ),
        bool(step and step.step.resumes),
    )
    return _so_far(work, work.record(), stopped)


def _so_far(work: Work, run: RunRecord, stopped: Stopped) -> RunFacts:
    hashes = work.session.inputs.known_hashes
    return recorded.facts_so_far(work.plan, work.store, run, _done(work), stopped, hashes)


def _done(work: Work) -> set[str]:
    """Return the steps whose results are there and current."""
    tasks = work.tasks if hasattr(work, "reasons") else ()
    kept = (task.step.id for task in tasks if task.step.id not in work.reasons)
    return {*kept, *work.ran}


@dataclass(frozen=True, slots=True)
class AtHand(Mapping[Reference, Any]):
    """The values that are in memory, and those that steps have on disk, read when asked for.

    Attributes:
        session: has them.
        done: the steps whose results are current.
    """

    session: Session
    done: Collection[str]

    def __getitem__(self, ref: Reference) -> Any:
        if ref in self.session.values:
            return self.session.values[ref]
        if ref[0] not in self.done:
            raise KeyError(ref)
        return Committed(self.session)[ref]

    def __iter__(self) -> Iterator[Reference]:
        on_disk = (ref for ref in Committed(self.session) if ref[0] in self.done)
        yield from dict.fromkeys([*self.session.values, *on_disk])

    def __len__(self) -> int:
        return sum(1 for _ in self)
