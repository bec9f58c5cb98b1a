"""publish: show a committed step's files in a folder of the user's.

No file that isn't ours is touched.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from coco_recipe import files
from coco_recipe.coco_json import unsafe_name
from coco_recipe.errors import Problem, RecipeError, RunError
from coco_recipe.manifest import How
from coco_recipe.plan import Plan, PlannedStep

MARK = ".coco-recipe.json"
MARK_PARTIAL = f".{MARK}.partial"  # a mark that is being written, or was when a run was killed
PARTIAL = ".coco-recipe.partial"
OWN_NAMES = (
    "steps",
    ".lock",
    "provenance.jsonl",
    "error.log",
    "recipe.yaml",
    "recipe.resolved.yaml",
)
LISTED = 5
Seen = dict[Path, str]  # the SHA-256 of published files, each computed once a run


class Published(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file as it was put there.

    Attributes:
        sha256: of its bytes.
        how: a copy, a hard link or a symbolic link.
        source: of a link, what it points to, relative to the published folder.
    """

    sha256: str
    how: How = "copy"
    source: str = ""


class Mark(msgspec.Struct, frozen=True):
    """The mark ``.coco-recipe.json`` of a published folder.

    Attributes:
        recipe: the recipe's name.
        recipe_file: the recipe's file, relative to the folder.
        recipe_sha256: of the recipe's text.
        step: the step whose result this is.
        files: the files that are ours, by name.
        before: while files are being written, those that were ours before.
    """

    recipe: str
    recipe_file: str
    recipe_sha256: str
    step: str
    files: dict[str, Published] = msgspec.field(default_factory=dict)
    before: dict[str, Published] = msgspec.field(default_factory=dict)

    def entries(self, name: str) -> tuple[Published, ...]:
        """Return what our file of this name may look like."""
        return tuple(found[name] for found in (self.files, self.before) if name in found)


@dataclass(frozen=True, slots=True)
class Target:
    """A folder in which a step's result appears: its step, the parameter, its place."""

    step: PlannedStep
    parameter: str
    folder: Path


@dataclass(frozen=True, slots=True)
class File:
    """A file to publish: where its bytes are, their SHA-256, and how they get there."""

    source: Path
    sha256: str
    how: How = "copy"


def targets(planned: Plan, run_dir: Path) -> Iterator[Target]:
    """Yield the folders in which a plan publishes, links resolved."""
    for step in planned.steps:
        for name, folder in step.published().items():
            yield Target(step, name, (run_dir / folder).resolve())


def check(
    planned: Plan,
    run_dir: Path,
    committed: Mapping[str, Mapping[str, str]],
    *,
    republish: bool = False,
    seen: Seen | None = None,
) -> None:
    """Refuse every folder to publish in that may hold something of the user's.

    Args:
        planned: the plan.
        run_dir: its run directory.
        committed: by step, the files of its last commit with their hashes: a folder that holds just
            these was published before there were marks.
        republish: files of ours that somebody changed will be moved away, and don't count.
        seen: hashes that are known already; those that are computed are added.

    Raises:
        RecipeError: a folder is neither absent nor empty nor ours, or somebody changed files of
            ours in it; says what is in it, and what to do.
    """
    problems, taken = [], list[Target]()
    for target in targets(planned, run_dir):
        what, hint = (
            _forbidden(planned, run_dir, target, taken)
            or _occupied(planned, target, committed)
            or (None if republish else _touched(target.folder, {} if seen is None else seen))
            or ("", "")
        )
        taken.append(target)
        if what:
            row = next(row for row in planned.recipe.steps if row.id == target.step.id)
            problems.append(
                Problem(
                    planned.recipe.source.where((*row.at, "with", target.parameter)),
                    f"step '{target.step.id}' can't publish in {target.folder}: {what}",
                    hint,
                )
            )
    if problems:
        raise RecipeError(problems)


