"""recipes and plugin new: what one starts from, a recipe or a package of one's own."""

from pathlib import Path

import click

from coco_recipe.commands import options


@click.group()
def recipes() -> None:
    """List the recipes that come with coco-recipe, and copy one to change it."""


@recipes.command("list")
def list_recipes() -> None:
    """List the recipes, each with what its first lines say."""
    from coco_recipe.asking import shipped_recipes

    for recipe in shipped_recipes.all_of():
        click.echo(f"{recipe.name:20} {recipe.about}")


@recipes.command()
@click.argument("name")
@click.option(
    "-o",
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("recipes"),
    show_default=True,
    help="Folder for the recipe and the configs that it names.",
)
def get(name: str, folder: Path) -> None:
    """Copy a recipe, and the configs that it names, into a folder.

    Nothing is written over.
    """
    from coco_recipe.asking import shipped_recipes

    for path in shipped_recipes.copy(name, folder):
        click.echo(path)


@click.group()
def plugin() -> None:
    """Begin a package with a step of your own."""


@plugin.command()
@click.argument("name")
@click.option(
    "-o",
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the package, absent or empty (default: NAME).",
)
@options.PLUGIN
def new(name: str, folder: Path | None, plugin_files: tuple[Path, ...]) -> None:
    """Write a package with a step, its tests and its checks.

    NAME is in small letters, as small-boxes. The package is installed with pip install -e, its
    step is used by its name, and its tests try what every step promises.
    """
    from coco_recipe import new_plugin, plugins

    steps = frozenset(plugins.find(plugin_files).offers)
    written = new_plugin.write(name, folder or Path(name), steps)
    for path in written:
        click.echo(path)
    place = folder or Path(name)
    click.echo(
        f'next: python -m pip install -e "{place}[test]" && python -m pytest {place}', err=True
    )
