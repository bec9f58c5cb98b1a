"""How findings and errors are printed: as text, as JSON, or as GitHub's annotations."""

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from coco_recipe import failure, terminal
from coco_recipe.commands import carets
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
            line=getattr(finding, "line", 0),
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
    told = (error, *error.beside)
    if shown.form == "json" and any(map(_has_rows, told)):
        rows = msgspec.json.encode([row for one in told for row in _rows(one)])
        click.echo(terminal.named(rows.decode()))
        return
    for one in told:
        _report(one, shown.form)


def _report(error: CocoRecipeError, form: str) -> None:
    """Print an error without those beside it, as text or as GitHub's annotations."""
    if form == "github" and isinstance(error, FindingsError):
        click.echo(terminal.named(findings(error.findings, form)), nl=False, color=True)
    elif form == "github" and isinstance(error, RecipeError):
        for problem in error.problems:
            click.echo(terminal.named(_as_annotation(problem)), color=True)
    elif isinstance(error, FindingsError):
        for finding in error.findings:
            told = f"{getattr(finding, 'severity', 'error')}: {finding}"
            click.echo(told, err=True, color=True)
    elif isinstance(error, RecipeError) and error.problems:
        click.echo("\n".join(map(carets.told, error.problems)), err=True, color=True)
        if len(error.problems) > 1:
            click.echo(f"{len(error.problems)} problems", err=True, color=True)
    else:
        click.echo(error.alone(), err=True, color=True)


def _has_rows(error: CocoRecipeError) -> bool:
    """Report whether an error is of several things, each a row of JSON."""
    return isinstance(error, FindingsError) or (
        isinstance(error, RecipeError) and bool(error.problems)
    )


def _rows(error: CocoRecipeError) -> list[Any]:
    """Return the rows of JSON that an error is."""
    if isinstance(error, FindingsError):
        found: Sequence[Any] = error.findings
        return [finding.record() for finding in found]
    if isinstance(error, RecipeError) and error.problems:
        return list(map(_as_json, error.problems))
    return [{"what": error.alone()}]


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
