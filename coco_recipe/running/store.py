"""Committed steps on disk: a folder with a manifest, put there by one rename."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from coco_recipe import files
from coco_recipe import manifest as manifests
from coco_recipe.manifest import Manifest, Placed
from coco_recipe.planning.plan import Plan
from coco_recipe.publishing.marks import File

MANIFEST, DROPPED, PLACED = "manifest.json", "dropped.jsonl", "placed.jsonl"
Stamp = tuple[int, int, int]  # of a file: its inode, when it was written in ns, its bytes


class Store:
    """The ``steps/`` folder of a run directory.

    A manifest is decoded once, until its file is another.
    """

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.folder = run_dir / "steps"
        self._decoded: dict[str, tuple[Stamp, Manifest | None]] = {}

    def final(self, step_id: str) -> Path:
        """Return the folder of a committed step."""
        return self.folder / step_id

    def unfinished(self, step_id: str) -> Path:
        """Return the folder that a step writes into before it is committed."""
        return self.folder / f".{step_id}.partial"

    def begin(self, step_id: str, *, resume: bool = False) -> Path:
        """Return a folder for a step to write into: empty, or as an interrupted step left it.

        What we ourselves write once a step is done, and a kill before the commit leaves, isn't in
        it.
        """
        partial = self.unfinished(step_id)
        if not resume:
            shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, exist_ok=True)
        for ours in (
            partial / MANIFEST,
            partial / DROPPED,
            partial / PLACED,
            *partial.glob(".*.partial"),
        ):
            ours.unlink(missing_ok=True)
        return partial

    def earlier(self, step_id: str) -> Path | None:
        """Return the folder of a step's last commit; None where there is none."""
        return self.final(step_id) if (self.final(step_id) / MANIFEST).is_file() else None

    def manifest(self, step_id: str) -> Manifest | None:
        """Return a committed step's manifest; None where there is none that can be read."""
        path = self.final(step_id) / MANIFEST
        stamp = _stamp(path)
        known = self._decoded.get(step_id)
        if stamp is None or (known and known[0] == stamp):
            return known[1] if stamp and known else None
        found = manifests.read(path)
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
            name: manifest.files | {row.name: row.sha256 for row in self._placed(name, manifest)}
            for name, manifest in found.items()
            if manifest and not self._damage(name, manifest, PLACED)
        }

    def _placed(self, step_id: str, manifest: Manifest) -> list[Placed]:
        """Return the lines of a committed step's ``placed.jsonl``; none where it placed nothing."""
        if PLACED not in manifest.files:
            return []
        lines = (self.final(step_id) / PLACED).read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Placed) for line in lines]

    def damage(self, step_id: str, manifest: Manifest) -> str:
        """Say which file of a committed step is gone or changed; empty if all are as they were."""
        found = (self._damage(step_id, manifest, name) for name in manifest.files)
        return next(filter(None, found), "")

    def _damage(self, step_id: str, manifest: Manifest, name: str) -> str:
        path, recorded = self.final(step_id) / name, manifest.files.get(name)
        if recorded and not path.is_file():
            return f"{name} is gone"
        return f"{name} has changed" if recorded and files.sha256(path) != recorded else ""

    def commit(self, step_id: str, manifest: Manifest) -> None:
        """Complete a step's folder with its manifest, flush it, and rename it into place."""
        partial = self.unfinished(step_id)
        files.write_json(partial / MANIFEST, manifest)
        files.flush(partial)
        self._keep_strays(step_id)
        files.put_in_place(partial, self.final(step_id))
        if stamp := _stamp(self.final(step_id) / MANIFEST):
            self._decoded[step_id] = stamp, manifest

    def accept(self, step_id: str, accepted: Mapping[str, str]) -> None:
        """Write into a committed step's record the versions that its result is kept with."""
        manifest = self.manifest(step_id)
        if manifest and manifest.record.accepted != accepted:
            record = msgspec.structs.replace(manifest.record, accepted=dict(accepted))
            manifest = msgspec.structs.replace(manifest, record=record)
            files.write_json(self.final(step_id) / MANIFEST, manifest)

    def _keep_strays(self, step_id: str) -> None:
        """Move what isn't ours out of a step's folder that is replaced, to ``kept/<step>``."""
        final, manifest = self.final(step_id), self.manifest(step_id)
        ours = {MANIFEST, *manifest.files} if manifest else set()
        for path in files.files_below(final) if manifest else ():
            name = path.relative_to(final)
            if name.as_posix() not in ours:
                target = files.free_name(self.run_dir / "kept" / step_id / name)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)

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
            for row in self._placed(step_id, manifest)
        }


def _stamp(path: Path) -> Stamp | None:
    """Return what tells a file from another one at its place; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
