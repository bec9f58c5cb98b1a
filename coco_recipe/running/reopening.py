"""Make the plan of a finished run again, from its directory."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from coco_recipe import files, plugins
from coco_recipe.errors import Problem, RecipeError, RunError, Where
from coco_recipe.language import source
from coco_recipe.manifest import LOG, PluginFile, read_run
from coco_recipe.planning.plan import Plan
from coco_recipe.running import provenance, run_folder, stages


def reopen(folder: Path, plugin_files: Sequence[Path] = (), moved_to: Path | None = None) -> Plan:
    """Return the plan of a finished run, as its directory has it.

    Paths are relative to where the recipe was, seen from the run directory (they may have moved
    together), or else to where it was then. A run directory may come from anybody: no plugin file
    that it names is loaded unless it is given.

    Args:
        folder: the run directory.
        plugin_files: the plugin files that the run used.
        moved_to: the recipe's file, where it has moved without the run directory; None looks where
            it was.

    Raises:
        RunError: the folder is no run directory, or the plugin files aren't those that the run
            used.
        RecipeError: the recipe's inputs have gone.
    """
    run_record = read_run(folder)
    if run_record is None and (folder / LOG).is_file():
        raise RunError(f"{folder / LOG}: is not as a run wrote it: run the recipe again")
    if run_record is None or run_record.clock.plugins is None:
        raise RunError(
            f"{folder}: is not the directory of a finished run{run_folder.refusal_of(folder)}"
        )
    try:
        text = source.load(folder / run_folder.RESOLVED)
    except OSError as error:
        raise RunError(
            f"{folder}: is not the directory of a finished run{run_folder.refusal_of(folder)}"
        ) from error
    _check_plugins(folder, run_record.clock.plugins, plugin_files)
    registry = plugins.find(plugin_files)
    if moved_to:
        planned = stages.drafted_from(text, [Path(os.path.abspath(moved_to))], registry).sound()
        return replace(planned, plugin_files=tuple(plugin_files))
    places = provenance.recorded_places(folder)
    try:
        planned = stages.drafted_from(text, places, registry).sound()
    except RecipeError as error:
        if any(place.is_file() for place in places):
            raise
        told = f"its recipe is no longer at {' or '.join(map(str, places))}"
        hint = "put it back, or say where it is now: --recipe FILE"
        raise RecipeError([Problem(Where(str(folder)), told, hint), *error.problems]) from error
    return replace(planned, plugin_files=tuple(plugin_files))


def _check_plugins(
    folder: Path, recorded: Sequence[PluginFile | str], given: Sequence[Path]
) -> None:
    """See that the plugin files that are given are those, by hash, that the run used."""
    hashes = {}
    for path in given:
        if not path.is_file():
            raise RunError(f"--plugin {path}: there is no such plugin file")
        hashes[files.sha256(path)] = path
    used = set()
    for row in recorded:
        if isinstance(row, str):
            raise RunError(
                f"{folder}: has no hash of the plugin file {row}: "
                "run the recipe again, which records it"
            )
        if row.sha256 not in hashes:
            raise RunError(_missing(folder, row, given))
        used.add(row.sha256)
    for sha256, path in hashes.items():
        if sha256 not in used:
            raise RunError(f"--plugin {path}: {folder} was made without it; leave it out")


def _missing(folder: Path, row: PluginFile, given: Sequence[Path]) -> str:
    """Say that a plugin file isn't given, or that another of its name is."""
    same = next((path for path in given if path.name == Path(row.file).name), None)
    if same:
        return (
            f"--plugin {same}: is not the file that {folder} used "
            f"(SHA-256 {row.sha256[:8]}, now {files.sha256(same)[:8]}): "
            "give that one, or run the recipe again"
        )
    return (
        f"{folder}: used the plugin file {row.file}, which is run only if it "
        f"is named again: --plugin {row.file}"
    )
