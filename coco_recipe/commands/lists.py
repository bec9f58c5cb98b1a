"""steps and schema: what there is, for people and for editors."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from coco_recipe.commands import options
from coco_recipe.commands.surroundings import plugins_print_apart
from coco_recipe.steps import OpenPorts

if TYPE_CHECKING:
    from coco_recipe.plugins import Offer


@click.command()
@click.argument("name", required=False)
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
    click.echo(page(registry.offers[name]))


def _without_arguments(doc: str) -> str:
    """Return a docstring without ``Args``: the page of a step lists ports and parameters itself."""
    return "\n\n".join(part for part in doc.split("\n\n") if not part.startswith("Args:"))


def page(offer: "Offer") -> str:
    """Return the page of a step: what it does, its inputs and outputs, and its parameters."""
    step = offer.step
    inputs = {"<your names>": step.inputs} if isinstance(step.inputs, OpenPorts) else step.inputs
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


@click.command()
@click.argument("what", type=click.Choice(["recipe", "manifest", "provenance"]), default="recipe")
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
