"""publish: show a committed step's files in a folder of the user's.

No file that isn't ours is touched.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from coco_recipe import files
from coco_recipe.errors import RunError
from coco_recipe.planning.plan import Plan, PlannedStep
from coco_recipe.publishing.marks import (
    MARK,
    File,
    Mark,
    Published,
    Seen,
    Target,
    changed_in,
    content_of,
    is_as_published,
    is_below,
    mark_of,
    names_below,
    own_cards,
    read_mark,
    targets,
    write_mark,
)
from coco_recipe.publishing.targets import check as check_targets
from coco_recipe.publishing.targets import told_of_changes

PARTIAL = ".coco-recipe.partial"


class Publisher:
    """Publishes the steps of one run.

    Args:
        planned: the plan.
        run_dir: its run directory.
        republish: move files that somebody changed away, and put ours back.
        sha256: gives the SHA-256 of a file.
    """

    def __init__(
        self,
        planned: Plan,
        run_dir: Path,
        *,
        republish: bool = False,
        sha256: Callable[[str], str] = files.sha256,
    ) -> None:
        self.planned, self.run_dir, self.republish = planned, run_dir, republish
        self.seen = Seen(sha256)
        self.moved: dict[Path, Path] = {}
        self.put_back: list[Path] = []
        self.left: list[Path] = []  # cards that somebody changed, which are theirs now

    def check(self, committed: Mapping[str, Mapping[str, str]]) -> None:
        """Refuse every folder to publish in that may hold something of the user's (see `check`)."""
        check_targets(
            self.planned, self.run_dir, committed, republish=self.republish, seen=self.seen
        )

    def begin(self, committed: Mapping[str, Mapping[str, str]]) -> None:
        """Before work: take over folders published before there were marks; look for changed files.

        Raises:
            RunError: a file of ours was changed by somebody, and ``republish`` isn't set.
        """
        for target in targets(self.planned, self.run_dir):
            if not content_of(target.folder):
                continue
            if not (target.folder / MARK).exists():
                hashes = committed[target.step.id]
                found = {
                    name: _found(target.folder / name, hashes[name])
                    for name in names_below(target.folder)
                }
                write_mark(target.folder, mark_of(self.planned, target, found))
            self._set_aside(target, changed_in(target.folder, read_mark(target.folder), self.seen))

    def publish(
        self,
        step: PlannedStep,
        wanted: Mapping[str, File],
        cards: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """Bring the folders of a step to what is wanted, file by file.

        Safe to be killed and done again.

        Args:
            step: the step.
            wanted: its files by name.
            cards: the files of its card by name; where a file of the user's stands, it stays.

        Raises:
            RunError: a file that isn't ours stands where one of ours must go, or a source changed
                meanwhile.
        """
        for target in targets(self.planned, self.run_dir):
            if target.step.id == step.id:
                self._bring(target, wanted, cards)

    def _bring(
        self, target: Target, wanted: Mapping[str, File], cards: Mapping[str, bytes]
    ) -> None:
        folder = target.folder
        folder.mkdir(parents=True, exist_ok=True)
        ours = mark_of(self.planned, target)
        if (folder / MARK).exists():
            try:
                ours = read_mark(folder)
            except (OSError, ValueError, msgspec.DecodeError) as error:
                raise RunError(
                    f"{folder / MARK} was changed while the run was at work: {error}; run the same "
                    "command again, which says what to do"
                ) from error
        new = {name: _published(folder, file) for name, file in wanted.items()}
        missing = [
            name
            for name, entry in new.items()
            if not is_as_published(folder, name, entry, self.seen)
            or (entry.how == "copy" and _is_hard_link(f"{folder}/{name}", wanted[name].source))
        ]
        old = {name: entry for found in (ours.before, ours.files) for name, entry in found.items()}
        gone = [name for name in old if name not in new and is_below(folder, name)]
        for name in (*missing, *gone):  # hours may have passed since they were looked at
            self.seen.pop(f"{folder}/{name}", None)
        self._refuse_others(folder, ours, missing)
        if gone:
            changed = changed_in(folder, ours, self.seen)
            self._set_aside(target, [name for name in gone if name in changed])
        if missing or gone or ours.before:
            write_mark(folder, mark_of(self.planned, target, new, old))
            _sweep(folder)
            self._put(folder, {name: wanted[name] for name in missing}, new)
            if not ours.before:  # else a killed run's publishing goes on
                self.put_back += [
                    folder / name for name in missing if new[name] in ours.entries(name)
                ]
            for name in gone:
                _remove(folder, name)
        carried = _put_cards(folder, {n: text for n, text in cards.items() if n not in wanted})
        write_mark(folder, mark_of(self.planned, target, new, cards=carried))
        self.left += [folder / name for name in ours.cards if name in cards.keys() - carried.keys()]

    def _set_aside(self, target: Target, changed: Sequence[str]) -> None:
        if changed and not self.republish:
            raise RunError(f"{target.folder}: {'; '.join(told_of_changes(changed))}")
        for name in changed:
            path = target.folder / name
            self.moved[path] = files.free_name(path.with_name(f"{path.name}.changed"))
            os.rename(path, self.moved[path])

    def _refuse_others(self, folder: Path, ours: Mark, missing: Iterable[str]) -> None:
        """Refuse to write where something stands that isn't ours."""
        for name in missing:
            for above in list((folder / name).relative_to(folder).parents)[:-1]:
                place = folder / above
                if place.is_symlink() or (place.exists() and not place.is_dir()):
                    raise RunError(
                        f"{place} stands where the folder of {name} must go, and isn't ours; "
                        "move it away"
                    )
            if os.path.lexists(folder / name) and not any(
                is_as_published(folder, name, entry, self.seen) for entry in ours.entries(name)
            ):
                raise RunError(
                    f"{folder / name} stands where a file must be published, and isn't ours; "
                    "move it away, "
                    "and run the same command again"
                )

    def _put(self, folder: Path, wanted: Mapping[str, File], new: Mapping[str, Published]) -> None:
        """Write files under temporary names, flush them, and rename each."""
        made = []
        for name, file in wanted.items():
            temporary = folder / f"{name}{PARTIAL}"
            temporary.parent.mkdir(parents=True, exist_ok=True)
            files.place(file.source, temporary, new[name].how, link_text=new[name].source)
            is_link = file.how == "symlink"
            found = self.seen.sha256(str(file.source)) if is_link else files.sha256(temporary)
            if found != file.sha256:
                temporary.unlink()
                raise RunError(
                    f"{file.source} changed while the run was at work; run the same command again"
                )
            if not is_link:
                made.append(temporary)
        files.flush_files(made)
        for name, entry in new.items():
            if name in wanted:
                os.replace(folder / f"{name}{PARTIAL}", folder / name)
                self.seen[f"{folder}/{name}"] = entry.sha256


def _put_cards(folder: Path, cards: Mapping[str, bytes]) -> dict[str, str]:
    """Write the card of a data set; return the SHA-256 of each file of it that is ours.

    A file that says by its own digest that it is a card as we wrote it is written over, and none
    else: a changed card is the user's.
    """
    ours = own_cards(folder)
    carried = {}
    for name, text in cards.items():
        path = folder / name
        if name in ours or not os.path.lexists(path):
            if name not in ours or path.read_bytes() != text:
                files.write_bytes(path, text)
            carried[name] = files.sha256_of(text)
    return carried


def _published(folder: Path, file: File) -> Published:
    """Return the entry of a file; what a hard link can't reach (another file system) is copied."""
    if file.how == "symlink":
        return Published(file.sha256, "symlink", str(file.source.resolve()))
    if file.how == "link" and files.same_device(file.source, folder):
        return Published(file.sha256, "link", os.path.relpath(file.source.resolve(), folder))
    return Published(file.sha256)


def _is_hard_link(path: str, source: Path) -> bool:
    """Say whether a published file is the source itself, as the pictures of another ``how`` are."""
    try:
        return os.path.samestat(os.lstat(path), os.stat(source))
    except FileNotFoundError:
        return False


def _found(path: Path, sha256: str) -> Published:
    """Return the entry of a file that was published before there were marks."""
    return (
        Published(sha256, "symlink", os.readlink(path)) if path.is_symlink() else Published(sha256)
    )


def _remove(folder: Path, name: str) -> None:
    """Remove a file of ours, and the folders that are empty without it."""
    (folder / name).unlink(missing_ok=True)
    for above in list(Path(name).parents)[:-1]:
        try:
            (folder / above).rmdir()
        except OSError:  # it isn't empty, or gone
            break


def _sweep(folder: Path) -> None:
    """Remove what a killed run was writing."""
    for path in files.files_below(folder):
        if path.name.endswith(PARTIAL):
            path.unlink()
