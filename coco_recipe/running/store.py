"""Committed steps on disk: a folder with a manifest, put there by one rename."""

import contextlib
import os
import shutil
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from coco_recipe import files, regular, seals, system_errors
from coco_recipe import manifest as manifests
from coco_recipe.manifest import Manifest, Placed
from coco_recipe.planning.plan import Plan
from coco_recipe.publishing.marks import File

STEPS = "steps"  # below a run directory
MANIFEST, DROPPED, PLACED = "manifest.json", "dropped.jsonl", "placed.jsonl"
KEPT = "kept"


class Begun(msgspec.Struct, frozen=True):
    """What vouches for the folder of a step that isn't done: a sealed line beside it.

    Attributes:
        step: the step's id.
        key: its key.
        inode: of the folder, so that no other that stands in its place is taken for it.
        resumes: a later run goes on from what is in it.
    """

    step: str
    key: str
    inode: int
    resumes: bool


Stamp = tuple[int, ...]  # of a file: its inode, when it was written and changed in ns, its bytes


class Store:
    """The ``steps/`` folder of a run directory.

    A manifest is decoded once, until its file is another. One of which a byte has changed counts as
    none, and so does a file that isn't as its manifest says: nothing is taken over from them.

    Attributes:
        discard: is given the folder of a step that another has taken the place of, its manifest,
            and the other's.
        elsewhere: folders of results that are seen as if they were committed here, by step.

    Args:
        run_dir: the run directory.
        sha256: gives the SHA-256 of a file.
    """

    def __init__(self, run_dir: Path, sha256: Callable[[Path], str] = files.sha256) -> None:
        self.run_dir = run_dir
        self.folder = run_dir / STEPS
        self.sha256 = sha256
        self.discard: Callable[[Path, Manifest, Manifest | None], None] = lambda old, was, by: (
            files.remove(old)
        )
        self.elsewhere: dict[str, Path] = {}
        self._decoded: dict[str, tuple[Stamp, Manifest | None]] = {}

    def final(self, step_id: str) -> Path:
        """Return the folder of a committed step."""
        return self.elsewhere.get(step_id) or self.folder / step_id

    def unfinished(self, step_id: str) -> Path:
        """Return the folder that a step writes into before it is committed."""
        return self.folder / f".{step_id}.partial"

    def begun_file(self, step_id: str) -> Path:
        """Return the file that vouches for the folder of a step that isn't done."""
        return self.folder / f".{step_id}.begun"

    def begun(self, step_id: str) -> Begun | None:
        """Return what vouches for a step's unfinished folder; None where it isn't surely ours."""
        folder = self.unfinished(step_id)
        try:
            line = seals.open_line(regular.read(self.begun_file(step_id)))
            found = msgspec.json.decode(line or b"", type=Begun)
            is_same = folder.lstat().st_ino == found.inode and not folder.is_symlink()
        except (OSError, msgspec.MsgspecError):
            return None
        return found if is_same and found.step == step_id else None

    def unfinished_ids(self) -> list[str]:
        """Return the names of the steps whose unfinished folders are surely ours."""
        names = (path.name[1 : -len(".partial")] for path in self.folder.glob(".*.partial"))
        return sorted(name for name in names if self.begun(name))

    def remove_unfinished(self, step_id: str) -> None:
        """Remove the folder of a step that isn't done, after what vouches for it."""
        self.begun_file(step_id).unlink(missing_ok=True)
        shutil.rmtree(self.unfinished(step_id), ignore_errors=True)

    def own(self, step_id: str) -> tuple[Path, Path]:
        """Return the folders in which what a step had made, and strays beside it, are moved."""
        return self.final(step_id), self.run_dir / KEPT / step_id

    def begin(self, step_id: str, *, resume: bool = False, key: str = "") -> Path:
        """Return a folder for a step to write into: empty, or as an interrupted step left it.

        What we ourselves write once a step is done, and a kill before the commit leaves, isn't in
        it; a whole result of another key isn't what was interrupted.
        """
        partial = self.unfinished(step_id)
        whole = manifests.read(partial / MANIFEST) if resume else None
        if not resume or (whole and whole.key != key):
            shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, exist_ok=True)
        begun, place = Begun(step_id, key, partial.stat().st_ino, resume), self.begun_file(step_id)
        place.unlink(missing_ok=True)
        with system_errors.writing(place), place.open("xb") as file:  # through no link there
            file.write(seals.seal_line(msgspec.json.encode(begun)))
        for ours in (
            partial / MANIFEST,
            partial / DROPPED,
            partial / PLACED,
            *partial.glob(".*.partial"),
        ):
            ours.unlink(missing_ok=True)
        return partial

    def put_back(self) -> None:
        """Put committed folders right that a run left while it was killed in a commit."""
        for old in sorted(self.folder.glob(".*.old")):
            name = old.name[1 : -len(".old")]
            files.put_back_old(self.final(name), self._discard(name))
        for manifest in self.folder.glob(f"*/.{MANIFEST}.partial"):
            manifest.unlink()
        for restored in self.folder.glob(".*.restored"):
            self._discard(restored.name[1 : -len(".restored")])(restored)

    def sweep(self, due: Container[str]) -> None:
        """Remove the unfinished folders that killed runs left of steps that are committed.

        Args:
            due: the steps that are to be made; theirs stay.
        """
        for partial in self.folder.glob(".*.partial"):
            name = partial.name[1 : -len(".partial")]
            if name not in due and self.manifest(name):
                self.remove_unfinished(name)

    def earlier(self, step_id: str) -> Path | None:
        """Return the folder of a step's last commit; None where there is none that is vouched for.

        Its files aren't looked at.
        """
        return self.final(step_id) if self.manifest(step_id) else None

    def vouched(self, step_id: str) -> Path | None:
        """Return the folder of a step's last commit with nothing in it but what its manifest says.

        A file of ours that has changed is removed, one that isn't ours goes to ``kept/<step>``.
        None where there is no such folder.
        """
        manifest = self.manifest(step_id)
        if manifest is None:
            return None
        self.set_aside(step_id, self.strays(step_id))
        for name in self.disowned(step_id, manifest):
            path = self.final(step_id) / name
            if path.is_dir() and not path.is_symlink():  # what was in it is in kept/ by now
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        return self.final(step_id)

    def manifest(self, step_id: str) -> Manifest | None:
        """Return a committed step's manifest; None where there is none, or none that is whole."""
        path = self.final(step_id) / MANIFEST
        stamp = _stamp(path)
        known = self._decoded.get(step_id)
        if stamp is None or (known and known[0] == stamp):
            return known[1] if stamp and known else None
        found = manifests.read(path)
        if found and found.record.step != step_id:  # it is another step's
            found = None
        self._decoded[step_id] = stamp, found
        return found

    def step_ids(self) -> set[str]:
        """Return the names of the steps that are committed here."""
        return {
            path.parent.name
            for path in self.folder.glob(f"*/{MANIFEST}")
            if not path.parent.name.startswith(".")
        }

    def committed_files(self, planned: Plan) -> dict[str, dict[str, str]]:
        """Return the files of each committed step that is published, own and placed, hashed."""
        found = {step.id: self.manifest(step.id) for step in planned.steps if step.published()}
        return {
            name: manifest.files | {row.name: row.sha256 for row in self.placed(name, manifest)}
            for name, manifest in found.items()
            if manifest and not self.damage_of(name, manifest, PLACED)
        }

    def placed(self, step_id: str, manifest: Manifest) -> list[Placed]:
        """Return the lines of a committed step's ``placed.jsonl``; none where it placed nothing."""
        if PLACED not in manifest.files:
            return []
        lines = regular.read(self.final(step_id) / PLACED).splitlines()
        return [msgspec.json.decode(line, type=Placed) for line in lines]

    def damage(self, step_id: str, manifest: Manifest) -> str:
        """Say which file of a committed step is gone or changed; empty if all are as they were."""
        return next(iter(self.disowned(step_id, manifest).values()), "")

    def disowned(self, step_id: str, manifest: Manifest) -> dict[str, str]:
        """Return the files of a committed step that aren't as they were, each with what it is."""
        found = {name: self.damage_of(step_id, manifest, name) for name in manifest.files}
        return {name: damage for name, damage in found.items() if damage}

    def damage_of(self, step_id: str, manifest: Manifest, name: str) -> str:
        """Say that a file of a committed step is gone or changed; empty if it is as it was."""
        path, recorded = self.final(step_id) / name, manifest.files.get(name)
        if recorded is None:
            return ""
        try:
            return "" if self.sha256(path) == recorded else f"{name} has changed"
        except OSError as error:
            return (
                f"{name} {'is gone' if not path.exists() else f'is unreadable: {error.strerror}'}"
            )

    def strays(self, step_id: str) -> Iterator[str]:
        """Yield the files in a committed step's folder that its manifest doesn't name."""
        manifest = self.manifest(step_id)
        known = {*manifest.files, *manifest.record.clock.files} if manifest else set()
        for name in files.names_below(self.final(step_id)):
            if name not in known and name != MANIFEST:
                yield name

    def set_aside(self, step_id: str, names: Iterable[str]) -> list[Path]:
        """Move files out of a committed step's folder to ``kept/<step>``; return where they are."""
        moved = []
        for name in list(names):
            target = files.free_name(self.run_dir / KEPT / step_id / name)
            path = self.final(step_id) / name
            if os.path.lexists(path):
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)
                moved.append(target)
        return moved

    def commit(self, step_id: str, manifest: Manifest) -> Manifest:
        """Complete a step's folder with its manifest, flush it, and put it in its place.

        What isn't ours in the folder that stood there goes to ``kept/<step>``: files that its
        manifest doesn't name; without a manifest that is whole, those that aren't in the new one.

        Returns:
            The manifest with its digest.
        """
        partial = self.unfinished(step_id)
        manifest, text = manifests.sealed(manifest)
        files.write_bytes(partial / MANIFEST, text)
        files.flush(partial)
        self._keep_what_is_not_ours(step_id, manifest)
        self.begun_file(step_id).unlink(missing_ok=True)
        self._put_in_place(partial, step_id, manifest)
        return manifest

    @contextlib.contextmanager
    def restoring(self, step_id: str, manifest: Manifest) -> Iterator[Path]:
        """Give an empty folder for a result that was kept, and put it in the step's place then.

        Args:
            step_id: the step.
            manifest: the result's.
        """
        restored = self.folder / f".{step_id}.restored"
        restored.mkdir(parents=True)
        try:
            yield restored
        except OSError:
            files.remove(restored)
            raise
        self._keep_what_is_not_ours(step_id, manifest)
        self._put_in_place(restored, step_id, manifest)

    def _discard(self, step_id: str) -> Callable[[Path], None]:
        """Return what discards a folder that isn't the step's any more."""

        def discard(old: Path) -> None:
            found = manifests.read(old / MANIFEST)
            if found and found.record.step == step_id:
                self.discard(old, found, manifests.read(self.final(step_id) / MANIFEST))
            else:  # no result of this step: its manifest is damaged, or another step's
                files.remove(old)

        return discard

    def _put_in_place(self, made: Path, step_id: str, manifest: Manifest) -> None:
        files.put_in_place(made, self.final(step_id), self._discard(step_id))
        if stamp := _stamp(self.final(step_id) / MANIFEST):
            self._decoded[step_id] = stamp, manifest

    def accept(self, step_id: str, accepted: Mapping[str, str]) -> None:
        """Write into a committed step's record the versions that its result is kept with."""
        manifest = self.manifest(step_id)
        if manifest and manifest.record.accepted != accepted:
            record = msgspec.structs.replace(manifest.record, accepted=dict(accepted))
            _, text = manifests.sealed(msgspec.structs.replace(manifest, record=record))
            files.write_bytes(self.final(step_id) / MANIFEST, text)

    def _keep_what_is_not_ours(self, step_id: str, made: Manifest) -> None:
        final = self.final(step_id)
        others = list(self.strays(step_id)) if final.is_dir() else []
        if self.manifest(step_id) is None:  # whose they are, only the new result tells
            others = [
                name
                for name in others
                if name not in made.files
                or not (final / name).is_file()
                or files.sha256(final / name) != made.files[name]
            ]
        self.set_aside(step_id, others)

    def publishable(
        self, step_id: str, manifest: Manifest, folders: Mapping[str, Path]
    ) -> dict[str, File]:
        """Return what of a committed step appears where it is published: files, own and placed.

        Args:
            step_id: the step.
            manifest: its manifest.
            folders: the folders of images by input or step.
        """
        final = self.final(step_id)
        found = {
            name: File(final / name, sha256)
            for name, sha256 in manifest.files.items()
            if name != PLACED
        }
        return found | {
            row.name: File(folders[row.folder] / row.file, row.sha256, row.how)
            for row in self.placed(step_id, manifest)
        }


def _stamp(path: Path) -> Stamp | None:
    """Return what tells a file from another one at its place; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