ELSEWHERE = "name a folder of its own, which doesn't exist yet or is empty"


def _forbidden(
    planned: Plan, run_dir: Path, target: Target, taken: Sequence[Target]
) -> tuple[str, str] | None:
    """Say why nothing may be published in a place, whatever is there."""
    folder, run_dir, recipe_dir = target.folder, run_dir.resolve(), planned.recipe.folder.resolve()
    asked = Path(os.path.normpath(run_dir / target.step.params[target.parameter]))
    if asked.is_symlink() and not asked.exists():
        return f"{asked} is a link to nothing", "remove the link, or name another folder"
    for above in (folder, *folder.parents):
        if above.exists() and not above.is_dir():
            return f"{above} is a file", ELSEWHERE
    if _holds(folder, run_dir):
        return "it is the run directory, or holds it", ELSEWHERE
    if (
        _holds(run_dir, folder)
        and files.plain_name(folder.relative_to(run_dir).parts[0]) in OWN_NAMES
    ):
        return (
            f"'{folder.relative_to(run_dir).parts[0]}' in a run directory is coco-recipe's own",
            ELSEWHERE,
        )
    if _holds(folder, recipe_dir):
        return "it is the recipe's own folder, or holds it", ELSEWHERE
    for item in planned.recipe.inputs:
        for name in filter(
            None, (item.annotations, item.images, item.checkpoint, item.file, item.of)
        ):
            place = (planned.recipe.folder / name).resolve()
            if _holds(folder, place) or _holds(place, folder):
                return f"it and the input {place} lie in one another", ELSEWHERE
    for other in taken:
        if _holds(folder, other.folder) or _holds(other.folder, folder):
            return (
                f"step '{other.step.id}' publishes in {other.folder}",
                "give each step a folder of its own",
            )
    return None


def _holds(folder: Path, inner: Path) -> bool:
    """Report whether a folder is, or holds, another, also where file systems ignore case."""
    parts = tuple(map(files.plain_name, folder.parts))
    return tuple(map(files.plain_name, inner.parts))[: len(parts)] == parts


def _occupied(
    planned: Plan, target: Target, committed: Mapping[str, Mapping[str, str]]
) -> tuple[str, str] | None:
    """Say what is in a folder that isn't empty and isn't ours."""
    inside = _content(target.folder)
    if not inside:
        return None
    more = f" and {len(inside) - LISTED} more" if len(inside) > LISTED else ""
    listed = f"{', '.join(inside[:LISTED])}{more}"
    if MARK not in inside:
        if _is_just(target.folder, committed.get(target.step.id, {})):
            return None
        return f"it holds files that coco-recipe didn't publish ({listed})", ELSEWHERE
    try:
        mark = _read(target.folder)
    except (OSError, msgspec.DecodeError, ValueError):
        return (
            f"its {MARK} can't be read, so it is not known which files are ours ({listed})",
            f"move the folder away, or remove {MARK} and its files if you don't need them",
        )
    if not _is_ours(mark, planned, target):
        return (
            f"it was published by step '{mark.step}' of the recipe '{mark.recipe}' "
            f"({mark.recipe_file})",
            ELSEWHERE,
        )
    return None


def _content(folder: Path) -> list[str]:
    """Return the names in a folder, but for a mark that a killed run was writing."""
    return sorted(set(os.listdir(folder)) - {MARK_PARTIAL}) if folder.is_dir() else []


def _is_just(folder: Path, committed: Mapping[str, str]) -> bool:
    """Say whether a folder holds just these files, all as they were committed."""
    names = _names(folder)
    return bool(names) and all(
        name in committed
        and (folder / name).is_file()
        and files.sha256(folder / name) == committed[name]
        for name in names
    )


def _names(folder: Path) -> list[str]:
    """Return the names of the files below a folder, without a killed run's unfinished mark."""
    found = (path.relative_to(folder).as_posix() for path in files.files_below(folder))
    return [name for name in found if name != MARK_PARTIAL]


