"""Where a run stopped: why, what is done and what is left, and how one goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coco_recipe import RunFacts
from coco_recipe_report.sections.proof import line_to_run

LOG = "error.log"  # says more of a step that failed
CLOCK = "time: "  # what begins the line of it that a page leaves out
CARETS = frozenset(" ^~")  # lines of these point at nothing in a page's one typeface


@dataclass(frozen=True, slots=True)
class Place:
    """A step, and how far it came: ``done``, ``failed``, ``interrupted`` or ``waits``."""

    step: str
    use: str
    state: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a run stopped.

    Attributes:
        problem: what went wrong, in words; empty where it was interrupted, or where findings say
            it.
        is_refused: it was refused before any work.
        steps: every step of the recipe, in order.
        done: how many of them are done.
        resumes: the step that stopped goes on from where it was.
        again: the line that goes on.
        log: what error.log says, with the traceback; empty where there is none.
    """

    problem: str
    is_refused: bool
    steps: Sequence[Place]
    done: int
    resumes: bool
    again: str
    log: str


def gather(facts: RunFacts) -> Shown | None:
    """Return where a run stopped; None where all its steps are done."""
    one = facts.stopped
    if one is None:
        return None
    done = {record.step for record in facts.steps}
    steps = [
        Place(name, use, "done" if name in done else one.outcome if name == one.step else "waits")
        for name, use in one.steps
    ]
    has_log = one.outcome == "failed" and one.step and not one.findings
    log = _log(facts.folder / LOG) if has_log else ""
    again = line_to_run(facts)
    is_refused = one.outcome == "refused"
    return Shown(one.problem, is_refused, steps, len(done), one.resumes, again, log)


def _log(path: Path) -> str:
    if not path.is_file():
        return ""
    lines = path.read_text("utf-8", "replace").splitlines()
    kept = (one for one in lines if not one.startswith(CLOCK) and (set(one) - CARETS or not one))
    return "\n".join(kept).strip()
