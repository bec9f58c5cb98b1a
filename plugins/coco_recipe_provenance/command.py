"""The command ``coco-recipe provenance``."""

from importlib.util import find_spec
from pathlib import Path

import click

from coco_recipe import RunError

LIBRARY = {"ro-crate": "rocrate", "prov-json": "prov"}
INSTALL = 'pip install "coco-recipe[provenance]"'


@click.command()
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--format",
    "form",
    type=click.Choice(["ro-crate", "prov-json", "croissant"]),
    required=True,
    help="RO-Crate (Process Run Crate 0.5), W3C PROV-JSON, or Croissant 1.0 of what was published.",
)
@click.option(
    "-o",
    "--to",
    "--out",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write (default: print it).",
)
def provenance(run: Path, form: str, target: Path | None) -> None:
    """Tell a run's record in a standard form.

    An RO-Crate's file belongs into the run directory: RUN/ro-crate-metadata.json.
    """
    library = LIBRARY.get(form, "")
    if library and find_spec(library) is None:
        raise RunError(f"--format {form} needs the package '{library}': {INSTALL}")
    from coco_recipe import recorded_run, write_bytes
    from coco_recipe_provenance import croissant, prov_json, ro_crate

    recorded = recorded_run(run)
    if form == "croissant":
        text = croissant.text(recorded, target.parent if target else run)
    else:
        text = (ro_crate if form == "ro-crate" else prov_json).text(recorded)
    if target is None:
        click.echo(text, nl=False)
        return
    data = text.encode("utf-8")
    if target.exists() and target.read_bytes() != data:
        raise RunError(f"{target}: is there already; name another file (-o), or remove it")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(target, data)
    click.echo(str(target))