def _touched(folder: Path, seen: Seen) -> tuple[str, str] | None:
    """Say which files of ours somebody changed."""
    changed = _changed(folder, _read(folder), seen) if (folder / MARK).exists() else []
    return _told(changed) if changed else None


def _changed(folder: Path, mark: Mark, seen: Seen) -> list[str]:
    names = dict.fromkeys([*mark.files, *mark.before])
    return [
        name
        for name in names
        if _is_below(folder, name)
        and os.path.lexists(folder / name)
        and not any(_is(folder, name, entry, seen) for entry in mark.entries(name))
    ]


def _told(changed: Sequence[str]) -> tuple[str, str]:
    """Say that files were changed, and what to do."""
    more = f" and {len(changed) - LISTED} more" if len(changed) > LISTED else ""
    listed = f"{', '.join(changed[:LISTED])}{more}"
    if len(changed) == 1:
        return (
            f"1 published file was changed by somebody: {listed}",
            "delete it, or run with --republish, which moves it to <name>.changed "
            "and puts ours back",
        )
    return (
        f"{len(changed)} published files were changed by somebody: {listed}",
        "delete them, or run with --republish, which moves each to <name>.changed "
        "and puts ours back",
    )


def _is(folder: Path, name: str, entry: Published, seen: Seen) -> bool:
    """Say whether a file is as it was published."""
    path = folder / name
    if entry.how == "symlink":
        return path.is_symlink() and os.readlink(path) == entry.source
    if path.is_symlink() or not path.is_file():
        return False
    if entry.how == "link":
        source = folder / entry.source
        return source.exists() and path.samefile(source)
    if path not in seen:
        seen[path] = files.sha256(path)
    return seen[path] == entry.sha256


def _is_ours(mark: Mark, planned: Plan, target: Target) -> bool:
    mine = _mark(planned, target)
    same_recipe = mine.recipe_file == mark.recipe_file or mine.recipe_sha256 == mark.recipe_sha256
    return mark.step == mine.step and same_recipe


def _mark(planned: Plan, target: Target, **found: Mapping[str, Published]) -> Mark:
    source = planned.recipe.source
    place = Path(os.path.relpath(source.origin.resolve(), target.folder)).as_posix()
    return Mark(
        planned.recipe.name,
        place,
        files.sha256_of(source.text.encode()),
        target.step.id,
        **{key: dict(value) for key, value in found.items()},
    )


def _read(folder: Path) -> Mark:
    """Read the mark of a folder.

    Raise a ValueError where it names a file outside, which no run of ours has put there.
    """
    mark = msgspec.json.decode((folder / MARK).read_bytes(), type=Mark)
    if outside := [name for name in (*mark.files, *mark.before) if unsafe_name(name)]:
        raise ValueError(f"names {outside[0]!r}, which is not below the folder")
    return mark


def _is_below(folder: Path, name: str) -> bool:
    """Report whether a name leads to a place below a folder, through no link to elsewhere."""
    return not any((folder / above).is_symlink() for above in list(Path(name).parents)[:-1])


def _write(folder: Path, mark: Mark) -> None:
    data = msgspec.json.format(msgspec.json.encode(mark, order="deterministic"), indent=1) + b"\n"
    if not (folder / MARK).is_file() or (folder / MARK).read_bytes() != data:
        files.write_bytes(folder / MARK, data)


