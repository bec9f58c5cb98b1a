"""Commands of this plugin: ``coco-recipe demo``."""

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--images", default=60, show_default=True, type=click.IntRange(1), help="How many images."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Another seed, other pictures.",
)
def demo(folder: Path, images: int, seed: int) -> None:
    """Write a small bottle-cap data set with the quirks of a real one."""
    from coco_recipe_pictures.demo.write import write_demo

    try:
        write_demo(folder, images=images, seed=seed)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(str(folder))
