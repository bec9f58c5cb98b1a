"""The record of every copy, beside the images.

By it a copy that is there already is not made again.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from coco_recipe import link_or_copy, open_line, seal_line, sha256, writing
from coco_recipe_pictures.augment.copying import Made

RECORD, JOURNAL, IMAGES = "augmented.jsonl", "augmented.journal", "images"
REPEATED = "repeated.jsonl"


class Record(msgspec.Struct, frozen=True):
    """One line of ``augmented.jsonl``, which ends with its digest.

    Attributes:
        image: the copy's file name.
        source: identity of the image that it was made from; ``root`` of the untouched original.
        source_sha256: SHA-256 of the source's file.
        copy: number of the copy.
        item: digest of all that the copy's bytes and annotations depend on.
        made: what became of it.
    """

    image: str
    source: str
    root: str
    source_sha256: str
    copy: int
    item: str
    made: Made


class Repeated(msgspec.Struct, frozen=True):
    """One line of ``repeated.jsonl``: a row for an annotation that a border shows again.

    Attributes:
        annotation: the row's id.
        image: file name of the copy that it is on.
        of: id of the source's annotation.
        source: identity of the source.
        tiles: for each transform whose border repeated the picture, the tile that shows it: how
            many columns to the right and rows down.
        mirrored: these tiles mirror it.
        visibility: share of the source's annotation that can be seen.
    """

    annotation: int
    image: str
    of: int
    source: str
    tiles: tuple[tuple[int, int], ...]
    mirrored: bool
    visibility: float


_decoder = msgspec.json.Decoder(Record)


class Books:
    """Records of this run, and those that an earlier or an interrupted run left.

    Each record is in the journal as soon as its copy is there, so that a killed run loses at most
    what was in flight. A record counts only if its file has the hash that it says.
    """

    def __init__(self, workdir: Path, earlier: Path | None) -> None:
        self.workdir = workdir
        if (workdir / RECORD).is_file() and not (
            workdir / JOURNAL
        ).is_file():  # stopped between the last copy and the commit
            os.replace(workdir / RECORD, workdir / JOURNAL)
        self.resumed = (workdir / JOURNAL).is_file()
        self._places: dict[str, tuple[Path, int]] = {}
        for path in ([earlier / RECORD] if earlier else []) + [workdir / JOURNAL]:
            self._places.update((record.item, (path, at)) for at, record in _lines(path))
        _mend(workdir / JOURNAL)
        self._journal = (workdir / JOURNAL).open("ab")
        self._record = (workdir / RECORD).open("wb")
        self._names: set[str] = set()

    def find(self, item: str, name: str) -> bool:
        """Put the copy into place if it was made before, whole and under whatever name.

        Say whether it is there.
        """
        record = self.earlier(item)
        if record is None or record.made.bad:
            return False
        if not record.made.sha256:  # given up then, given up now
            return True
        path, target = (
            self._places[item][0].parent / IMAGES / record.image,
            self.workdir / IMAGES / name,
        )
        if not path.is_file() or sha256(path) != record.made.sha256:
            return False
        if path != target:
            target.unlink(missing_ok=True)
            link_or_copy(path, target)
        return True

    def earlier(self, item: str) -> Record | None:
        """Return the record of a copy that was made before."""
        if item not in self._places:
            return None
        path, at = self._places[item]
        with path.open("rb") as file:
            file.seek(at)
            line = open_line(file.readline().removesuffix(b"\n"))
            return _decoder.decode(line) if line else None

    def add(self, record: Record, *, is_new: bool) -> None:
        """Write down a copy, in the order of the copies."""
        line = seal_line(msgspec.json.encode(record)) + b"\n"
        with writing(self.workdir / RECORD, len(line)):
            self._record.write(line)
            if is_new:
                self._journal.write(line)
                self._journal.flush()
        if record.made.sha256:
            self._names.add(record.image)

    def close(self) -> None:
        """Finish: the journal goes, and every file that no record names."""
        self._record.close()
        self._journal.close()
        if self.resumed:
            images = self.workdir / IMAGES
            for path in images.rglob("*"):
                if path.is_file() and path.relative_to(images).as_posix() not in self._names:
                    path.unlink()
        (self.workdir / JOURNAL).unlink()


def item_digest(*parts: object) -> str:
    """Digest what a copy depends on."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def read(path: Path) -> Iterator[Record]:
    """Read a file of records."""
    for _, record in _lines(path):
        yield record


def _lines(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield whole records with their places; a line that was torn or has changed is passed over."""
    if not path.is_file():
        return
    at = 0
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                with contextlib.suppress(msgspec.DecodeError):
                    if whole := open_line(line.removesuffix(b"\n")):
                        yield at, _decoder.decode(whole)
            at += len(line)


def _mend(path: Path) -> None:
    """Cut off a torn last line, which would swallow the next record."""
    if path.is_file():
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            with path.open("r+b") as file:
                file.truncate(data.rfind(b"\n") + 1)
