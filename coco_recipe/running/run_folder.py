"""A run directory: which one it is, whether it may be used, and the copies of the recipe in it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from coco_recipe import files, yaml_text
from coco_recipe.errors import RunError
from coco_recipe.manifest import LOG, claimed_run, read_log
from coco_recipe.planning.plan import Plan
from coco_recipe.publishing.publisher import Publisher
from coco_recipe.running import lock, provenance
from coco_recipe.running.cache import RUNS
from coco_recipe.running.lock import LOCK
from coco_recipe.running.store import Store

WRITTEN = "recipe.yaml"  # the recipe as it was written
RESOLVED = "recipe.resolved.yaml"  # the recipe with every variable and default filled in
REFUSED = "refused.html"  # the page of a run that was refused before any work


def default(planned: Plan) -> Path:
    """Return the run directory that a recipe has where none is named."""
    return Path(RUNS) / planned.recipe.name


def refusal_of(folder: Path) -> str:
    """Say where it stands why a folder is no run's yet; empty where no run was refused there."""
    page = folder / REFUSED
    return f": its run was refused before any work, see {page}" if page.is_file() else ""


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


def sweep(folder: Path) -> None:
    """Remove files of ours that a killed run was writing in its run directory."""
    for name in (WRITTEN, RESOLVED, LOG):
        files.unfinished(folder / name).unlink(missing_ok=True)


def check_recipe(planned: Plan, folder: Path) -> None:
    """Refuse the run directory of another recipe.

    Raises:
        RunError: names that recipe; or it can't be told whose the directory is.
    """
    other = provenance.other_recipe(
        folder, planned.recipe.source, files.sha256_of(resolved(planned))
    )
    if (other or claimed_run(folder) is None) and _is_damaged(folder):
        if not _has_copy_of(planned, folder):
            raise RunError(
                f"{folder / LOG} is not as a run wrote it, and its recipe.yaml is not this recipe, "
                f"so it is not known whose run directory this is; remove {LOG} if it is this "
                "recipe's, or choose another folder (--out)"
            )
        other = ""
    if other:
        raise RunError(
            f"{folder}: is the run directory of another recipe, {other}; choose another folder "
            "(--out), or give this recipe a name of its own"
        )


def _is_damaged(folder: Path) -> bool:
    return (folder / LOG).is_file() and read_log(folder) is None


def _has_copy_of(planned: Plan, folder: Path) -> bool:
    """Report whether a run directory keeps this recipe's text, as written or resolved."""
    copies = {WRITTEN: planned.recipe.source.text.encode(), RESOLVED: resolved(planned)}
    return any(
        (folder / name).is_file() and (folder / name).read_bytes() == text
        for name, text in copies.items()
    )


def check_targets(
    planned: Plan,
    folder: Path,
    publisher: Publisher | None = None,
    store: Store | None = None,
) -> None:
    """Refuse folders to publish in that may hold something of the user's, or lie in another.

    Args:
        planned: the plan.
        folder: its run directory.
        publisher: of the run that is about to begin; it keeps what is found out.
        store: its committed steps; it keeps the manifests that are read.

    Raises:
        RecipeError: says what is in the folder, and what to do.
    """
    publisher = publisher or Publisher(planned, folder)
    publisher.check((store or Store(folder)).committed_files(planned))


def check_inputs(planned: Plan, folder: Path) -> None:
    """Refuse a run directory whose steps and an input would lie in one another.

    Raises:
        RunError: names both.
    """
    steps = (folder / "steps").resolve()
    for item in planned.recipe.inputs:
        for name in filter(None, (item.images, item.annotations, item.file, item.of)):
            place = (planned.recipe.folder / name).resolve()
            if steps == place or steps in place.parents or place in steps.parents:
                raise RunError(
                    f"{steps} and the input {place} lie in one another; write elsewhere (--out)"
                )


@contextlib.contextmanager
def locked(folder: Path, tell: Callable[[str], None], *, wait: bool = False) -> Iterator[None]:
    """Hold a run directory, which is made if need be.

    Args:
        folder: the run directory.
        tell: is told what a user should know of the lock.
        wait: wait for another run that is at work there.

    Raises:
        HeldError: another run is at work there; says who.
        RunError: the folder isn't ours or can't be written.
    """
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is not a folder")
    if folder.is_dir() and os.listdir(folder) and not _is_run_directory(folder):
        raise RunError(
            f"{folder}: is not empty and was not made by coco-recipe; choose another (--out)"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            stack.enter_context(lock.held(folder, tell, wait=wait))
            yield
    except PermissionError as error:
        raise RunError(f"{folder}: can't be written: {error.strerror}") from error


def _is_run_directory(folder: Path) -> bool:
    """Report whether a folder was made by coco-recipe; its lock file may be lost."""
    if (folder / LOCK).exists():
        return True
    run = claimed_run(folder)
    return bool(run and run.recipe_sha256) or (
        (folder / RESOLVED).is_file() and (folder / "steps").is_dir()
    )
