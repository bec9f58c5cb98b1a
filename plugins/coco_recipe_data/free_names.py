"""Ids and file names that are free in a joined data set."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from coco_recipe import (
    about,
    plain_name,
)


class FreeIds:
    """Hands out ids: the wanted one where it is free, else one above all."""

    def __init__(self, everything: Iterable[int]) -> None:
        self.next = max(everything, default=0) + 1
        self.taken = set[int]()

    def fresh(self) -> int:
        """Return one above all."""
        self.next += 1
        return self.next - 1

    def take(self, wanted: int) -> int:
        """Return the wanted id, or a fresh one where it is taken."""
        got = self.fresh() if wanted in self.taken else wanted
        self.taken.add(got)
        return got


class FreeNames:
    """Finds file names that can't stand beside one another on every file system."""

    def __init__(self, policy: str) -> None:
        self.policy = policy
        self.owner = dict[str, str]()
        self.clashes = list[str]()
        self.renamed = 0

    def take(self, name: str, home: str) -> str:
        """Return a name that stands beside all others, as ``<name>_2``, or keep it as a clash."""
        got = name
        n = 2
        while (key := plain_name(got)) in self.owner:
            if self.policy == "error":
                self.clashes.append(f"{name} ({self.owner[key]} and {home})")
                break
            path = PurePosixPath(name)
            got = str(path.with_name(f"{path.stem}_{n}{path.suffix}"))
            n += 1
        self.owner.setdefault(plain_name(got), home)
        self.renamed += got != name
        return got

    def finish(self) -> None:
        """Refuse the clashes.

        Raises:
            ValueError: names collide, and none may be renamed.
        """
        if self.clashes:
            raise ValueError(
                f"{about(len(self.clashes), 'file names collide')}: {', '.join(self.clashes[:5])}; "
                "set same_file_name: rename"
            )
