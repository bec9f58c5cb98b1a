"""stats and why: what a person asks of data and runs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from coco_recipe.commands import completing, options, reports
from coco_recipe.commands.surroundings import plugins_print_apart
from coco_recipe.errors import RunError, counted, one_line
from coco_recipe.observing.table import padded, width_of

if TYPE_CHECKING:
    from coco_recipe.asking.following import Track
    from coco_recipe.asking.quick_file import QuickRows
    from coco_recipe.asking.why import Answer
    from coco_recipe.findings import Finding


@click.command()
@click.argument("source")
@click.option(
    "--by",
    type=click.Choice(["class", "size", "part"]),
    help="Show this table alone, with all its rows.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    help="How the figures are printed; csv is a table by class, or what --by says.",
)
@options.SET
@options.MOVED
@options.PLUGIN
def stats(
    source: str,
    by: str | None,
    form: str,
    overrides: tuple[str, ...],
    moved_to: Path | None,
    plugin_files: tuple[Path, ...],
) -> None:
    """Count images, boxes, classes and sizes.

    SOURCE is FILE.json, RECIPE.yaml[:NAME[.PORT]] or RUN[:NAME[.PORT]]; NAME is an input or a
    step. Without it, a recipe's first input, or what a run published.
    """
    from coco_recipe.asking import quick_rows, stats_text
    from coco_recipe.asking import stats as counting

    with quick_rows.collector_off():
        parts, found = _rows_of(source, plugin_files, overrides, moved_to)
        told = None if found is None else {finding.kind.what: finding.count for finding in found}
        figures = counting.figures(parts, told)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(figures), indent=2))
    elif form == "csv":
        click.echo(stats_text.to_csv(figures, by or "class"), nl=False)
    else:
        click.echo(stats_text.text(figures, by=by or ""))


def _rows_of(
    source: str,
    plugin_files: tuple[Path, ...],
    overrides: tuple[str, ...],
    moved_to: Path | None,
) -> "tuple[dict[str, QuickRows], tuple[Finding, ...] | None]":
    """Return the rows of a place by data set, and what is wrong with them.

    None where it isn't looked for: a large file is read before the modules would be imported.
    """
    from coco_recipe.asking import address, quick_rows

    path = Path(source)
    if overrides or moved_to or not address.is_file(source):
        from coco_recipe.asking.source import find

        asked = find(source, plugin_files=plugin_files, overrides=overrides, moved_to=moved_to)
        parts = {name: quick_rows.of_dataset(rows) for name, rows in asked.parts.items()}
        return parts, asked.findings
    parts = {path.name: quick_rows.of_file(path)}
    if not address.is_quick(path):
        return parts, None
    from coco_recipe.asking.source import findings_of

    return parts, findings_of(path)


@click.command()
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.option("--annotation", type=int, metavar="ID", help="The annotation's id.")
@click.option("--image", default="", metavar="NAME", help="The image's file name.")
@click.option(
    "--at",
    default="",
    metavar="STEP",
    shell_complete=completing.of_run,
    help="The input or step where it has this id or name.",
)
@options.TEXT_OR_JSON
@click.option(
    "-o",
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a picture of it at each step there, too; no file of yours is written over.",
)
@options.MOVED
@options.PLUGIN
def why(
    run: Path,
    annotation: int | None,
    image: str,
    at: str,
    form: str,
    target: Path | None,
    moved_to: Path | None,
    plugin_files: tuple[Path, ...],
) -> None:
    """Tell what became of an annotation or an image, from the raw file to what was published.

    Without --at, it is looked for in what was published, then in the inputs.
    """
    from coco_recipe.asking import why as asking

    if (annotation is None) == (image == ""):
        raise click.UsageError("name one: --annotation ID or --image NAME")
    answer = asking.why(
        run,
        annotation=annotation,
        image=image,
        at=at,
        plugin_files=plugin_files,
        moved_to=moved_to,
    )
    for note in answer.notes:
        reports.say(note)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(answer.tracks), indent=2))
    else:
        click.echo("\n\n".join(map(_history, answer.tracks)))
    if target:
        _draw(answer, run, target, plugin_files)


def _history(track: "Track") -> str:
    """Return a line for each step."""
    width = max(width_of(event.step) for event in track.events)
    return "\n".join(
        f"{padded(event.step, width)}  {one_line(event.what)}" for event in track.events
    )


def _draw(answer: "Answer", run: Path, target: Path, plugin_files: tuple[Path, ...]) -> None:
    """Write the pictures of the histories, and tell of it."""
    from coco_recipe import plugins
    from coco_recipe.asking import why_pictures

    with plugins_print_apart():
        draw = plugins.find(plugin_files).crops
        if not draw:
            raise RunError('--to needs a plugin that draws: pip install "coco-recipe[augment]"')
        written, notes = why_pictures.write(answer.plan, run, answer.tracks, target, draw[0])
    for note in notes:
        reports.say(f"no picture of {note}")
    reports.say(f"{counted(len(written), 'picture')} in {target}")


@click.command()
@click.argument("annotations", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("images", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o",
    "--to",
    "--out",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("recipe.yaml"),
    show_default=True,
    help="The recipe to write.",
)
def init(annotations: Path, images: Path, target: Path) -> None:
    """Look at a data set, and write a commented recipe that fits it and runs as it is.

    It mends what would be an error, leaves out a background class, numbers rows anew where ids
    repeat, divides by the groups that images tell, and publishes.
    """
    from coco_recipe.asking.first_recipe import first_recipe

    if target.exists():
        raise click.UsageError(f"{target} is there already; name another file (-o)")
    first = first_recipe(annotations, images, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(first.text, "utf-8")
    click.echo(str(target))
    for finding in first.unmended:
        reports.say(f"{finding.severity}: {finding}")
    if first.unmended:
        reports.say("no step mends these: the recipe stops until they are mended by hand")
        raise click.exceptions.Exit(1)
    reports.say(f"next: coco-recipe plan {target}, then coco-recipe run {target}")
