"""How findings and errors are printed: as text, as JSON, or as GitHub's annotations."""

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from coco_recipe import failure
from coco_recipe.commands.options import Shown
from coco_recipe.errors import CocoRecipeError, FindingsError, Problem, RecipeError


def say(text: str, *, quiet: bool = False) -> None:
    """Print a line beside the result, on stderr."""
    if not quiet:
        click.echo(text, err=True, color=True)


def findings(found: Sequence[Any], form: str) -> str:
    """Write findings as a JSON list, or as GitHub's annotations."""
    if form == "json":
        return msgspec.json.encode([finding.record() for finding in found]).decode()
    lines = (
        _github(
            getattr(finding, "severity", "error"),
            str(finding),
            file=getattr(finding, "file", ""),
        )
        for finding in found
    )
    return "".join(f"{line}\n" for line in lines)


def _github(severity: str, text: str, **properties: str | int) -> str:
    """Write one of GitHub's annotations: a line with message and properties escaped."""
    escaped = ",".join(
        f"{key}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value
    )
    return f"::{severity}{f' {escaped}' if escaped else ''}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def report(error: CocoRecipeError, shown: Shown) -> None:
    """Print an error in the form that the command was asked for."""
    if shown.traceback:
        click.echo(failure.trace(error), err=True, color=True)
    if isinstance(error, FindingsError):
        _report_findings(error, shown.form)
    elif isinstance(error, RecipeError) and error.problems and shown.form == "json":
        click.echo(msgspec.json.encode(list(map(_as_json, error.problems))).decode())
    elif isinstance(error, RecipeError) and error.problems and shown.form == "github":
        for problem in error.problems:
            click.echo(_as_annotation(problem), color=True)
    else:
        click.echo(str(error), err=True, color=True)
        if isinstance(error, RecipeError) and len(error.problems) > 1:
            click.echo(f"{len(error.problems)} problems", err=True, color=True)


def _report_findings(error: FindingsError, form: str) -> None:
    if form != "text":
        click.echo(findings(error.findings, form), nl=form == "json", color=True)
        return
    for finding in error.findings:
        click.echo(f"{getattr(finding, 'severity', 'error')}: {finding}", err=True, color=True)


def _as_json(problem: Problem) -> dict[str, str | int]:
    where = problem.where
    return {
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "path": where.path,
        "what": problem.what,
        "hint": problem.hint,
    }


def _as_annotation(problem: Problem) -> str:
    where = problem.where
    if where.file.startswith("--"):  # an option has no place in a file
        return _github("error", f"{where}{problem.what}")
    text = f"{where.path}: {problem.what}"
    return _github("error", text, file=where.file, line=where.line, col=where.column)
