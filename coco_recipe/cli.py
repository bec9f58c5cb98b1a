"""The command line: the only module that prints or picks an exit code."""

import functools
import os
import sys
import textwrap
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from coco_recipe import failure
from coco_recipe.errors import CocoRecipeError, FindingsError, Problem, RecipeError, counted
from coco_recipe.findings import Finding, judged
from coco_recipe.manifest import data_sets


class _Commands(click.Group):
    """The core's commands, and those of plugins, which are looked for only when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*self.commands, *_plugin_commands()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self.commands.get(cmd_name) or _plugin_commands().get(cmd_name)


@functools.cache
def _plugin_commands() -> dict[str, click.Command]:
    from coco_recipe import plugins

    return plugins.find().commands


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="coco-recipe")
def cli() -> None:
    """Make a COCO data set and a detector again, exactly, from one recipe."""


@dataclass
class _Shown:
    """How problems are printed, once click has read the options."""

    form: str = "text"
    traceback: bool = False


def _remember(context: click.Context, option: click.Parameter, value: Any) -> Any:
    setattr(context.find_object(_Shown), str(option.name), value)
    return value


_FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    is_eager=True,
    callback=_remember,
    help="How problems and results are printed.",
)
_TRACEBACK = click.option(
    "--traceback",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_remember,
    help="Print the traceback of what fails, too.",
)
_SET = click.option(
    "--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Override a value of the recipe."
)
_PLUGIN = click.option(
    "--plugin",
    "plugin_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Load a plugin file, too.",
)
_OUT = click.option(
    "--out", type=click.Path(path_type=Path), help="Run directory (default: runs/<recipe name>)."
)


@cli.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@_OUT
@_SET
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="all cores",
    help="Worker processes; the result is the same with any number.",
)
@click.option(
    "--engine",
    default="local",
    metavar="NAME",
    show_default=True,
    help="Where the work runs: local, local:spawn, dask (a cluster on this machine), or dask://HOST:PORT.",
)
@click.option(
    "--from", "from_step", default="", metavar="STEP", help="Run this step and all below again."
)
@click.option("--force", is_flag=True, help="Run every step again.")
@click.option(
    "--republish",
    is_flag=True,
    help="Move published files that somebody changed to <name>.changed, and put ours back.",
)
@click.option(
    "--accept-versions",
    "accept_versions",
    multiple=True,
    metavar="STEP",
    help="Keep this step's result, and those above it, if only versions of libraries are others.",
)
@click.option("--strict", is_flag=True, help="Stop at warnings, too.")
@_PLUGIN
@_FORMAT
@_TRACEBACK
@click.option("-q", "--quiet", is_flag=True, help="Print problems only.")
def run(
    recipe: Path,
    out: Path | None,
    overrides: tuple[str, ...],
    jobs: int,
    engine: str,
    from_step: str,
    force: bool,
    accept_versions: tuple[str, ...],
    strict: bool,
    republish: bool,
    plugin_files: tuple[Path, ...],
    form: str,
    quiet: bool,
) -> None:
    """Run a recipe: reuse what is unchanged, make the rest."""
    from coco_recipe import stages
    from coco_recipe.progress import Display

    planned = stages.prepare(recipe, overrides, plugin_files)
    with Display(quiet=quiet, ids=[step.id for step in planned.steps]) as display:
        result = stages.run(
            planned,
            out=out,
            jobs=jobs,
            engine=engine,
            force=force,
            from_step=from_step,
            strict=strict,
            republish=republish,
            accept_versions=accept_versions,
            report=display.show,
        )
    if form == "json":
        click.echo(
            msgspec.json.encode(
                {"folder": str(result.folder), "ran": result.ran, "reused": result.reused}
            )
        )
    elif not result.ran:
        reused = counted(len(result.reused), "step")
        _say(
            f"nothing to do: {f'all {reused} are' if len(result.reused) > 1 else f'the {reused[2:]} is'} unchanged",
            quiet,
        )
    if form != "json":
        click.echo(str(result.folder))


@cli.command()
@click.argument("recipes", nargs=-1, required=True, type=click.Path(path_type=Path))
@_SET
@_PLUGIN
@_FORMAT
def validate(
    recipes: tuple[Path, ...], overrides: tuple[str, ...], plugin_files: tuple[Path, ...], form: str
) -> None:
    """Check a recipe, and hold it against the rows of its inputs; run nothing, print every problem at once."""
    from coco_recipe import stages

    problems: list[Problem] = []
    for path in recipes:
        try:
            planned = stages.prepare(path, overrides, plugin_files)
            stages.check_targets(planned, stages.default_folder(planned))
            are_sound = stages.hold_against_rows(planned)
            if form == "text":
                but = "" if are_sound else "; its data has errors, which coco-recipe check names"
                click.echo(f"{path}: {counted(len(planned.steps), 'step')}, no problem found{but}")
        except RecipeError as error:
            problems += error.problems
    if problems:
        raise RecipeError(problems)
    if form == "json":
        click.echo("[]")


@cli.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@_OUT
@_SET
@_PLUGIN
@_FORMAT
@_TRACEBACK
def plan(
    recipe: Path,
    out: Path | None,
    overrides: tuple[str, ...],
    plugin_files: tuple[Path, ...],
    form: str,
) -> None:
    """Show what would run and why, what is reused, and how many images and boxes per class each step leaves."""
    from coco_recipe import forecast, stages, table

    planned = stages.prepare(recipe, overrides, plugin_files)
    stages.check_folder(planned, out or stages.default_folder(planned))
    state = stages.Run(planned, out)
    states = state.states()
    _tell(state.findings)
    todo, records = state.needed(states), forecast.records(state, states)
    found = (Finding.from_record(row) for record in records.values() for row in record.findings)
    _tell(judged(found, planned.recipe.findings))
    if form == "json":
        click.echo(
            msgspec.json.encode(
                [
                    {
                        "step": item.step.id,
                        "use": item.step.offer.step.name,
                        "runs": item.step.id in todo,
                        "why": todo.get(item.step.id, "unchanged"),
                        "out": record and record.counts.out,
                        "table": record and record.notes.get("table"),
                    }
                    for item in states
                    for record in [records.get(item.step.id)]
                ]
            )
        )
        return
    for item in states:
        step = item.step
        why = f"({step.offer.step.name}): {todo.get(step.id, 'unchanged')}"
        click.echo(f"{'run  ' if step.id in todo else 'reuse'}  {step.id} {why}")
        if record := records.get(step.id):
            for port, counts in data_sets(record.counts.out):
                classes = ", ".join(f"{name} {n}" for name, n in (counts.categories or {}).items())
                click.echo(f"         {port}: {counts} ({classes})")
            if "table" in record.notes:
                click.echo(textwrap.indent(table.text(record.notes["table"]), " " * 9))


def _tell(findings: Sequence[Finding]) -> None:
    for finding in findings:
        click.echo(f"{finding.severity}: {finding}", err=True)
    if errors := [finding for finding in findings if finding.severity == "error"]:
        raise FindingsError(errors)


@cli.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument(
    "images", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option("--decode", is_flag=True, help="Read whole pictures, not their headers only.")
@_PLUGIN
@_FORMAT
def check(
    source: Path, images: Path | None, decode: bool, plugin_files: tuple[Path, ...], form: str
) -> None:
    """Say everything that is wrong with an annotation file (and its IMAGES), or with the inputs of a recipe.

    Exit 1 if a finding is an error: what a step of the recipe, or a reader of COCO files, would crash on,
    misassign or lose.
    """
    from coco_recipe import checking, plugins, stages

    if source.suffix.lower() in (".yaml", ".yml"):
        planned = stages.prepare(source, (), plugin_files)
        about = {about for step in planned.steps for about in step.offer.step.checks}
        found = (
            *stages.Run(planned).findings,
            *checking.left_out(planned.checks, source.name, about),
        )
    else:
        found = checking.of_file(source, images, plugins.find(plugin_files).checks, decode=decode)
    errors = sum(finding.severity == "error" for finding in found)
    if form == "text":
        for finding in found:
            click.echo(f"{finding.severity}: {finding}")
        click.echo(f"{counted(errors, 'error')}, {counted(len(found) - errors, 'warning')}")
    else:
        click.echo(_findings(found, form), nl=form == "json")
    if errors:
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.argument("step")
@click.option(
    "--images",
    default=8,
    show_default=True,
    type=click.IntRange(1),
    help="How many images to show.",
)
@click.option(
    "--image",
    "names",
    multiple=True,
    metavar="NAME",
    help="Show this image; may be given more than once.",
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The picture to write, .png, .jpg or .webp (default: <recipe name>-<step>.png).",
)
@_OUT
@_SET
@_PLUGIN
@_TRACEBACK
def preview(
    recipe: Path,
    step: str,
    images: int,
    names: tuple[str, ...],
    target: Path | None,
    out: Path | None,
    overrides: tuple[str, ...],
    plugin_files: tuple[Path, ...],
) -> None:
    """Write a picture of what a step would do to some images, before it is run."""
    from coco_recipe import forecast, stages

    planned = stages.prepare(recipe, overrides, plugin_files)
    first = planned.first_writer()
    state = stages.Run(planned, out, with_pixels=first is not None and first != step)
    target = target or Path(f"{planned.recipe.name}-{step}.png")
    forecast.preview(state, state.states(), step, target, images=names or images)
    click.echo(str(target))


@cli.command()
@click.argument("run_directory", metavar="RUN", type=click.Path(path_type=Path, file_okay=False))
@click.argument("image")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write (default: the image's name, in this folder).",
)
@click.option(
    "--recipe",
    "moved_to",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Where the recipe is now, if it has moved without the run directory.",
)
@_PLUGIN
@_TRACEBACK
def replay(
    run_directory: Path,
    image: str,
    target: Path | None,
    moved_to: Path | None,
    plugin_files: tuple[Path, ...],
) -> None:
    """Make one image of a finished run again, and say whether its bytes are those that were recorded."""
    from coco_recipe import forecast

    data, same = forecast.replay(run_directory, image, plugin_files, moved_to)
    target = target or Path(Path(image).name)
    if target.exists():
        raise click.UsageError(f"{target} is there already; name another file (--to)")
    target.write_bytes(data)
    click.echo(str(target))
    _say(
        "the same bytes as recorded"
        if same
        else "not the bytes that were recorded: see what differs in versions or CPU "
        f"between this machine and {run_directory / 'provenance.jsonl'}",
        False,
    )
    if not same:
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("name", required=False)
@_PLUGIN
def steps(name: str | None, plugin_files: tuple[Path, ...]) -> None:
    """List the steps with the plugin that offers them, or show one step's page."""
    from coco_recipe import plugins
    from coco_recipe.errors import did_you_mean

    registry = plugins.find(plugin_files)
    if name is None:
        for offer in sorted(registry.offers.values(), key=lambda o: o.step.name):
            summary = (offer.step.run.__doc__ or "").strip().partition("\n")[0]
            click.echo(f"{offer.step.name:20} {summary}  [{offer.plugin} {offer.version}]".rstrip())
        for label, reason in registry.broken.items():
            click.echo(f"broken plugin {label}: {reason}", err=True)
        return
    if name not in registry.offers:
        raise click.UsageError(
            f"there is no step '{name}'; {did_you_mean(name, list(registry.offers))}"
        )
    click.echo(_page(registry.offers[name]))


