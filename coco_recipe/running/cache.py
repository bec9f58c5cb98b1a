"""Results kept beside run directories, by key: what was made once is not made twice.

``.cache/<key>/entry.json`` says which step of which run directory has a result. When another takes
its place there, it moves to ``result/`` beside that file, and back when it is asked for. Another
run directory gets clones or hard links of it; copies where somebody may change the files as he uses
them.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from coco_recipe import files, regular, seals
from coco_recipe import manifest as manifests
from coco_recipe.manifest import Manifest
from coco_recipe.publishing.targets import CACHE
from coco_recipe.running import lock
from coco_recipe.running.store import MANIFEST, STEPS, Store
from coco_recipe.running.task import ASKED_FOR, Task
from coco_recipe.values import checkpoint

ENTRY, RESULT, LOCK, TAG = "entry.json", "result", ".lock", "CACHEDIR.TAG"
RUNS = "runs"  # the folder of run directories where none is named
KEPT = 3  # results of a step
_TAG_TEXT = b"""Signature: 8a477f597d28d172789f06886806bc55
# coco-recipe keeps results of runs here; coco-recipe clean removes them.
"""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """``entry.json`` of a result.

    Attributes:
        digest: SHA-256 of the file with this value left empty.
        key: the step's key.
        lineage: digest of the names of the inputs and steps that led to it.
        recipe: the name of the recipe that made it.
        step: the step's id.
        run: the name of the run directory that had it last.
        stays: it has a checkpoint, which may have taken days, and goes only by `clean`.
    """

    digest: str = ""
    key: str
    lineage: str
    recipe: str
    step: str
    run: str
    stays: bool


@dataclass(frozen=True, slots=True)
class Held:
    """An entry with its folder, and when it was used last, in seconds since 1970."""

    entry: Entry
    folder: Path
    used: float

    @property
    def result(self) -> Path:
        """Where the result is once another has taken its place."""
        return self.folder / RESULT

    @property
    def live(self) -> Path:
        """Where it is in the run directory that had it last."""
        return self.folder.parent.parent / self.entry.run / STEPS / self.entry.step

    def manifest(self, folder: Path) -> Manifest | None:
        """Return the result's manifest in one of these folders; None where it isn't there."""
        found = manifests.read(folder / MANIFEST)
        fits = found and (found.key, found.record.step) == (self.entry.key, self.entry.step)
        return found if fits else None


class Cache:
    """The results that are kept beside a run directory.

    Args:
        run_dir: the run directory.
        recipe: the recipe's name.
        keep: how many results of a step stay, those with checkpoints aside; 0 adds none.
        shares: take results of the run directories beside it, too; those below ``runs`` always do.
    """

    def __init__(
        self, run_dir: Path, recipe: str = "", keep: int = KEPT, *, shares: bool = False
    ) -> None:
        run_dir = Path(os.path.abspath(run_dir))
        self.shares = shares or run_dir.parent.name == RUNS
        self.folder, self.run = run_dir.parent / CACHE, run_dir.name
        self.recipe, self.keep = recipe, keep
        self._is_held = False

    def is_there(self) -> bool:
        """Report whether there is a cache that coco-recipe has made, and nobody else may write."""
        try:
            found = self.folder.lstat()
            tag = regular.read(self.folder / TAG)
        except OSError:
            return False
        is_open = bool(found.st_mode & stat.S_IWOTH) and found.st_uid != os.geteuid()
        return stat.S_ISDIR(found.st_mode) and tag == _TAG_TEXT and not is_open

    def entries(self) -> list[Held]:
        """Return what is known of, what was used last first; a damaged entry isn't among it."""
        if not self.is_there():
            return []
        found = [held for name in os.listdir(self.folder) if (held := _held(self.folder / name))]
        return sorted(found, key=lambda held: (-held.used, held.entry.key))

    def put(self, task: Task, manifest: Manifest) -> None:
        """Note a result that a step has just committed; nothing where nothing can be written."""
        if not self.keep:
            return
        entry = Entry(
            key=task.key,
            lineage=task.lineage,
            recipe=self.recipe,
            step=task.step.id,
            run=self.run,
            stays=has_checkpoint(manifest),
        )
        with contextlib.suppress(OSError), self._locked(make=True):
            place = self.folder / task.key
            if (place / RESULT).exists():  # it was made again, so this one was of no use
                self._remove(place)
            _write(place, entry)

    def replaced(self, old: Path, was: Manifest, by: Manifest | None) -> None:
        """Take a step's folder that another has taken the place of.

        Args:
            old: the folder; it is gone afterwards.
            was: its manifest.
            by: the manifest of the other one.
        """
        if self.keep and not (by and by.key == was.key):
            with contextlib.suppress(OSError), self._locked():
                held = _held(self.folder / was.key) if self.is_there() else None
                if held and not held.result.exists():
                    os.rename(old, held.result)
                    _write(held.folder, msgspec.structs.replace(held.entry, run=self.run))
                    self._evict(held.entry)
        files.remove(old)

    def fetch(self, store: Store, tasks: Iterable[Task]) -> list[str]:
        """Bring results that are kept into a run directory; return their steps.

        Whether their files are as they were, the run sees there.

        Args:
            store: the committed steps of the run directory.
            tasks: what is to be done about the steps.
        """
        return [task.step.id for task in _wanted(tasks) if self._fetch(store, task)]

    def adopt(self, store: Store, tasks: Iterable[Task]) -> bool:
        """Let a store see results that are kept as if they were fetched; write nothing.

        Return whether there is one.
        """
        for task in _wanted(tasks):
            if found := self._found(task):
                store.elsewhere[task.step.id] = found[1]
        return bool(store.elsewhere)

    def remove(self, held: Held) -> Path | None:
        """Remove a result; return where files of others were left that lay in it."""
        with self._locked():
            return self._remove(held.folder)

    def _fetch(self, store: Store, task: Task) -> bool:
        with contextlib.suppress(OSError), self._locked():
            if found := self._found(task):
                held, folder, manifest = found
                is_kept = folder == held.result
                is_read_by_steps = not task.terminal and bool(task.step.outputs)
                is_only_read = is_read_by_steps or bool(manifest.published)
                share = partial(_share, copies=not (is_only_read and task.step.step.writes))
                with store.restoring(task.step.id, manifest) as restored:
                    if is_kept:
                        _move(folder, restored)
                    else:
                        share(folder, restored, manifest)
                _write(held.folder, msgspec.structs.replace(held.entry, run=self.run))
                return True
        return False

    def _found(self, task: Task) -> tuple[Held, Path, Manifest] | None:
        """Return the entry of a step that must be made, with the folder where its result is."""
        held = _held(self.folder / task.key) if self.is_there() else None
        if held is None or held.entry.lineage != task.lineage:
            return None
        if not self.shares and held.entry.run != self.run:
            return None
        folder = held.result if held.result.is_dir() else held.live
        manifest = None if folder == self._own(task) else held.manifest(folder)
        fits = manifest and task.terminal <= manifest.outputs.keys()
        return (held, folder, manifest) if manifest and fits else None

    def _own(self, task: Task) -> Path:
        return self.folder.parent / self.run / STEPS / task.step.id

    def _evict(self, like: Entry) -> None:
        """Remove the results of a step that are too many, those used longest ago."""
        mine = [
            held
            for held in self.entries()
            if (held.entry.recipe, held.entry.step) == (like.recipe, like.step)
        ]
        for held in mine:
            if not held.result.exists() and not held.manifest(held.live):
                self._remove(held.folder)  # it is nowhere any more
        kept = [held for held in mine if held.result.exists() and not held.entry.stays]
        for held in kept[self.keep :]:
            self._remove(held.folder)

    def _remove(self, place: Path) -> Path | None:
        """Remove an entry, but for files that its manifest doesn't name; return where these are."""
        gone = place.with_name(f".{place.name}.gone")
        os.rename(place, gone)
        return self._clear(gone, place.name)

    def _clear(self, gone: Path, name: str) -> Path | None:
        manifest = manifests.read(gone / RESULT / MANIFEST)
        ours = {f"{RESULT}/{file}" for file in names_of(manifest)} if manifest else set()
        for file in {*ours, ENTRY}:
            (gone / file).unlink(missing_ok=True)
        files.remove_empty(gone)
        if not gone.exists():
            return None
        left = files.free_name(self.folder / f"{name}.left")
        os.rename(gone, left)
        return left

    @contextlib.contextmanager
    def _locked(self, *, make: bool = False) -> Iterator[None]:
        """Hold the cache, so that no other run changes it; put right what a killed one left.

        Args:
            make: make it where there is none; nothing is made where something else stands.

        Raises:
            OSError: it can't be made.
        """
        if make and not os.path.lexists(self.folder):
            self.folder.mkdir(parents=True)
            files.write_bytes(self.folder / TAG, _TAG_TEXT)
        is_there = self.is_there()
        if make and not is_there:
            raise FileNotFoundError(self.folder)
        if not is_there or self._is_held:
            yield
            return
        with lock.waiting(self.folder / LOCK):
            self._is_held = True
            try:
                for gone in self.folder.glob(".*.gone"):
                    self._clear(gone, gone.name[1 : -len(".gone")])
                yield
            finally:
                self._is_held = False


