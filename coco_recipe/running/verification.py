"""Verify a run directory: every file that a run made, against the digests that it recorded."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from coco_recipe import files, regular, yaml_text
from coco_recipe import manifest as manifests
from coco_recipe.errors import RunError
from coco_recipe.language import environment
from coco_recipe.manifest import LOG, FailedStep, Manifest, Placed, RunRecord, StepRecord
from coco_recipe.publishing.marks import MARK, Mark, Published, read_mark
from coco_recipe.publishing.targets import CACHE
from coco_recipe.running.cache import RESULT, Cache, names_of
from coco_recipe.running.lock import LEASE, LOCK, read_holder
from coco_recipe.running.run_folder import RESOLVED, WRITTEN, refusal_of
from coco_recipe.running.store import MANIFEST, PLACED
from coco_recipe.seals import open_page

AGAIN = "run the recipe again, which makes it again"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A file that isn't as a run left it.

    Attributes:
        file: its path, relative to the run directory where it is in there.
        what: what is wrong with it.
        severity: error.
    """

    file: str
    what: str
    severity: str = "error"

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


@dataclass(slots=True)
class Verification:
    """What was found in a run directory.

    Attributes:
        folder: the run directory.
        vouched: names of the files that are as a run left them.
        wrong: the files that aren't.
        unknown: names of the files in there of which no record says anything.
        unseen: what couldn't be looked at here, and why.
    """

    folder: Path
    vouched: set[str] = field(default_factory=set)
    wrong: list[Wrong] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


def verify(folder: Path) -> Verification:
    """Look at every file of a run directory, and of the folders in which it published.

    Nothing is written, and no plugin and no input is needed. Digests are of bytes: a manifest and
    the log are whole only if no byte of their clocks has changed either.

    Args:
        folder: the run directory.

    Raises:
        RunError: it is none.
    """
    if not any((folder / name).exists() for name in (LOG, "steps", RESOLVED)):
        raise RunError(f"{folder}: is not a run directory{refusal_of(folder)}")
    look = _Look(Verification(folder))
    look.at_log_and_recipe()
    for step_id in look.step_ids():
        look.at_step(step_id)
    look.at_lock()
    look.at_pages()
    look.at_the_rest()
    look.at_cache()
    return look.found


