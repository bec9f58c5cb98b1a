"""A published folder: the files in it that are ours, by its mark."""

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from coco_recipe import files, regular, seals
from coco_recipe.coco_json import unsafe_name
from coco_recipe.manifest import Digests, How
from coco_recipe.planning.plan import Plan, PlannedStep

MARK = ".coco-recipe.json"
CARDS = ("README.md", "dataset_card.json")  # of a data set, see `card`
_CARD_SEAL = re.compile(rb'(?:"seal": "|<!-- coco-recipe card )([0-9a-f]{64})')
MARK_PARTIAL = f".{MARK}.partial"  # a mark that is being written, or was when a run was killed


class Seen(dict[str, str]):
    """The SHA-256 of published files by path, each computed once a run.

    Args:
        sha256: computes it.
    """

    def __init__(self, sha256: Callable[[str], str] = files.sha256) -> None:
        super().__init__()
        self.sha256 = sha256

    def __missing__(self, path: str) -> str:
        found = self[path] = self.sha256(path)
        return found


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


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mark ``.coco-recipe.json`` of a published folder.

    Attributes:
        digest: SHA-256 of the mark's bytes with this value left empty; none in earlier versions.
        recipe: the recipe's name.
        recipe_file: the recipe's file, relative to the folder.
        recipe_sha256: of the recipe's text.
        step: the step whose result this is.
        files: the files that are ours, by name.
        before: while files are being written, those that were ours before.
        cards: SHA-256 of the files of the data set's card; not of a user's file of such a name.
    """

    digest: str = ""
    recipe: str
    recipe_file: str
    recipe_sha256: str
    step: str
    files: dict[str, Published] = msgspec.field(default_factory=dict)
    before: dict[str, Published] = msgspec.field(default_factory=dict)
    cards: Digests = msgspec.field(default_factory=dict)

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


def content_of(folder: Path) -> list[str]:
    """Return the names in a folder, but for our card, and a mark that a killed run was writing."""
    if not folder.is_dir():
        return []
    return sorted(set(os.listdir(folder)) - {MARK_PARTIAL} - own_cards(folder))


def names_below(folder: Path) -> list[str]:
    """Return the names of the files below a folder, but for those that `content_of` leaves out."""
    found = (path.relative_to(folder).as_posix() for path in files.files_below(folder))
    ours = {MARK_PARTIAL} | own_cards(folder)
    return [name for name in found if name not in ours]


def own_cards(folder: Path) -> set[str]:
    """Return the names of the files of a data set's card in a folder that are as we wrote them."""
    paths = (folder / name for name in CARDS)
    return {
        path.name
        for path in paths
        if path.is_file() and not path.is_symlink() and is_card(path.read_bytes())
    }


def is_card(data: bytes) -> bool:
    """Say whether a file is a card, and no byte of it has changed since it was written."""
    seal = _CARD_SEAL.search(data)
    return seal is not None and seals.is_whole(data, seal[1].decode())


def changed_in(folder: Path, mark: Mark, seen: Seen) -> list[str]:
    """Return the names of our files that somebody changed.

    Args:
        folder: the published folder.
        mark: its mark.
        seen: hashes that are known already; those that are computed are added.
    """
    names = dict.fromkeys([*mark.files, *mark.before])
    others = (
        name
        for name in names
        if not any(is_as_published(folder, name, entry, seen) for entry in mark.entries(name))
    )
    return [name for name in others if os.path.lexists(folder / name) and is_below(folder, name)]


def is_as_published(folder: Path, name: str, entry: Published, seen: Seen) -> bool:
    """Say whether a file is as it was published.

    Args:
        folder: the published folder.
        name: the file's, relative to it.
        entry: the file as it was put there.
        seen: hashes that are known already; one that is computed is added.
    """
    path = f"{folder}/{name}"  # a Path takes ten times as long, with 100,000 files
    try:
        found = os.lstat(path)
        if entry.how == "symlink":
            return stat.S_ISLNK(found.st_mode) and os.readlink(path) == entry.source
        if not stat.S_ISREG(found.st_mode):
            return False
        if entry.how == "link":
            return os.path.samestat(found, os.stat(os.path.join(folder, entry.source)))
    except FileNotFoundError:
        return False
    return seen[path] == entry.sha256


def mark_of(
    planned: Plan,
    target: Target,
    now: Mapping[str, Published] | None = None,
    before: Mapping[str, Published] | None = None,
    cards: Mapping[str, str] | None = None,
) -> Mark:
    """Return the mark of a folder.

    Args:
        planned: the plan.
        target: the folder, with the step whose result it shows.
        now: the files that are ours, by name.
        before: those that were ours before, while files are being written.
        cards: SHA-256 of the data set's card, by name.
    """
    source = planned.recipe.source
    place = Path(os.path.relpath(source.origin.resolve(), target.folder)).as_posix()
    return Mark(
        recipe=planned.recipe.name,
        recipe_file=place,
        recipe_sha256=files.sha256_of(source.text.encode()),
        step=target.step.id,
        files=dict(now or {}),
        before=dict(before or {}),
        cards=dict(cards or {}),
    )


def read_mark(folder: Path) -> Mark:
    """Read the mark of a folder.

    Raises:
        OSError: it can't be read.
        ValueError: it isn't as it was written, or names a file outside, which no run of ours has
            put there.
    """
    text = regular.read(folder / MARK)
    mark = msgspec.json.decode(text, type=Mark)
    if mark.digest and not seals.is_whole(text, mark.digest):
        raise ValueError("has changed since it was written")
    if outside := [name for name in (*mark.files, *mark.before) if unsafe_name(name)]:
        raise ValueError(f"names {outside[0]!r}, which is not below the folder")
    return mark


def is_below(folder: Path, name: str) -> bool:
    """Report whether a name leads to a place below a folder, through no link to elsewhere."""
    return not any((folder / above).is_symlink() for above in list(Path(name).parents)[:-1])


def write_mark(folder: Path, mark: Mark) -> None:
    """Write the mark of a folder, unless it says the same already."""
    blank = _text(msgspec.structs.replace(mark, digest=""))
    data = _text(msgspec.structs.replace(mark, digest=seals.digest_of(blank)))
    if not (folder / MARK).is_file() or (folder / MARK).read_bytes() != data:
        files.write_bytes(folder / MARK, data)


def _text(mark: Mark) -> bytes:
    return msgspec.json.format(msgspec.json.encode(mark, order="deterministic"), indent=1) + b"\n"
