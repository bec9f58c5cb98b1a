"""validate, check and verify: say what is wrong with recipes, data and what a run left."""

from pathlib import Path

import click
import msgspec

from coco_recipe import terminal
from coco_recipe.commands import matrices, options, reports
from coco_recipe.commands.surroundings import plugins_print_apart
from coco_recipe.errors import CocoRecipeError, RecipeError, counted, together


@click.command()
@click.argument("recipes", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.SET
@options.PLUGIN
@options.FORMAT
def validate(
    recipes: tuple[Path, ...], overrides: tuple[str, ...], plugin_files: tuple[Path, ...], form: str
) -> None:
    """Check a recipe, and hold it against the rows of its inputs.

    Run nothing, print every problem at once.
    """
    from coco_recipe.running import refusal

    errors: list[CocoRecipeError] = []
    for path in recipes:
        try:
            with plugins_print_apart():
                planned = options.plan_of(path, overrides, plugin_files)
                matrix = planned.recipe.source.matrix
                cells = matrices.planned(path, overrides, plugin_files, None) if matrix else ()
                are_sound = refusal.hold_against_rows(planned)
            if form == "text":
                but = "" if are_sound else "; its data has errors, which coco-recipe check names"
                steps = counted(len(planned.steps), "step")
                steps += f", {counted(len(cells), 'cell')}" if cells else ""
                click.echo(f"{path}: {steps}, no problem found{but}")
        except RecipeError as error:
            errors.append(error)
    if errors:
        raise together(errors)
    if form == "json":
        click.echo("[]")


@click.command()
@click.argument("source", metavar="FILE|RECIPE", type=click.Path(path_type=Path, exists=True))
@click.argument(
    "images", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option(
    "--follow-links", is_flag=True, help="Look at pictures that are links out of IMAGES, too."
)
@click.option("--decode", is_flag=True, help="Read whole pictures, not their headers only.")
@options.PLUGIN
@options.FORMAT
def check(
    source: Path,
    images: Path | None,
    follow_links: bool,
    decode: bool,
    plugin_files: tuple[Path, ...],
    form: str,
) -> None:
    """Say everything that is wrong with an annotation file (and its IMAGES), or with the inputs of
    a recipe.

    Exit 1 if a finding is an error: what a step of the recipe, or a reader of COCO files, would
    crash on, misassign or lose.
    """
    from coco_recipe import plugins
    from coco_recipe.running import checking
    from coco_recipe.running.session import Session

    with plugins_print_apart():
        if source.suffix.lower() in (".yaml", ".yml"):
            planned = options.plan_of(source, (), plugin_files)
            about = {about for step in planned.steps for about in step.step.checks}
            found = (
                *Session.open(planned).inputs.findings,
                *checking.left_out(planned.checks, source.name, about),
            )
        else:
            found = checking.of_file(
                source,
                images,
                plugins.find(plugin_files).checks,
                decode=decode,
                follow_links=follow_links,
            )
    errors = sum(finding.severity == "error" for finding in found)
    if form == "text":
        for finding in found:
            click.echo(f"{finding.severity}: {finding}")
        click.echo(f"{counted(errors, 'error')}, {counted(len(found) - errors, 'warning')}")
    else:
        click.echo(reports.findings(found, form), nl=form == "json")
    if errors:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--inputs", is_flag=True, help="Look at the raw files that the run read, too.")
@options.MOVED
@options.PLUGIN
@options.FORMAT
def verify(
    run: Path, inputs: bool, moved_to: Path | None, plugin_files: tuple[Path, ...], form: str
) -> None:
    """Look at every file that a run left in its directory RUN, and in the folders where it
    published.

    Each is held against the digests that the run recorded. Nothing is written, and no input is
    needed. Exit 1 if a file isn't as the run left it: run the recipe again, which makes it again or
    says what to do.
    """
    from coco_recipe.running import verification

    found = verification.verify(run)
    if inputs:
        from coco_recipe.running import raw_files

        found.wrong += raw_files.verify(run, plugin_files, moved_to)
    if form == "json":
        told = {
            "folder": str(run),
            "vouched": len(found.vouched),
            "wrong": [{"file": one.file, "what": one.what} for one in found.wrong],
            "unknown": found.unknown,
            "unseen": found.unseen,
        }
        click.echo(msgspec.json.encode(told))
    elif form == "github":
        click.echo(terminal.named(reports.findings(found.wrong, form)), nl=False)
    else:
        click.echo(terminal.named(verification.text_of(found)))
    if found.wrong:
        raise click.exceptions.Exit(1)
