"""What may be removed of runs: earlier results, steps that a recipe lost, what killed runs left."""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coco_recipe import files, seals
from coco_recipe import manifest as manifests
from coco_recipe.errors import RunError
from coco_recipe.manifest import LOG, read_log
from coco_recipe.observing.progress import PAGE
from coco_recipe.running import error_log, lock, run_folder
from coco_recipe.running.cache import Cache, Held, has_checkpoint, names_of
from coco_recipe.running.store import MANIFEST, STEPS, Store


@dataclass(frozen=True, slots=True)
class Removable:
    """A result that may be removed.

    Attributes:
        folder: where it is.
        step: the step's id.
        recipe: the recipe's name.
        used: when it was used last, in seconds since 1970.
        bytes: what its files take.
        has_checkpoint: whether it has a checkpoint, which may have taken days.
        held: its entry in the cache; None of a step in a run directory.
        is_unfinished: it is what a run that was stopped left of a step that isn't done.
    """

    folder: Path
    step: str
    recipe: str
    used: float
    bytes: int
    has_checkpoint: bool
    held: Held | None = None
    is_unfinished: bool = False


def found(
    runs: Sequence[Path],
    *,
    older_than: float = 0,
    keep: int = 0,
    checkpoints: bool = True,
    whole: bool = False,
) -> list[Removable]:
    """Return what may be removed, what takes most room first.

    What a recipe has now stays, and so does what has a run at work, and what a later run would go
    on from.

    Args:
        runs: run directories, with their earlier results; or folders of run directories, with those
            of all.
        older_than: seconds since the last use.
        keep: how many earlier results of each step stay.
        checkpoints: also results with checkpoints, which may have taken days.
        whole: also what run directories have now; no other folder may be among the runs then.

    Raises:
        RunError: a folder is neither.
    """
    rows: dict[Path, Removable] = {}
    for folder in runs:
        log = read_log(folder)
        is_run = bool(log) or (folder / STEPS).is_dir()
        cache = Cache(folder if is_run else folder / "any")
        if not is_run and not cache.is_there():
            raise RunError(f"{folder}: is no run directory, and has no results that are kept")
        if whole and not is_run:
            raise RunError(f"{folder}: is no run directory, but a folder of some; name one of them")
        if whole and not log:
            raise RunError(
                f"{folder}: has no whole {LOG}, which says what in it is of a run; run its recipe "
                "again, or delete by hand what you don't need"
            )
        names = {cache.run} if is_run else None
        recipes = {log[0].recipe} if log else set()
        entries = [held for held in cache.entries() if held.result.is_dir()]
        mine = [held for held in entries if names is None or _is_of(held, names, recipes)]
        rows |= {row.folder: row for row in map(_kept, _too_many(mine, keep))}
        if is_run:
            rows |= {row.folder: row for row in _steps(folder, whole=whole)}
            rows |= {row.folder: row for row in _unfinished(folder, whole=whole)}
    old = (row for row in rows.values() if time.time() - row.used >= older_than)
    old = (row for row in old if checkpoints or not row.has_checkpoint)
    return sorted(old, key=lambda row: (-row.bytes, row.folder))


def left_over(runs: Sequence[Path]) -> list[Path]:
    """Return the folders of files that aren't ours and lay in results that were removed."""
    caches = {Cache(place).folder for folder in runs for place in (folder, folder / "any")}
    return sorted(path for cache in caches for path in cache.glob("*.left"))


def remove(rows: Sequence[Removable], tell: Callable[[str], None]) -> list[Path]:
    """Remove results; return where files of somebody else are now that lay in them.

    Args:
        rows: what to remove.
        tell: is told what a user should know of a lock.

    Raises:
        HeldError: a run is at work in a run directory.
    """
    left = []
    for row in rows:
        if row.held:
            cache = Cache(row.folder.parent.parent.parent / "any")
            with contextlib.suppress(FileNotFoundError):  # a run took it meanwhile
                left += [place] if (place := cache.remove(row.held)) else []
            continue
        run_dir = row.folder.parent.parent
        with lock.held(run_dir, tell):
            if not row.is_unfinished:
                left += _remove_step(row.folder)
            elif row.step in (store := Store(run_dir)).unfinished_ids():
                store.remove_unfinished(row.step)
    return left