def fault(path: Path, sha256: str) -> str:
    """Say why a file hasn't the bytes with this SHA-256; empty where it has."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return "is not a regular file"
        return "" if files.sha256(path) == sha256 else "has changed"
    except FileNotFoundError:
        return "is gone"
    except OSError as error:
        return f"can't be read: {error.strerror}"


@dataclass(slots=True)
class _Look:
    """One look at a run directory, from the log down to the files."""

    found: Verification
    run: RunRecord | None = None
    records: tuple[StepRecord | FailedStep, ...] = ()
    order: list[str] = field(default_factory=list)

    def expect(self, name: str, sha256: str, what_else: str = "") -> bool:
        """See that a file of the run directory has these bytes."""
        return self.take(name, fault(self.found.folder / name, sha256), what_else)

    def take(self, name: str, what: str, what_else: str = "") -> bool:
        """Put a file among those that are as they were, or say what is wrong with it."""
        if what:
            self.found.wrong.append(Wrong(name, what + what_else))
        else:
            self.found.vouched.add(name)
        return not what

    def at_log_and_recipe(self) -> None:
        """See that the log is whole, and the copies of the recipe are those of the run."""
        log = manifests.read_log(self.found.folder)
        is_there = (self.found.folder / LOG).exists()
        what = "" if log else "is not as a run wrote it" if is_there else "is gone"
        if not self.take(LOG, what) or log is None:
            for name in (WRITTEN, RESOLVED):
                if (self.found.folder / name).exists():
                    self.found.wrong.append(Wrong(name, f"can't be looked at without {LOG}"))
                else:
                    self.found.wrong.append(Wrong(name, "is gone"))
            return
        self.run, self.records = log
        self.expect(WRITTEN, self.run.text_sha256)
        if self.expect(RESOLVED, self.run.recipe_sha256):
            path = self.found.folder / RESOLVED
            data = yaml_text.parse(path, path.read_text("utf-8"), "recipe").data
            self.order = [str(row["id"]) for row in data["steps"]]
        self._hold_against_order()

    def _hold_against_order(self) -> None:
        """See that the log has a line for each step of the recipe, in its order."""
        for record in self.records:
            if isinstance(record, FailedStep):
                told = f"step '{record.step}' failed, so the run isn't finished"
                self.found.wrong.append(Wrong(LOG, told))
        done = [record.step for record in self.records if isinstance(record, StepRecord)]
        for step_id in self.order:
            if step_id not in done:
                told = f"has no line of step '{step_id}', so the run isn't finished"
                self.found.wrong.append(Wrong(LOG, told))

    def step_ids(self) -> list[str]:
        """Return the names of steps that are, or must be, committed."""
        steps = self.found.folder / "steps"
        there = sorted(os.listdir(steps)) if steps.is_dir() else []
        named = [*self.order, *(record.step for record in self.records)]
        folders = [name for name in there if not name.startswith(".") and (steps / name).is_dir()]
        return list(dict.fromkeys([*named, *folders]))

    def at_step(self, step_id: str) -> None:
        """See that a step's folder has just what its manifest says, and the log the same record."""
        above = f"steps/{step_id}"
        folder = self.found.folder / above
        path = folder / MANIFEST
        manifest = manifests.read(path)
        what = "" if manifest else "is not as a run wrote it" if path.exists() else "is gone"
        if manifest and manifest.record.step != step_id:
            what = f"is that of step '{manifest.record.step}'"
        if self.run and manifest and not what and step_id in self.order:
            lines = [record for record in self.records if record.step == step_id]
            if lines and isinstance(lines[0], StepRecord) and lines != [manifest.record]:
                what = f"isn't what {LOG} has of the step"
        if not self.take(f"{above}/{MANIFEST}", what) or manifest is None:
            for name in files.names_below(folder):
                if name != MANIFEST:
                    told = f"can't be looked at without its {MANIFEST}"
                    self.found.wrong.append(Wrong(f"{above}/{name}", told))
            return
        own = manifest.files | manifest.record.clock.files
        for name, sha256 in own.items():
            target = folder / name
            if target.is_symlink() and not target.exists():
                self.found.unseen.append(f"{above}/{name}: points to a file that isn't here")
                self.found.vouched.add(f"{above}/{name}")
                continue
            self.expect(f"{above}/{name}", sha256)
        for name in files.names_below(folder):
            if name != MANIFEST and name not in own:
                told = "is not of this step; the next run moves it to kept/"
                self.found.wrong.append(Wrong(f"{above}/{name}", told))
        for place in manifest.published.values():
            self._at_published(step_id, manifest, place)

    def _at_published(self, step_id: str, manifest: Manifest, place: str) -> None:
        """See that a published folder has what the step made, by its mark and by its files."""
        run_dir = self.found.folder.resolve()
        try:
            folder = (run_dir / environment.expanded(place)).resolve()
        except KeyError as error:
            told = f"can't be looked at: {error.args[0]} isn't set in the environment"
            self.found.unseen.append(f"{place}: {told}")
            return
        if not folder.is_dir():
            if run_dir in folder.parents or not self._has_moved():
                self.found.wrong.append(Wrong(self._name(folder), "is gone"))
            else:
                told = "isn't here; the run directory is not where the run was"
                self.found.unseen.append(f"{folder}: {told}")
            return
        mark_name = self._name(folder / MARK)
        try:
            mark = read_mark(folder)
        except FileNotFoundError:
            self.take(mark_name, "is gone")
            mark = None
        except (OSError, ValueError, msgspec.DecodeError) as error:
            self.take(mark_name, f"is not as a run wrote it: {error}")
            mark = None
        expected = self._publishable(step_id, manifest)
        if mark:
            self.take(mark_name, _against(mark, step_id, expected))
        for name, sha256 in (mark.cards if mark else {}).items():
            self.take(self._name(folder / name), fault(folder / name, sha256))
        for name, sha256 in expected.items():
            entries = mark.entries(name) if mark else ()
            self.take(self._name(folder / name), _as_published(folder / name, sha256, entries))

    def _publishable(self, step_id: str, manifest: Manifest) -> dict[str, str]:
        """Return the SHA-256 of what a step publishes, by name; of what is placed, if known."""
        found = {name: sha256 for name, sha256 in manifest.files.items() if name != PLACED}
        name = f"steps/{step_id}/{PLACED}"
        if PLACED in manifest.files and name in self.found.vouched:
            lines = regular.read(self.found.folder / name).splitlines()
            rows = (msgspec.json.decode(line, type=Placed) for line in lines)
            found |= {row.name: row.sha256 for row in rows}
        return found

    def _has_moved(self) -> bool:
        """Report whether the run directory isn't where it was, seen from the recipe."""
        clock = self.run.clock if self.run else manifests.RunClock()
        seen = os.path.normpath(self.found.folder.resolve() / clock.recipe_from_run)
        return not clock.recipe or seen != clock.recipe

    def _name(self, path: Path) -> str:
        """Return a path relative to the run directory, where it lies in there."""
        run_dir = self.found.folder.resolve()
        return path.relative_to(run_dir).as_posix() if path.is_relative_to(run_dir) else str(path)

    def at_cache(self) -> None:
        """See that results of this recipe, or last of this run, that are kept are as they were."""
        cache = Cache(self.found.folder)
        recipe = self.run.recipe if self.run else ""
        for held in cache.entries():
            is_ours = held.entry.recipe == recipe or held.entry.run == cache.run
            if not is_ours or not held.result.exists():
                continue
            above = f"../{CACHE}/{held.entry.key}/{RESULT}"
            manifest = held.manifest(held.result)
            if not self.take(f"{above}/{MANIFEST}", "" if manifest else "is not as a run wrote it"):
                continue
            assert manifest is not None, "BUG: it was found to be whole"
            for name, sha256 in (manifest.files | manifest.record.clock.files).items():
                if (held.result / name).is_symlink():  # it is seen from a step's folder alone
                    self.found.vouched.add(f"{above}/{name}")
                else:
                    self.expect(f"{above}/{name}", sha256)
            for name in files.names_below(held.result):
                if name not in names_of(manifest):
                    self.found.unknown.append(f"{above}/{name}")

    def at_lock(self) -> None:
        """See that the lock file is there, which holds no more than who is at work."""
        path = self.found.folder / LOCK
        if not path.is_file():
            self.take(LOCK, "is gone; the next run makes it again")
            return
        is_ours = not path.stat().st_size or read_holder(path)
        self.take(LOCK, "" if is_ours else "is not as a run wrote it")
        if read_holder(self.found.folder / LEASE):
            self.found.vouched.add(LEASE)

    def at_pages(self) -> None:
        """See that pages of the run are as they were written: each has its own digest."""
        for path in sorted(self.found.folder.glob("*.html")):
            page = open_page(path.read_bytes()) if path.is_file() else None
            if page:
                self.take(path.name, "" if page.is_whole else "has changed")

    def at_the_rest(self) -> None:
        """List the files in the run directory of which no record says anything."""
        known = {one.file for one in self.found.wrong} | self.found.vouched
        for name in sorted(files.names_below(self.found.folder)):
            if name not in known:
                self.found.unknown.append(name)


