"""clean: remove earlier results that are kept, once their sizes were shown."""

import datetime
import os
import re
from pathlib import Path

import click
import msgspec

from coco_recipe import system_errors
from coco_recipe.commands import options
from coco_recipe.errors import counted

_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _age(text: str) -> float:
    """Return a time in minutes, hours, days or weeks, as ``30d``, in seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text)
    if not found:
        raise click.BadParameter(f"{text!r} is no time like 12h, 30d or 8w")
    return float(found[1]) * _UNITS[found[2]]


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    metavar="[RUN]...",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option(
    "--older-than",
    type=_age,
    metavar="AGE",
    help="Only what wasn't used for so long, as 12h, 30d or 8w.",
)
@click.option(
    "--keep",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Leave the last N earlier results of each step.",
)
@click.option(
    "--checkpoints",
    is_flag=True,
    help="With --older-than: results with checkpoints, too, which may have taken days.",
)
@click.option(
    "--whole",
    is_flag=True,
    help="All that RUN has, and its records: nothing of the run is left. What it published stays.",
)
@click.option("--yes", is_flag=True, help="Remove without a question.")
@options.TEXT_OR_JSON
def clean(
    runs: tuple[Path, ...],
    older_than: float | None,
    keep: int,
    checkpoints: bool,
    whole: bool,
    yes: bool,
    form: str,
) -> None:
    """Show the earlier results that are kept and their sizes, and remove them if you say so.

    RUN is a run directory, or a folder of run directories; without one, and with --older-than, the
    folder runs. What a run has now stays, unless --whole says that all of it goes; so does what a
    run that was stopped would go on from, as a training. Every file that isn't ours by its record
    stays, and is named.
    """
    from coco_recipe.running import cleaning
    from coco_recipe.running.cache import RUNS

    if not runs and older_than is None:
        raise click.UsageError("name a run directory, or say --older-than")
    if whole and (not runs or older_than is not None or keep):
        raise click.UsageError("--whole goes with RUN alone, without --older-than and --keep")
    runs = runs or (Path(RUNS),)
    rows = cleaning.found(
        runs,
        older_than=older_than or 0,
        keep=keep,
        checkpoints=checkpoints or older_than is None,
        whole=whole,
    )
    total = system_errors.size(sum(row.bytes for row in rows))
    if form == "text":
        for row in rows:
            day = datetime.datetime.fromtimestamp(row.used).strftime("%Y-%m-%d %H:%M")
            what = f"{row.step}{' with checkpoints' if row.has_checkpoint else ''}"
            what += ", not finished" if row.is_unfinished else ""
            size, here = system_errors.size(row.bytes), os.path.relpath(row.folder)
            click.echo(f"{size:>9}  {row.recipe}: {what}, used {day}  {here}")
        click.echo(f"{counted(len(rows), 'result')}, {total}")
    question = f"remove {total}{', and the run' if whole else ''}?"
    is_wanted = bool(rows or whole) and (yes or (form == "text" and _asked(question)))
    moved = cleaning.remove(rows, _tell) if is_wanted else []
    if whole and is_wanted:
        moved += [place for run in runs for place in cleaning.remove_records(run, _tell)]
    left = sorted({*moved, *cleaning.left_over(runs)})
    for place in left:
        click.echo(f"not ours, so it is left: {place}", err=True)
    if form == "json":
        told = {
            "results": [
                {
                    "folder": str(row.folder),
                    "recipe": row.recipe,
                    "step": row.step,
                    "bytes": row.bytes,
                    "used": row.used,
                    "checkpoints": row.has_checkpoint,
                    "unfinished": row.is_unfinished,
                }
                for row in rows
            ],
            "removed": is_wanted,
            "left": [str(place) for place in left],
        }
        click.echo(msgspec.json.encode(told).decode())
    elif rows or whole:
        click.echo("removed" if is_wanted else "nothing was removed")


def _tell(text: str) -> None:
    click.echo(text, err=True)


def _asked(question: str) -> bool:
    """Ask on the terminal; where nobody answers, no."""
    try:
        return click.confirm(question)
    except click.Abort:
        click.echo()
        return False
