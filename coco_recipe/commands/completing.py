"""Complete words in a shell: steps that there are, steps of a recipe, steps of a run."""

import os
from pathlib import Path
from typing import Any

import click

from coco_recipe.errors import CocoRecipeError

VARIABLE = "_COCO_RECIPE_COMPLETE"  # as click names it for this program


def offered(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the steps that plugins offer."""
    from coco_recipe import plugins

    return [name for name in sorted(plugins.find().offers) if name.startswith(incomplete)]


def of_recipe(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the ids of the steps of the recipe that the line names."""
    from coco_recipe.language import source

    try:
        data: Any = source.load(_recipe(ctx)).data
        ids = [row.get("id") for row in data["steps"]]
    except (CocoRecipeError, OSError, KeyError, TypeError, AttributeError):
        return []
    return [id_ for id_ in ids if isinstance(id_, str) and id_.startswith(incomplete)]


def _recipe(ctx: click.Context) -> Path:
    """Return the recipe on the line; click loses it behind an option that lacks its value."""
    words = os.environ.get("COMP_WORDS", "").split()
    found = ctx.params.get("recipe") or next(
        (word for word in words if word.endswith((".yaml", ".yml"))), ""
    )
    return Path(found)


def of_run(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the steps that the run directory on the line has."""
    run = ctx.params.get("run")
    if not run:
        return []
    return sorted(
        path.parent.name
        for path in Path(run).glob("steps/*/manifest.json")
        if path.parent.name.startswith(incomplete)
    )


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what a shell needs to complete commands, options, files and names of steps.

    \b
    bash: coco-recipe completion bash > ~/.local/share/bash-completion/completions/coco-recipe
    zsh:  coco-recipe completion zsh > a folder of $fpath, as _coco-recipe
    fish: coco-recipe completion fish > ~/.config/fish/completions/coco-recipe.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found, "click has a class for each of these"
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, "coco-recipe", VARIABLE).source())
