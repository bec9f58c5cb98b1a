"""validate and check: say what is wrong with recipes and with data."""

from pathlib import Path

import click

from coco_recipe.commands import options, reports
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
            planned = options.plan_of(path, overrides, plugin_files)
            are_sound = refusal.hold_against_rows(planned)
            if form == "text":
                but = "" if are_sound else "; its data has errors, which coco-recipe check names"
                click.echo(f"{path}: {counted(len(planned.steps), 'step')}, no problem found{but}")
        except RecipeError as error:
            errors.append(error)
    if errors:
        raise together(errors)
    if form == "json":
        click.echo("[]")


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument(
    "images", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option("--decode", is_flag=True, help="Read whole pictures, not their headers only.")
@options.PLUGIN
@options.FORMAT
def check(
    source: Path, images: Path | None, decode: bool, plugin_files: tuple[Path, ...], form: str
) -> None:
    """Say everything that is wrong with an annotation file (and its IMAGES), or with the inputs of
    a recipe.

    Exit 1 if a finding is an error: what a step of the recipe, or a reader of COCO files, would
    crash on, misassign or lose.
    """
    from coco_recipe import plugins
    from coco_recipe.running import checking
    from coco_recipe.running.session import Session

    if source.suffix.lower() in (".yaml", ".yml"):
        planned = options.plan_of(source, (), plugin_files)
        about = {about for step in planned.steps for about in step.step.checks}
        found = (
            *Session.open(planned).inputs.findings,
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
        click.echo(reports.findings(found, form), nl=form == "json")
    if errors:
        raise click.exceptions.Exit(1)
