"""``coco-recipe doctor``: what is installed, what fits, and the commands for the rest."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from coco_recipe_doctor import GOALS

if TYPE_CHECKING:
    from coco_recipe_doctor.diagnosis import Check, Verdict
    from coco_recipe_doctor.machine import Findings

MARKS = {"ok": "ok   ", "note": "note ", "stops": "NO   "}
HEADINGS = {
    "machine": "This machine",
    "augment": "To augment",
    "train": "To train",
    "fit": "What fits together",
    "gpu": "GPU",
}
QUESTIONS = {"augment": "augment?", "train": "train?", "gpu": "train on a GPU?"}


@click.command("doctor")
@click.option(
    "--for",
    "goals",
    multiple=True,
    type=click.Choice(GOALS),
    default=("augment", "train"),
    show_default=True,
    help="What must be ready for exit status 0; may be repeated.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.option(
    "--python",
    default=sys.executable,
    help="Interpreter of another environment to look at.",
    metavar="PATH",
)
@click.option(
    "--seconds",
    default=120.0,
    show_default=True,
    type=click.FloatRange(min=1),
    help="How long a library may take to import before it is said to hang.",
)
def command(goals: tuple[str, ...], form: str, python: str, seconds: float) -> None:
    """Say whether this machine can augment and train, and what to run if it can't."""
    from coco_recipe_doctor import diagnosis, machine

    try:
        found = machine.look(python, seconds=seconds)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    answers, lines = diagnosis.verdicts(found), diagnosis.checks(found)
    click.echo(
        json.dumps(as_json(found, lines, answers), ensure_ascii=False, indent=2)
        if form == "json"
        else as_text(lines, answers)
    )
    raise click.exceptions.Exit(
        0 if all(answer.ready for answer in answers if answer.goal in goals) else 1
    )


def as_json(
    found: "Findings", lines: Sequence["Check"], answers: Sequence["Verdict"]
) -> dict[str, Any]:
    """Return the whole report as JSON."""
    return {
        "verdicts": {answer.goal: asdict(answer) for answer in answers},
        "checks": [asdict(line) | {"status": line.status} for line in lines],
        "machine": asdict(found.machine),
        "probes": dict(found.probes),
    }


def as_text(lines: Sequence["Check"], answers: Sequence["Verdict"]) -> str:
    """Return the report for a terminal.

    Args:
        lines: of the report, in order.
        answers: for each goal.
    """
    rows: list[str] = []
    name, seen = (
        max(len(line.name) for line in lines),
        max(min(len(line.found), 30) for line in lines),
    )
    for group, heading in HEADINGS.items():
        rows += ["", heading] if rows else [heading]
        for line in (line for line in lines if line.group == group):
            about = "; ".join(filter(None, [line.wanted and f"wants {line.wanted}", line.note]))
            rows.append(
                f"  {MARKS[line.status]} {line.name:{name}}  {line.found:{seen}}  {about}".rstrip()
            )
    rows += ["", "Can this machine"]
    width = max(map(len, QUESTIONS.values()))
    for answer in answers:
        rows.append(f"  {QUESTIONS[answer.goal]:{width}}  {'yes' if answer.ready else 'no'}")
        rows += [f"      because {reason}" for reason in answer.reasons[:10]]
        rows += ["      run, in this order:"] * bool(answer.commands) + [
            f"        {command}" for command in answer.commands
        ]
    return "\n".join(rows)
