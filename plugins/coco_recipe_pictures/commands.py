"""Commands of this plugin: ``coco-recipe demo``."""

from pathlib import Path

import click

from coco_recipe import moved_option, plugin_option, set_option


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


@click.command()
@click.argument("source")
@click.option(
    "--images",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder of the pictures of FILE.json (default: the file's own folder).",
)
@click.option(
    "--image",
    "names",
    multiple=True,
    metavar="NAME",
    help="Show this image; may be given more than once.",
)
@click.option("--category", default="", metavar="NAME", help="Show images with a box of it.")
@click.option(
    "--finding", default="", metavar="KIND", help="Show the first images with this finding."
)
@click.option(
    "-n", "most", default=12, show_default=True, type=click.IntRange(1), help="How many images."
)
@click.option(
    "--html",
    "as_page",
    is_flag=True,
    help="Write a page to leaf through, not a sheet; so does a name that ends with .html.",
)
@click.option(
    "-o",
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write: .png, .jpg, .webp or .html (default: a name made of SOURCE).",
)
@set_option
@moved_option
@plugin_option
def show(
    source: str,
    images: Path | None,
    names: tuple[str, ...],
    category: str,
    finding: str,
    most: int,
    as_page: bool,
    target: Path | None,
    overrides: tuple[str, ...],
    moved_to: Path | None,
    plugin_files: tuple[Path, ...],
) -> None:
    """Draw pictures with their boxes, polygons, masks, keypoints and names.

    SOURCE is FILE.json, RECIPE.yaml[:NAME[.PORT]] or RUN[:NAME[.PORT]]; NAME is an input or a
    step. The images are those that tell most: with findings, of rare classes, with the smallest
    and the largest boxes.
    """
    from coco_recipe_pictures.show import showing
    from coco_recipe_pictures.show.telling import Wanted

    written = showing.show(
        source,
        images,
        plugin_files,
        Wanted(most, names, category, finding),
        target,
        as_page=as_page,
        overrides=overrides,
        moved_to=moved_to,
    )
    click.echo(str(written))
