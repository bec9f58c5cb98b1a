"""steps and schema: what there is, for people and for editors."""

from pathlib import Path

import click
import msgspec

from coco_recipe.commands import completing, options
from coco_recipe.commands.surroundings import plugins_print_apart


@click.command()
@click.argument("name", required=False, shell_complete=completing.offered)
@options.PLUGIN
def steps(name: str | None, plugin_files: tuple[Path, ...]) -> None:
    """List the steps with the plugin that offers them, or show one step's page."""
    from coco_recipe import plugins
    from coco_recipe.errors import did_you_mean

    with plugins_print_apart():
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
    from coco_recipe.commands import step_page

    click.echo(step_page.page(registry.offers[name]))


@click.command()
@click.argument(
    "what",
    type=click.Choice(["recipe", "manifest", "provenance"]),
    default="recipe",
    metavar="[recipe|manifest|provenance]",  # click 8.2 shows two pairs of brackets
)
@options.PLUGIN
def schema(what: str, plugin_files: tuple[Path, ...]) -> None:
    """Print a JSON Schema.

    Of a recipe with the steps that are installed, for editors; of the manifest of a step; or of a
    line of provenance.jsonl.
    """
    from coco_recipe import plugins, record_schema
    from coco_recipe.language import schema_check

    if what == "recipe":
        with plugins_print_apart():
            offers = sorted(plugins.find(plugin_files).offers.items())
        found = schema_check.composed({name: offer.step.params for name, offer in offers})
    else:
        found = record_schema.schema(what)
    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
