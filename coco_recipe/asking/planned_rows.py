"""Plan a recipe in its run directory: what each step would do, and what is known of it now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coco_recipe.asking import plan_rows
from coco_recipe.asking.plan_rows import PlanRow
from coco_recipe.findings import Finding, judged
from coco_recipe.manifest import StepRecord
from coco_recipe.running import agenda, expecting, forecast, room
from coco_recipe.running.cache import Cache
from coco_recipe.running.session import Session
from coco_recipe.running.task import Task

UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Planned:
    """What the steps of a plan would do in its run directory.

    Attributes:
        session: the plan with its run directory.
        due: what is to be done about each step.
        reasons: why steps run, by id.
        records: what steps would record, as far as that is known.
        findings: what steps would find, as far as that is known, and whether there is room.
        inputs: the rows of the inputs.
        steps: the rows of the steps.
        needs: about how many bytes steps will write, by id.
    """

    session: Session
    due: Sequence[Task]
    reasons: Mapping[str, str]
    records: Mapping[str, StepRecord]
    findings: Sequence[Finding]
    inputs: Sequence[PlanRow]
    steps: Sequence[PlanRow]
    needs: Mapping[str, int]

    def recorded(self, step: str) -> dict[str, Any]:
        """Return why a step runs and what it would record, for programs.

        Args:
            step: its id.

        Returns:
            What stands beside the row of the step in JSON.
        """
        task = next(task for task in self.due if task.step.id == step)
        versions = kept(task, self.session)
        record = self.records.get(step)
        return {
            "why": self.reasons.get(step, UNCHANGED),
            "accepted": {name: {"was": was, "is": now} for name, (was, now) in versions.items()},
            "out": record and record.counts.out,
            "table": record and record.notes.get("table"),
        }


def planned(session: Session, *, shares: bool = False) -> Planned:
    """Return what the steps of a plan would do; steps in memory are run for it.

    Args:
        session: the plan with its run directory and its inputs.
        shares: results of other run directories beside this one are taken, too, as for the cells
            of a matrix.

    Returns:
        The rows of the table, with what they are made of.
    """
    plan = session.plan
    due = agenda.of(session)
    if Cache(session.folder, shares=shares).adopt(session.store, due):
        due = agenda.of(session)
    reasons = agenda.needed(session, due)
    ahead = forecast.rehearsal(session, due, forgiving=True)
    records = forecast.records(session, due, ahead)
    expected = expecting.expectations(plan, ahead)
    facts = expecting.facts(plan, session.inputs.facts, expected, ahead)
    needs = room.needed(plan, facts, reasons)
    little = room.finding(session.folder, needs)
    found = [Finding.from_record(row) for record in records.values() for row in record.findings]
    rows = [
        plan_rows.of_step(
            task,
            session,
            expected,
            why=reasons.get(task.step.id, unchanged(kept(task, session))),
            runs=task.step.id in reasons,
            record=records.get(task.step.id),
            size=needs.get(task.step.id),
        )
        for task in due
    ]
    return Planned(
        session,
        due,
        reasons,
        records,
        judged([*found, *([little] if little else [])], plan.recipe.findings),
        plan_rows.of_inputs(plan, expected),
        rows,
        needs,
    )


def unchanged(versions: Mapping[str, tuple[str, str]]) -> str:
    """Say why a step doesn't run.

    Args:
        versions: those with which its result is kept: then and now, by name.

    Returns:
        The words.
    """
    told = "; ".join(f"{name} {was} -> {now}" for name, (was, now) in versions.items())
    return f"{UNCHANGED}, kept by --accept-versions ({told})" if told else UNCHANGED


def kept(task: Task, session: Session) -> dict[str, tuple[str, str]]:
    """Return the versions with which a result is kept.

    Args:
        task: the step that is due.
        session: the plan with its run directory.

    Returns:
        Then and now, by name; none where it isn't kept.
    """
    manifest = session.store.manifest(task.step.id)
    was = manifest.record.environment if manifest else {}
    return {name: (was.get(name, "nothing"), now) for name, now in task.accepted.items()}