def remove_records(folder: Path, tell: Callable[[str], None]) -> list[Path]:
    """Remove what a run wrote beside its steps, once these have gone; return what isn't ours.

    A folder in which it published is left: what is in there may be in use. So is a file that isn't
    as the run wrote it, by the hashes in its log.

    Args:
        folder: the run directory.
        tell: is told what a user should know of a lock.

    Raises:
        HeldError: a run is at work there.
    """
    with lock.held(folder, tell):
        log = read_log(folder)
        if log is None or Store(folder).step_ids():
            return []
        error_log.clear(folder)
        for page in (folder / PAGE, folder / run_folder.REFUSED):
            sealed = seals.open_page(page.read_bytes()) if page.is_file() else None
            if sealed and sealed.is_whole:  # one that somebody has changed is theirs
                page.unlink()
        copies = {
            run_folder.WRITTEN: log[0].text_sha256,
            run_folder.RESOLVED: log[0].recipe_sha256,
        }
        for name, sha256 in copies.items():
            if not _is_changed(folder / name, sha256):
                (folder / name).unlink(missing_ok=True)
        (folder / LOG).unlink()
        files.remove_empty(folder / STEPS)
        left = sorted(path for path in folder.iterdir() if path.name != lock.LOCK)
    if not left:
        (folder / lock.LOCK).unlink(missing_ok=True)
        folder.rmdir()
    return left


def _is_of(held: Held, names: Collection[str], recipes: Collection[str]) -> bool:
    return held.entry.run in names or held.entry.recipe in recipes


def _too_many(entries: Sequence[Held], keep: int) -> Iterator[Held]:
    """Yield the entries beyond those of each step that were used last."""
    seen = Counter[tuple[str, str]]()
    for held in entries:
        of = (held.entry.recipe, held.entry.step)
        seen[of] += 1
        if seen[of] > keep:
            yield held


def _kept(held: Held) -> Removable:
    return Removable(
        held.result,
        held.entry.step,
        held.entry.recipe,
        held.used,
        _size(held.result),
        held.entry.stays,
        held,
    )


def _steps(folder: Path, *, whole: bool) -> Iterator[Removable]:
    """Yield committed steps of which the log of the last run, which must be whole, says nothing.

    Of a whole run that is to go, all of them, whatever the log says.
    """
    log = read_log(folder)
    known = {record.step for record in log[1]} if log and not whole else set[str]()
    is_asked = (whole or (log and known)) and (folder / STEPS).is_dir()
    for name in sorted(os.listdir(folder / STEPS)) if is_asked else ():
        place = folder / STEPS / name
        manifest = manifests.read(place / MANIFEST)
        if manifest and name not in known and manifest.record.step == name:
            used = (place / MANIFEST).stat().st_mtime
            recipe = log[0].recipe if log else folder.name
            size = _size(place)
            yield Removable(place, name, recipe, used, size, has_checkpoint(manifest))


def _unfinished(folder: Path, *, whole: bool) -> Iterator[Removable]:
    """Yield what runs that were stopped left of steps that aren't done.

    What a run would go on from only of a whole run that is to go.
    """
    store, log = Store(folder), read_log(folder)
    for name in store.unfinished_ids():
        begun, place = store.begun(name), store.unfinished(name)
        if begun and (whole or not begun.resumes or store.manifest(name)):
            used = max(place.stat().st_mtime, store.begun_file(name).stat().st_mtime)
            recipe = log[0].recipe if log else folder.name
            yield Removable(place, name, recipe, used, _size(place), False, is_unfinished=True)


def _remove_step(folder: Path) -> list[Path]:
    """Remove a committed step; return where files are now that somebody added or changed there."""
    store, name = Store(folder.parent.parent), folder.name
    manifest = store.manifest(name)
    if manifest is None:
        return []
    hashes = manifest.files | manifest.record.clock.files
    changed = (file for file, sha256 in hashes.items() if _is_changed(folder / file, sha256))
    moved = store.set_aside(name, [*store.strays(name), *changed])
    for file in names_of(manifest):
        (folder / file).unlink(missing_ok=True)
    files.remove_empty(folder)
    return moved


def _is_changed(path: Path, sha256: str) -> bool:
    """Report whether a file is there and has other bytes than a run gave it; a link has none."""
    return path.is_file() and not path.is_symlink() and files.sha256(path) != sha256


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in files.files_below(folder))
