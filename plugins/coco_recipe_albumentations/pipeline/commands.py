"""Commands for pipeline files: ``pipeline lint`` and ``pipeline migrate``."""

from pathlib import Path

import click

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def pipeline() -> None:
    """Look after Albumentations pipelines in files."""


@pipeline.command()
@click.argument("file", type=_FILE)
def lint(file: Path) -> None:
    """Report what of a pipeline would be refused, ignored or replaced.

    Exit 1 where something is wrong.
    """
    from coco_recipe_albumentations.pipeline.lint import lint as look_at

    wrong, notes = look_at(file)
    for line in wrong:
        click.echo(line)
    for line in notes:
        click.echo(f"note: {line}")
    if wrong:
        raise click.exceptions.Exit(1)
    click.echo(f"{file}: nothing is wrong")


@pipeline.command()
@click.argument("file", type=_FILE)
@click.option(
    "-o",
    "--to",
    "--out",
    "out",
    type=click.Path(path_type=Path),
    help="Write here, by its ending as JSON or YAML.",
)
def migrate(file: Path, out: Path | None) -> None:
    """Rewrite a pipeline of Albumentations 0.3 to 1.4; exit 1 where something has no equal."""
    from coco_recipe import show_path
    from coco_recipe_albumentations.migration.migrate import dump, migrate_file, refused

    if out and out.exists():
        raise click.UsageError(f"{out} is there already; name another file (--out)")
    try:
        done = migrate_file(file)
    except ValueError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(1) from error
    for change in done.changes:
        click.echo(change, err=True)
    for note in done.notes:
        where = show_path(note.path).removeprefix("transform.")
        click.echo(
            f"note: {where}: {note.what}" + (f"; {note.hint}" if note.hint else ""), err=True
        )
    lost = [*done.lost, *refused(done.form)]
    for line in lost:
        click.echo(f"could not carry over: {line}", err=True)
    text = dump(done.form, (out or file).suffix)
    if out:
        out.write_text(text, "utf-8")
    else:
        click.echo(text, nl=False)
    if lost:
        raise click.exceptions.Exit(1)
