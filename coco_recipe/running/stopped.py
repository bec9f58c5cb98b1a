"""Let reporters tell of a run that stops before its steps are done: where, why, what is done."""

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from coco_recipe import terminal
from coco_recipe.errors import CocoRecipeError, FindingsError, StepError
from coco_recipe.findings import Finding
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
    except (StepError, FindingsError) as error:
        _write(work, error)
        raise
    except KeyboardInterrupt:
        if hasattr(work, "log"):  # before, nothing of this run is there to be told
            _write(work, None)
        raise


def _write(work: Work, error: CocoRecipeError | None) -> None:
    if hasattr(work, "session"):
        facts = partial(_facts, work, error)
        work.reporters.write_unfinished(facts, AtHand(work.session, _done(work)))


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
    hashes = work.session.inputs.known_hashes
    return recorded.facts_so_far(work.plan, work.store, work.record(), _done(work), stopped, hashes)


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