def _without_arguments(doc: str) -> str:
    """Return a docstring without ``Args``: the page of a step lists ports and parameters itself."""
    return "\n\n".join(part for part in doc.split("\n\n") if not part.startswith("Args:"))


def _page(offer: Any) -> str:
    import inspect

    step = offer.step
    inputs = step.inputs if isinstance(step.inputs, dict) else {"<your names>": step.inputs}
    lines = [
        f"{step.name}  [{offer.plugin} {offer.version}]",
        "",
        _without_arguments(inspect.getdoc(step.run) or ""),
        "",
        "inputs:",
    ]
    lines += [f"  {port}: {rule.kind.__name__}" for port, rule in inputs.items()]
    if not callable(step.outputs):
        outputs = step.outputs_for({}).items()
        lines += [
            "outputs:",
            *(
                f"  {port}: {rule.kind.__name__}{' (several)' * rule.many}"
                for port, rule in outputs
            ),
        ]
    lines.append("with:")
    for key, rule in step.params.get("properties", {}).items():
        default = (
            f" (default: {msgspec.json.encode(rule['default']).decode()})"
            if "default" in rule
            else ""
        )
        lines.append(f"  {key}: {rule.get('description', '')}{default}")
    return "\n".join(lines)


@cli.command()
@click.argument("what", type=click.Choice(["recipe", "manifest", "provenance"]), default="recipe")
@_PLUGIN
def schema(what: str, plugin_files: tuple[Path, ...]) -> None:
    """Print a JSON Schema.

    Of a recipe with the steps that are installed, for editors; of the manifest of a step; or of a
    line of provenance.jsonl.
    """
    from coco_recipe import plugins, record_schema, schema_check

    if what == "recipe":
        offers = sorted(plugins.find(plugin_files).offers.items())
        found = schema_check.composed({name: offer.step.params for name, offer in offers})
    else:
        found = record_schema.schema(what)
    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        click.echo(text, err=True)


