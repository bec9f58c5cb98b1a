"""A run directory: which one it is, whether it may be used, and the copies of the recipe in it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from coco_recipe import files, yaml_text
from coco_recipe.errors import RunError
from coco_recipe.planning.plan import Plan
from coco_recipe.publishing.publisher import Publisher
from coco_recipe.running import provenance
from coco_recipe.running.store import Store

WRITTEN = "recipe.yaml"  # the recipe as it was written
RESOLVED = "recipe.resolved.yaml"  # the recipe with every variable and default filled in
LOCK = ".lock"


def default(planned: Plan) -> Path:
    """Return the run directory that a recipe has where none is named."""
    return Path("runs") / planned.recipe.name


def resolved(planned: Plan) -> bytes:
    """Return the text of the recipe with every variable and default filled in.

    What comes from the environment stays ``${env:NAME}``.
    """
    source = planned.recipe.source
    data = source.hidden.written(dict(source.data))
    data.pop("vars", None)
    data["steps"] = [
        {**row, "with": step.hidden.written(dict(step.params))}
        for row, step in zip(data["steps"], planned.steps, strict=True)
    ]
    return yaml_text.dump(data).encode()


def keep_recipe(planned: Plan, folder: Path) -> None:
    """Write the copies of the recipe into its run directory."""
    files.write_bytes(folder / WRITTEN, planned.recipe.source.text.encode())
    files.write_bytes(folder / RESOLVED, resolved(planned))


def check(
    planned: Plan,
    folder: Path,
    publisher: Publisher | None = None,
    store: Store | None = None,
) -> None:
    """Refuse a run directory, or a folder to publish in, that would touch somebody else's files.

    Args:
        planned: the plan.
        folder: its run directory.
        publisher: of the run that is about to begin; it keeps what is found out.
        store: its committed steps; it keeps the manifests that are read.

    Raises:
        RecipeError: a folder to publish in may hold something of the user's, or files of ours there
            were changed.
        RunError: the steps would lie among the inputs, or the directory is another recipe's.
    """
    _check_inputs(planned, folder)
    other = provenance.other_recipe(
        folder, planned.recipe.source, files.sha256_of(resolved(planned))
    )
    if other:
        raise RunError(
            f"{folder}: is the run directory of another recipe, {other}; choose another folder "
            "(--out), or give this recipe a name of its own"
        )
    check_targets(planned, folder, publisher, store)


def check_targets(
    planned: Plan,
    folder: Path,
    publisher: Publisher | None = None,
    store: Store | None = None,
) -> None:
    """Refuse folders to publish in that may hold something of the user's, or lie in another.

    Raises:
        RecipeError: says what is in the folder, and what to do.
    """
    publisher = publisher or Publisher(planned, folder)
    publisher.check((store or Store(folder)).committed_files(planned))


def _check_inputs(planned: Plan, folder: Path) -> None:
    """Refuse a run directory whose steps and an input would lie in one another."""
    steps = (folder / "steps").resolve()
    for item in planned.recipe.inputs:
        for name in filter(None, (item.images, item.annotations, item.file, item.of)):
            place = (planned.recipe.folder / name).resolve()
            if steps == place or steps in place.parents or place in steps.parents:
                raise RunError(
                    f"{steps} and the input {place} lie in one another; write elsewhere (--out)"
                )


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run directory, which is made if need be.

    The lock file is never deleted; the kernel frees it.

    Raises:
        RunError: another run is at work there, or the folder isn't ours or can't be written.
    """
    from filelock import FileLock, Timeout

    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is not a folder")
    if folder.is_dir() and os.listdir(folder) and not (folder / LOCK).exists():
        raise RunError(
            f"{folder}: is not empty and was not made by coco-recipe; choose another (--out)"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout as error:
        raise RunError(
            f"{folder}: another run is at work here; wait for it, or choose another folder (--out)"
        ) from error
    except PermissionError as error:
        raise RunError(f"{folder}: can't be written: {error.strerror}") from error