class Publisher:
    """Publishes the steps of one run."""

    def __init__(self, planned: Plan, run_dir: Path, *, republish: bool = False) -> None:
        self.planned, self.run_dir, self.republish = planned, run_dir, republish
        self.seen: Seen = {}
        self.moved: dict[Path, Path] = {}
        self.put_back: list[Path] = []

    def check(self, committed: Mapping[str, Mapping[str, str]]) -> None:
        """Refuse every folder to publish in that may hold something of the user's (see `check`)."""
        check(self.planned, self.run_dir, committed, republish=self.republish, seen=self.seen)

    def begin(self, committed: Mapping[str, Mapping[str, str]]) -> None:
        """Before work: take over folders published before there were marks; look for changed files.

        Raises:
            RunError: a file of ours was changed by somebody, and ``republish`` isn't set.
        """
        for target in targets(self.planned, self.run_dir):
            if not _content(target.folder):
                continue
            if not (target.folder / MARK).exists():
                hashes = committed[target.step.id]
                found = {
                    name: _found(target.folder / name, hashes[name])
                    for name in _names(target.folder)
                }
                _write(target.folder, _mark(self.planned, target, files=found))
            self._set_aside(target, _changed(target.folder, _read(target.folder), self.seen))

    def publish(self, step: PlannedStep, wanted: Mapping[str, File]) -> None:
        """Bring the folders of a step to what is wanted, file by file.

        Safe to be killed and done again.

        Args:
            step: the step.
            wanted: its files by name.

        Raises:
            RunError: a file that isn't ours stands where one of ours must go, or a source changed
                meanwhile.
        """
        for target in targets(self.planned, self.run_dir):
            if target.step.id == step.id:
                self._bring(target, wanted)

    def _bring(self, target: Target, wanted: Mapping[str, File]) -> None:
        folder = target.folder
        folder.mkdir(parents=True, exist_ok=True)
        ours = _read(folder) if (folder / MARK).exists() else _mark(self.planned, target)
        new = {name: _published(folder, file) for name, file in wanted.items()}
        missing = [
            name
            for name, entry in new.items()
            if not _is(folder, name, entry, self.seen)
            or (entry.how == "copy" and _is_hard_link(folder / name, wanted[name].source))
        ]
        old = {name: entry for found in (ours.before, ours.files) for name, entry in found.items()}
        gone = [name for name in old if name not in new and _is_below(folder, name)]
        for name in (*missing, *gone):  # hours may have passed since they were looked at
            self.seen.pop(folder / name, None)
        self._refuse_others(folder, ours, missing)
        self._set_aside(
            target, [name for name in _changed(folder, ours, self.seen) if name in gone]
        )
        if missing or gone or ours.before:
            _write(folder, _mark(self.planned, target, files=new, before=old))
            _sweep(folder)
            self._put(folder, {name: wanted[name] for name in missing}, new)
            if not ours.before:  # else a killed run's publishing goes on
                self.put_back += [
                    folder / name for name in missing if new[name] in ours.entries(name)
                ]
            for name in gone:
                _remove(folder, name)
        _write(folder, _mark(self.planned, target, files=new))

    def _set_aside(self, target: Target, changed: Sequence[str]) -> None:
        if changed and not self.republish:
            raise RunError(f"{target.folder}: {'; '.join(_told(changed))}")
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
                _is(folder, name, entry, self.seen) for entry in ours.entries(name)
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
            if file.how != "symlink":
                if files.sha256(temporary) != file.sha256:
                    temporary.unlink()
                    raise RunError(
                        f"{file.source} changed while the run was at work; "
                        "run the same command again"
                    )
                made.append(temporary)
        files.flush_files(made)
        for name, entry in new.items():
            if name in wanted:
                os.replace(folder / f"{name}{PARTIAL}", folder / name)
                self.seen[folder / name] = entry.sha256


def _published(folder: Path, file: File) -> Published:
    """Return the entry of a file; what a hard link can't reach (another file system) is copied."""
    if file.how == "symlink":
        return Published(file.sha256, "symlink", str(file.source.resolve()))
    if file.how == "link" and files.same_device(file.source, folder):
        return Published(file.sha256, "link", os.path.relpath(file.source.resolve(), folder))
    return Published(file.sha256)


def _is_hard_link(path: Path, source: Path) -> bool:
    """Say whether a published file is the source itself, as the pictures of another ``how`` are."""
    return source.exists() and path.samefile(source)


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
