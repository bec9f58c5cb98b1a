"""Look at the raw files of a finished run again: are they those that it read?"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from coco_recipe.checks import missing_files
from coco_recipe.errors import CocoRecipeError, RecipeError
from coco_recipe.known_files import KnownFiles
from coco_recipe.language.recipe import Input
from coco_recipe.manifest import read_run
from coco_recipe.planning import refusals
from coco_recipe.planning.plan import Plan
from coco_recipe.running.inputs import pixel_digest, read_input
from coco_recipe.running.reopening import reopen
from coco_recipe.running.store import Store
from coco_recipe.running.verification import Wrong, fault

LISTED = 5


def verify(
    folder: Path, plugin_files: Sequence[Path] = (), moved_to: Path | None = None
) -> tuple[Wrong, ...]:
    """Return the raw files of a finished run that aren't those that it read.

    Args:
        folder: the run directory.
        plugin_files: the plugin files that the run used.
        moved_to: the recipe's file, where it has moved without the run directory.

    Raises:
        RunError: the folder is no run directory, or the plugin files aren't those of the run.
    """
    recorded = read_run(folder)
    try:
        planned = reopen(folder, plugin_files, moved_to)
    except RecipeError as error:
        return tuple(Wrong(problem.where.file, problem.what) for problem in error.problems)
    assert recorded, "reopening would have refused it"
    return tuple(
        wrong
        for item in planned.recipe.inputs
        for wrong in _of_input(planned, Store(folder), item, recorded.inputs.get(item.name, {}))
    )


def _of_input(
    planned: Plan, store: Store, item: Input, recorded: dict[str, str]
) -> Iterator[Wrong]:
    """Yield the files of an input that aren't as they were."""
    paths = {
        "annotations": item.annotations,
        "checkpoint": item.checkpoint,
        "file": item.file,
        "of": item.of,
    }
    wrong = [
        Wrong(str(path), what)
        for kind, name in paths.items()
        if name and kind in recorded
        if (what := fault(path := planned.recipe.folder / name, recorded[kind]))
    ]
    yield from wrong
    if wrong or "images" not in recorded:
        return
    place = str(planned.recipe.folder / str(item.images))
    try:
        digest = _pictures(planned, item, {}, KnownFiles())
    except (CocoRecipeError, OSError) as error:
        yield Wrong(place, f"its pictures can't be read: {error}")
        return
    if digest != recorded["images"]:
        told = list(_placed(planned, store, item.name))[:LISTED]
        yield from told or [Wrong(place, "a picture in it was changed, added or removed")]


def picture_hashes(planned: Plan, item: Input, known: KnownFiles, expected: str) -> dict[str, str]:
    """Return the SHA-256 of an input's pictures by absolute path.

    Empty ones where they aren't all as the run read them.

    Args:
        planned: the run's plan.
        item: the input.
        known: hashes of files that need not be read again.
        expected: the digest of all that the run recorded.
    """
    found: dict[str, str] = {}
    try:
        is_as_read = _pictures(planned, item, found, known) == expected
    except (CocoRecipeError, OSError):
        is_as_read = False
    return {os.path.abspath(path): sha256 if is_as_read else "" for path, sha256 in found.items()}


def _pictures(planned: Plan, item: Input, found: dict[str, str], known: KnownFiles) -> str:
    """Return the digest of an input's pictures; put the hash of each into a dict, by path."""
    excuse = refusals.excuse(planned, item.name)
    value = read_input(item, planned.recipe.source, planned.kinds, excuse).value
    mended = refusals.is_mended(planned, item.name, missing_files.MISSING.name)
    return pixel_digest(value, found, names_are_mended=mended, known=known)


def _placed(planned: Plan, store: Store, name: str) -> Iterator[Wrong]:
    """Yield the pictures of an input that steps recorded by name, and that aren't as they were."""
    folders = {
        item.name: planned.recipe.folder / str(item.images) for item in planned.recipe.inputs
    }
    for step_id in sorted(store.step_ids()):
        manifest = store.manifest(step_id)
        for row in store.placed(step_id, manifest) if manifest else ():
            path = folders.get(row.folder, Path()) / row.file
            if row.folder == name and (what := fault(path, row.sha256)):
                yield Wrong(str(path), what)