def _wanted(tasks: Iterable[Task]) -> Iterator[Task]:
    """Yield the steps that must be made, and may be taken from elsewhere."""
    return (task for task in tasks if task.reason and task.reason != ASKED_FOR)


def has_checkpoint(manifest: Manifest) -> bool:
    """Report whether a result has a checkpoint."""
    outputs = manifest.outputs.values()
    stored = (one for many in outputs for one in (many if isinstance(many, list) else [many]))
    return any(one.kind == checkpoint.KIND.name for one in stored)


def names_of(manifest: Manifest) -> set[str]:
    """Return the names of a result's files, the manifest's too."""
    return {*manifest.files, *manifest.record.clock.files, MANIFEST}


def _held(folder: Path) -> Held | None:
    """Read an entry; None where there is none that is as it was written."""
    try:
        text = regular.read(folder / ENTRY)
        entry = msgspec.json.decode(text, type=Entry)
        used = (folder / ENTRY).stat().st_mtime
    except (OSError, ValueError, msgspec.DecodeError):
        return None
    is_whole = seals.is_whole(text, entry.digest) and entry.key == folder.name
    return Held(entry, folder, used) if is_whole else None


def _write(place: Path, entry: Entry) -> None:
    blank = msgspec.structs.replace(entry, digest="")
    digest = seals.digest_of(msgspec.json.encode(blank))
    text = msgspec.json.encode(msgspec.structs.replace(entry, digest=digest))
    files.write_bytes(place / ENTRY, text)


def _move(source: Path, target: Path) -> None:
    """Move a folder to a place where an empty one stands, copying it to another file system."""
    target.rmdir()
    shutil.move(source, target)


def _share(source: Path, target: Path, manifest: Manifest, *, copies: bool) -> None:
    """Put a result's files into an empty folder: as clones, else as hard links or copies.

    Args:
        source: the result.
        target: the folder.
        manifest: of the result.
        copies: make no links.
    """
    for folder in manifest.folders.values():
        (target / folder).mkdir(parents=True, exist_ok=True)
    has_clones = True
    for name in sorted(names_of(manifest)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_symlink():
            (target / name).symlink_to(os.readlink(source / name))
            continue
        has_clones = has_clones and files.clone(source / name, target / name)
        if not has_clones:
            place: Callable[[Path, Path], object] = files.copy if copies else files.link_or_copy
            place(source / name, target / name)
