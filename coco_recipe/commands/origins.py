"""whence: which recipe, data and versions a file came of."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from coco_recipe.commands import options, reports

if TYPE_CHECKING:
    from coco_recipe.asking.whence import Origin

BY = {
    "run": "the records of the run",
    "published": "the mark of the published folder",
    "card": "the data set's card",
    "meta": "the file itself",
}
FILLED: Any = {
    "subsequent_indent": " " * 12,
    "break_long_words": False,
    "break_on_hyphens": False,
}
SHORT = 12  # letters of a hash


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--in",
    "places",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="A run directory, or a folder with some, to look in (default: runs, and above the file).",
)
@options.TEXT_OR_JSON
def whence(file: Path, places: tuple[Path, ...], form: str) -> None:
    """Tell which recipe, data and versions a checkpoint or a published file came of.

    It is known by its bytes to the records of runs, by the mark and the card of the folder that it
    was published in, and a checkpoint says itself what it was made of.
    """
    from coco_recipe.asking import whence as asking

    found = asking.whence(file, places)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        click.echo(f"{found.file}: SHA-256 {found.sha256}")
        told = set[str]()
        for origin in found.origins:
            for line in _lines(origin):
                if line not in told:  # witnesses that say the same
                    click.echo(textwrap.fill(line, 80, **FILLED) if len(line) > 80 else line)
                told.add(line)
    for note in found.notes:
        reports.say(f"note: {note}")
    if not found.origins:
        reports.say("no run, mark or card that was looked at knows it; name where runs are (--in)")
        raise click.exceptions.Exit(1)


def _lines(origin: "Origin") -> Iterator[str]:
    """Yield what one witness says."""
    yield f"by {BY[origin.by]}, {origin.place}: {origin.what}"
    if origin.recipe:
        place = f" ({origin.recipe_file})" if origin.recipe_file else ""
        yield f"  recipe    {origin.recipe}{place}"
    if origin.step:
        use = f" ({origin.use})" if origin.use else ""
        key = f", key {origin.key[:SHORT]}" if origin.key else ""
        yield f"  step      {origin.step}{use}{key}"
    for name, found in origin.data.items():
        told = ", ".join(f"{kind} {sha256[:SHORT]}" for kind, sha256 in found.items())
        yield f"  data      {name}: {told}"
    if origin.steps:
        yield f"  steps     {', '.join(_step(step) for step in origin.steps)}"
    if origin.versions:
        yield f"  versions  {', '.join(f'{n} {one}' for n, one in sorted(origin.versions.items()))}"


def _step(step: dict[str, object]) -> str:
    return f"{step.get('id', '')} ({step.get('use', '')})"
