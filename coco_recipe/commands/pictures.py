"""preview and replay: pictures of what a step would do, and a file made again."""

from pathlib import Path

import click

from coco_recipe.commands import completing, options, reports
from coco_recipe.commands.surroundings import plugins_print_apart


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.argument("step", shell_complete=completing.of_recipe)
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
    "-o",
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The picture to write, .png, .jpg or .webp (default: <recipe name>-<step>.png).",
)
@options.OUT
@options.SET
@options.PLUGIN
@options.TRACEBACK
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
    from coco_recipe.running import forecast
    from coco_recipe.running.session import Session

    with plugins_print_apart():
        planned = options.plan_of(recipe, overrides, plugin_files, out)
        first = planned.first_writer()
        session = Session.open(planned, out, with_pixels=first is not None and first != step)
        target = target or Path(f"{planned.recipe.name}-{step}.png")
        forecast.preview(session, step, target, images=names or images)
    click.echo(str(target))


@click.command()
@click.argument("run_directory", metavar="RUN", type=click.Path(path_type=Path, file_okay=False))
@click.argument("image")
@click.option(
    "-o",
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write (default: the image's name, in this folder).",
)
@options.MOVED
@options.PLUGIN
@options.TRACEBACK
def replay(
    run_directory: Path,
    image: str,
    target: Path | None,
    moved_to: Path | None,
    plugin_files: tuple[Path, ...],
) -> None:
    """Make one image of a finished run again, and say whether its bytes are those that were
    recorded.
    """
    from coco_recipe.running import forecast

    with plugins_print_apart():
        data, same = forecast.replay(run_directory, image, plugin_files, moved_to)
    target = target or Path(Path(image).name)
    if target.exists():
        raise click.UsageError(f"{target} is there already; name another file (--to)")
    target.write_bytes(data)
    click.echo(str(target))
    reports.say(
        "the same bytes as recorded"
        if same
        else "not the bytes that were recorded: see what differs in versions or CPU "
        f"between this machine and {run_directory / 'provenance.jsonl'}"
    )
    if not same:
        raise click.exceptions.Exit(1)