def _against(mark: Mark, step_id: str, expected: Mapping[str, str]) -> str:
    """Say in what a mark isn't that of a step's result."""
    if mark.step != step_id:
        return f"is that of step '{mark.step}'"
    if mark.before:
        return "says that publishing was cut off; the next run goes on with it"
    if {name: entry.sha256 for name, entry in mark.files.items()} != expected:
        return "isn't that of what the step made"
    return ""


def _as_published(path: Path, sha256: str, entries: tuple[Published, ...]) -> str:
    """Say why a published file isn't as it was published.

    A copy of a run directory may have files in place of links.
    """
    if path.is_symlink():
        texts = [entry.source for entry in entries if entry.how == "symlink"]
        if not texts or os.readlink(path) not in texts:
            return "is a link to elsewhere"
        if not path.exists():  # an input, which isn't needed
            return ""
    return fault(path, sha256)


def _lines(found: Verification) -> Iterator[str]:
    """Yield what was found, line by line."""
    yield from map(str, found.wrong)
    for name in found.unknown:
        yield f"{name}: unknown: no record of the run says anything of it"
    yield from found.unseen


def text_of(found: Verification) -> str:
    """Return what was found as text, its figures in the last line."""
    figures = (
        f"{len(found.vouched)} files are as the run left them, {len(found.wrong)} are not, "
        f"{len(found.unknown)} are unknown"
    )
    return "\n".join([*_lines(found), figures])
