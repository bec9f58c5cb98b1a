"""The pages of docs/ that say what the code says: run as a script, it writes them anew."""

from collections.abc import Iterator

import click
from builders import REPOSITORY

from coco_recipe import cli, plugins


def steps() -> str:
    """Return docs/steps.md: the page of each step, as ``coco-recipe steps NAME`` shows it."""
    offers = sorted(plugins.find().offers.values(), key=lambda offer: offer.step.name)
    pages = (f"## {offer.step.name}\n\n```\n{cli._page(offer).partition(chr(10))[2].strip()}\n```\n" for offer in offers)
    return "\n".join(["# Steps\n\nWhat `coco-recipe steps NAME` shows of each step: what it does, its inputs and outputs, "
                      "and the\nparameters that stand below `with`.\n", *pages])


def commands() -> str:
    """Return docs/commands.md: the help of each command."""
    pages = (f"## {name}\n\n```\n{text}\n```\n" for name, text in _helps(cli.cli, "coco-recipe"))
    return "\n".join(["# Commands\n\nWhat `--help` shows of each command. Exit codes: 0 done, 1 failed, 2 a wrong recipe or "
                      "command,\n101 a fault of coco-recipe, 130 interrupted.\n", *pages])


def _helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    ctx = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    if not isinstance(command, click.Group):
        yield name, command.get_help(ctx)
        return
    for part in command.list_commands(ctx):
        inner = command.get_command(ctx, part)
        assert inner is not None, part
        yield from _helps(inner, f"{name} {part}")


PAGES = {"docs/steps.md": steps, "docs/commands.md": commands}

if __name__ == "__main__":
    for path, page in PAGES.items():
        (REPOSITORY / path).write_text(page(), "utf-8")
