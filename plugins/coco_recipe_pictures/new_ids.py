"""Keep which new rows are copies of which old ones, so that a row can be followed."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

IDS = "ids.json"


class NewIds:
    """Collects old and new ids of a step that makes pictures of pictures."""

    def __init__(self) -> None:
        self._images: tuple[list[int], list[int]] = ([], [])
        self._annotations: tuple[list[int], list[int]] = ([], [])

    def image(self, old: int, new: int) -> None:
        """Keep that an image is a copy of another."""
        self._images[0].append(old)
        self._images[1].append(new)

    def annotation(self, old: int, new: int) -> None:
        """Keep that an annotation is a copy of another."""
        self._annotations[0].append(old)
        self._annotations[1].append(new)

    def write(self, folder: Path) -> None:
        """Write ``ids.json``, in the form of ``merge``'s."""
        row = {"images": _pairs(self._images), "annotations": _pairs(self._annotations)}
        (folder / IDS).write_bytes(msgspec.json.encode({"datasets": [row]}))


def _pairs(ids: tuple[Sequence[int], Sequence[int]]) -> dict[str, Sequence[int]]:
    old, new = ids
    return {"old": old, "new": new}
