"""Pictures that are links out of their folder of images: read only where the recipe says so.

A data set comes from somebody else. A link in it may lead to any file of this machine, whose
pixels would then be copied, drawn and published.
"""

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from coco_recipe import files
from coco_recipe.findings import Finding, Row
from coco_recipe.kinds import LINKED_OUT
from coco_recipe.publishing import marks


def finding(
    names: Iterable[str], folder: Path, place: str, roots: Collection[Path] = ()
) -> Finding | None:
    """Return which pictures lead out of their folder; None where none does.

    The folder itself may be a link. Links that coco-recipe published there, as its mark says, and
    whose bytes are those that it published, pass.

    Args:
        names: the pictures' names below the folder.
        folder: the folder of images.
        place: the input's name, or the file that was checked.
        roots: further folders to which links may lead.
    """
    allowed = [os.path.realpath(root) for root in (folder, *roots)]
    published = _Published()
    out = {
        name: target
        for name, target in _targets(names, str(folder))
        if not _is_below(target, allowed) and not published.has(folder / name)
    }
    if not out:
        return None
    rows = (Row(name, f"leads to {target}", name) for name, target in out.items())
    remedy = (
        f"they lead to files below {_common(out.values())}; if you trust these, write into the "
        f"input: {_line(out.values())}"
    )
    return Finding.of(LINKED_OUT, f"{place} ({folder})", rows, remedy=remedy)


def _targets(names: Iterable[str], folder: str) -> Iterator[tuple[str, str]]:
    """Yield the names that a link stands in the way of, with where each leads.

    A folder's real path is asked for once, so that a picture costs one look.
    """
    real: dict[str, str] = {}
    for name in names:
        path = os.path.join(folder, name)
        above, _, last = path.rpartition("/")
        if above not in real:
            real[above] = os.path.realpath(above)
        try:
            is_link = stat.S_ISLNK(os.lstat(path).st_mode)
        except (OSError, ValueError):
            continue  # it is missing, which is told elsewhere
        yield name, os.path.realpath(path) if is_link else os.path.join(real[above], last)


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def _common(targets: Collection[str]) -> str:
    return os.path.commonpath([os.path.dirname(target) for target in targets])


def _line(targets: Collection[str]) -> str:
    common = _common(targets)
    return "follow_links: true" if common == "/" else f"follow_links: [{common}]"


class _Published:
    """Knows the links that coco-recipe published, by the marks of the folders above them."""

    def __init__(self) -> None:
        self._marked: dict[Path, Path | None] = {}
        self._marks: dict[Path, marks.Mark | None] = {}

    def has(self, path: Path) -> bool:
        """Report whether a picture is a link as coco-recipe published it, to the same bytes."""
        folder = self._folder_above(path.parent)
        if folder is None or (mark := self._mark(folder)) is None:
            return False
        name = path.relative_to(folder).as_posix()
        return any(
            entry.how == "symlink"
            and marks.is_as_published(folder, name, entry, marks.Seen())
            and _sha256(path) == entry.sha256
            for entry in mark.entries(name)
        )

    def _folder_above(self, folder: Path) -> Path | None:
        """Return the nearest folder with a mark, from this one upwards."""
        if folder not in self._marked:
            if (folder / marks.MARK).is_file():
                self._marked[folder] = folder
            elif folder == folder.parent:
                self._marked[folder] = None
            else:
                self._marked[folder] = self._folder_above(folder.parent)
        return self._marked[folder]

    def _mark(self, folder: Path) -> marks.Mark | None:
        if folder not in self._marks:
            try:
                self._marks[folder] = marks.read_mark(folder)
            except (OSError, ValueError):
                self._marks[folder] = None
        return self._marks[folder]


def _sha256(path: Path) -> str:
    try:
        return files.sha256(path)
    except OSError:
        return ""