def _findings(found: Sequence[Any], form: str) -> str:
    """Write findings as a JSON list, or as GitHub's annotations."""
    if form == "json":
        return msgspec.json.encode([finding.record() for finding in found]).decode()
    return "".join(
        f"{_github(getattr(finding, 'severity', 'error'), str(finding), file=getattr(finding, 'file', ''))}\n"
        for finding in found
    )


def _github(severity: str, text: str, **properties: str | int) -> str:
    """Write one of GitHub's annotations: one line, in which the message and the properties are escaped."""
    escaped = ",".join(
        f"{key}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value
    )
    return f"::{severity}{f' {escaped}' if escaped else ''}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _report(error: CocoRecipeError, shown: _Shown) -> None:
    form = shown.form
    if shown.traceback:
        click.echo(failure.trace(error), err=True)
    if isinstance(error, FindingsError) and form != "text":
        click.echo(_findings(error.findings, form), nl=form == "json")
        return
    if isinstance(error, FindingsError):
        click.echo(
            "\n".join(
                f"{getattr(finding, 'severity', 'error')}: {finding}" for finding in error.findings
            ),
            err=True,
        )
        return
    problems = error.problems if isinstance(error, RecipeError) else ()
    if form == "json" and problems:
        click.echo(
            msgspec.json.encode(
                [
                    {
                        "file": p.where.file,
                        "line": p.where.line,
                        "column": p.where.column,
                        "path": p.where.path,
                        "what": p.what,
                        "hint": p.hint,
                    }
                    for p in problems
                ]
            )
        )
    elif form == "github" and problems:
        for p in problems:
            is_option = p.where.file.startswith("--")
            text = f"{p.where if is_option else f'{p.where.path}: '}{p.what}"
            place: dict[str, str | int] = (
                {}
                if is_option
                else {"file": p.where.file, "line": p.where.line, "col": p.where.column}
            )
            click.echo(_github("error", text, **place))
    else:
        click.echo(str(error), err=True)
        if len(problems) > 1:
            click.echo(f"{len(problems)} problems", err=True)


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong recipe or command, 101 our bug, 130 interrupted."""
    from coco_recipe.errors import PluginError, RunError

    shown, stdout = _Shown(), sys.stdout
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # its lines would stand among ours
    try:
        code = cli.main(standalone_mode=False, obj=shown) or 0
    except RecipeError as error:
        _report(error, shown)
        code = 2
    except (PluginError, RunError) as error:
        _report(error, shown)
        code = 2
    except CocoRecipeError as error:
        _report(error, shown)
        code = 1
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; the same command goes on from here", err=True)
        code = 130
    except (Exception, SystemExit, GeneratorExit):  # a plugin's sys.exit(0) is no success
        code = 1
        if sys.stdout is stdout:  # click puts another in its place where the reader (head) has gone
            traceback.print_exc()
            click.echo(
                "BUG: this is a fault of coco-recipe; please report it with the lines above",
                err=True,
            )
            code = 101
    sys.exit(code)


if __name__ == "__main__":
    if not sys.flags.safe_path:
        sys.path.pop(
            0
        )  # python -m puts the current folder first: a cv2.py there is not what a recipe asks for
    main()
