"""The command ``coco-recipe compare``."""

from importlib.util import find_spec
from pathlib import Path

import click
import msgspec

from coco_recipe import RunError

NEEDS = ("numpy", "pycocotools")


# a matrix calls it by itself, without the settings of the command line
@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--against",
    metavar="NAME",
    help="What differences are to: one of RUN, or a name or checkpoint of the table (default: the "
    "first).",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with all figures, too.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.option(
    "--draws",
    type=click.IntRange(10, 100_000),
    default=1000,
    show_default=True,
    help="How often the images are drawn for the intervals.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the draws.")
def compare(
    runs: tuple[str, ...],
    against: str | None,
    html: Path | None,
    form: str,
    draws: int,
    seed: int,
) -> None:
    """Compare the metrics of runs that were evaluated on one data set.

    RUN is RUN[:STEP[:LABEL]]: a run directory, the step that evaluates, the checkpoint; without
    them the best checkpoint of the last such step. Of one run, all its checkpoints are compared.
    Differences are to the first, or to what --against names, with paired bootstrap intervals over
    images.
    """
    from coco_recipe_compare import evaluations

    evaluated = evaluations.find(runs, against)
    if missing := [name for name in NEEDS if find_spec(name) is None]:
        raise RunError(f"compare needs {' and '.join(missing)}: pip install {' '.join(missing)}")
    from coco_recipe_compare import comparing, page, text

    found = comparing.compare(evaluated, draws, seed)
    if html:
        page.write(found, html)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        click.echo(text.text(found))
