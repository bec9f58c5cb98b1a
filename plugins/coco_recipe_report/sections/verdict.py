"""The top of the page: whether anything is wrong, what came in and what came out of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from coco_recipe import RunFacts, Stopped, manifest
from coco_recipe_report.sections.stages import figures, stages
from coco_recipe_report.seen.collected import Collected


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said first.

    Attributes:
        name: the recipe's.
        seed: the recipe's.
        digest: of the results.
        errors: findings that are errors.
        warnings: findings that are warnings.
        steps: how many steps were done.
        stopped: what is said of a run that isn't done; empty of one that is.
        tiles: the data sets, each with its name, images, boxes and images without one.
    """

    name: str
    seed: int
    digest: str
    errors: int
    warnings: int
    steps: int
    stopped: str
    tiles: Sequence[tuple[str, int, int, int]]


def gather(facts: RunFacts, seen: Collected) -> Verdict:
    """Return the verdict of a run."""
    found = all_findings(facts)
    return Verdict(
        facts.run.recipe,
        facts.run.seed,
        facts.digest,
        sum(one.severity == "error" for one in found),
        sum(one.severity == "warning" for one in found),
        len(facts.steps),
        _stopped(facts.stopped) if facts.stopped else "",
        [
            (name, one.images, one.boxes, one.negatives)
            for name, one in figures(stages(facts), seen).items()
        ],
    )


def _stopped(one: Stopped) -> str:
    if one.outcome == "refused":
        return "Refused before any work"
    if not one.step:
        return f"{one.outcome.capitalize()} before the first step"
    return f"{one.outcome.capitalize()} at step {one.step}"


def all_findings(facts: RunFacts) -> list[manifest.FindingRecord]:
    """Return the findings of a run, and those for which it stopped, errors first."""
    found = (*facts.findings, *(facts.stopped.findings if facts.stopped else ()))
    return sorted(found, key=lambda one: one.severity)
