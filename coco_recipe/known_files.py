"""Hashes of files that need not be read again, since the system says that they are untouched.

The record of them lies in the user's cache. Its loss costs time only: without a line of a file, or
with one that isn't just as the system has it, the file is read. ``ctime``, which no program can
set, tells a file whose times were put back. No time is compared with another machine's or with
the clock but to leave files out that were changed in the two seconds before they were read: a
second change of these might leave the same times.

The record has no path, which may be of the environment, but a keyed hash of each.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from coco_recipe import files, regular

AnyPath = str | os.PathLike[str]
YOUNG_NS = 2 * 10**9
VERSION = b"coco-recipe files 2\n"
NAME_BYTES = 16  # of the hash of a path, and of its key
Stamp = tuple[int, int, int, int, int]  # bytes, mtime and ctime in ns, inode, device


class Entry(NamedTuple):
    """What is known of a file.

    Attributes:
        stamp: what the system said of it before it was read.
        sha256: of the bytes that were read then.
    """

    stamp: Stamp
    sha256: str


class _Record(msgspec.Struct, array_like=True):
    """What is kept in the user's cache.

    Attributes:
        key: of the hashes of paths.
        entries: by the hash of each path.
        note: as of `KnownFiles`.
    """

    key: bytes
    entries: dict[bytes, Entry] = {}
    note: bytes = b""


class KnownFiles:
    """Hashes of files by path; one that is untouched isn't read again.

    Attributes:
        note: what a user of these hashes wants to be kept with them.

    Args:
        place: the record in the user's cache; None keeps none.
        rehash: read every file once, whatever the record says.
        now_ns: gives the time.
    """

    def __init__(
        self,
        place: Path | None = None,
        *,
        rehash: bool = False,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.place, self.now_ns = place, now_ns
        record = _Record(os.urandom(NAME_BYTES)) if rehash else _load(place)
        self._key, self._earlier, self._note = record.key, record.entries, record.note
        self.note = self._note
        self._current = os.path.abspath(".")
        self._sure: dict[str, Entry] = {}
        self._is_news = False

    def untouched(self, path: AnyPath) -> str | None:
        """Return the SHA-256 of a file that need not be read again; None of any other."""
        name = self._name(path)
        try:
            return self._known(name, stamp_of(name))
        except OSError:
            return None

    def _name(self, path: AnyPath) -> str:
        text = os.fspath(path)
        return text if text[0] == "/" else os.path.join(self._current, text)

    def _known(self, name: str, stamp: Stamp) -> str | None:
        known = self._sure.get(name) or self._earlier.get(_hashed(name, self._key))
        if known is None or known.stamp != stamp:
            return None
        self._sure[name] = known
        return known.sha256

    def sha256(self, path: AnyPath) -> str:
        """Return the SHA-256 of a file.

        Raises:
            OSError: it can't be read.
        """
        name = self._name(path)
        stamp = stamp_of(name)
        return self._known(name, stamp) or self.put(name, stamp, files.sha256(name))

    def put(self, path: AnyPath, stamp: Stamp, sha256: str) -> str:
        """Take in the hash of a file that was read; return it.

        Args:
            path: the file.
            stamp: of `stamp_of`, from before it was read.
            sha256: of the bytes that were read.
        """
        name = self._name(path)
        is_young = self.now_ns() - max(stamp[1], stamp[2]) < YOUNG_NS
        with contextlib.suppress(OSError):  # it is gone: `changed` will tell
            is_young = is_young or stamp_of(name) != stamp
        self._sure.pop(name, None)
        if not is_young:
            self._sure[name] = Entry(stamp, sha256)
            self._is_news = True
        return sha256

    def changed(self, hashes: Mapping[str, str]) -> list[str]:
        """Return the paths of those files that haven't these hashes, or can't be read any more."""
        found = []
        for path, sha256 in hashes.items():
            try:
                if self.sha256(path) != sha256:
                    found.append(path)
            except OSError:
                found.append(path)
        return found

    def save(self) -> None:
        """Keep the record of what this run has seen.

        Where it can't be written, the next run reads all files.
        """
        as_before = len(self._sure) == len(self._earlier) and self.note == self._note
        if self.place is None or (as_before and not self._is_news):
            return
        found = {_hashed(name, self._key): entry for name, entry in self._sure.items()}
        text = VERSION + msgspec.msgpack.encode(_Record(self._key, found, self.note))
        partial = self.place.with_name(f"{self.place.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self.place.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(hashlib.sha256(text).digest() + text)
            os.replace(partial, self.place)


def stamp_of(path: AnyPath) -> Stamp:
    """Return what the system says of a file without reading it; a change of its bytes changes it.

    Raises:
        OSError: there is none.
    """
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev


def place_of(run_dir: Path) -> Path | None:
    """Return the record of a run directory in the user's cache; None where there is no cache."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(base):
        return None
    name = hashlib.sha256(os.fsencode(run_dir.absolute())).hexdigest()[:32]
    return Path(base, "coco-recipe", "files", name)


def _hashed(name: str, key: bytes) -> bytes:
    return hashlib.blake2b(os.fsencode(name), digest_size=NAME_BYTES, key=key).digest()


def _load(place: Path | None) -> _Record:
    """Read a record; an absent or damaged one has nothing, and a new key."""
    try:
        data = regular.read(place) if place else b""
        text = memoryview(data)[32:]
        if hashlib.sha256(text).digest() == data[:32] and text[: len(VERSION)] == VERSION:
            return msgspec.msgpack.decode(text[len(VERSION) :], type=_Record)
    except (OSError, ValueError, msgspec.DecodeError):
        pass
    return _Record(os.urandom(NAME_BYTES))
