"""Files that are whole or absent: hash, write under a temporary name, move into place."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import msgspec

from coco_recipe import regular
from coco_recipe.exchange import exchange
from coco_recipe.system_errors import writing

FLUSHING = 8  # threads
FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
COPY_BYTES = 2**20
# bytes that are hashed at once: after each a thread waits for its turn, which takes long beside one
# that computes in Python
_BLOCK, _SMALL = 2**23, 2**16


def plain_name(name: str) -> str:
    """Return a file name without case and Unicode form, which some file systems don't tell.

    Args:
        name: the file's.

    Returns:
        The same text for names that such a file system takes for one.
    """
    return unicodedata.normalize("NFC", name).casefold()


def free_name(path: Path) -> Path:
    """Return a path that nothing has.

    Args:
        path: the one that is wanted.

    Returns:
        This one, or with ``.2``, ``.3``, ... behind it.
    """
    n, found = 2, path
    while os.path.lexists(found):
        found, n = path.with_name(f"{path.name}.{n}"), n + 1
    return found


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a regular file's bytes.

    Args:
        path: the file.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: it can't be read, or is no regular file.
    """
    found = hashlib.sha256()
    with regular.opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        block = memoryview(bytearray(min(max(size, _SMALL), _BLOCK)))
        while count := file.readinto(block):
            found.update(block[:count])
    return found.hexdigest()


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-like value; the order of keys doesn't matter.

    Args:
        value: of mappings, lists, texts, numbers and null.

    Returns:
        64 hexadecimal digits.

    Raises:
        TypeError: something in the value isn't JSON's.
    """
    return sha256_of(msgspec.json.encode(value, order="deterministic"))


def unfinished(path: Path) -> Path:
    """Return where a file stands while it is written."""
    return path.with_name(f".{path.name}.partial")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, flush it to disk, and rename it.

    Args:
        path: the file; folders above it are made.
        data: all of its bytes.

    Raises:
        OSError: it can't be written; what was there stays.
    """
    with writing(path, len(data)):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = unfinished(path)
        with gone_if_failed(temporary):
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)


@contextlib.contextmanager
def gone_if_failed(temporary: Path) -> Iterator[None]:
    """Remove a file that couldn't be written: what lies on a full disk would keep it full.

    Args:
        temporary: the file that is written within.

    Yields:
        Nothing.

    Raises:
        OSError: as it was raised within; the file is gone by then.
    """
    try:
        yield
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON with readable non-ASCII, safely."""
    text = msgspec.json.encode(value, order="sorted")
    write_bytes(path, msgspec.json.format(text, indent=2) + b"\n")


def files_below(folder: Path) -> list[Path]:
    """List the regular files and links below a folder, in order of their names."""
    return sorted(Path(top) / name for top, _, names in os.walk(folder) for name in names)


def names_below(folder: Path) -> Iterator[str]:
    """Yield the names of files below a folder, relative to it; links to folders are files, too."""
    start = len(os.path.join(folder, ""))
    for top, folders, names in os.walk(folder):
        above = os.path.join(top, "")[start:]
        for name in names:
            yield above + name
        for name in folders:
            if os.path.islink(os.path.join(top, name)):
                yield above + name


def flush(folder: Path) -> None:
    """Flush every file and folder below ``folder`` to disk.

    Several at a time: the file system then writes its journal once for many (0.1 s for 400 files,
    one by one 2 s).
    """
    _fsync_side_by_side([path for path in files_below(folder) if not path.is_symlink()])
    _fsync_all([Path(top) for top, _, _ in os.walk(folder)])


def flush_files(paths: Sequence[Path]) -> None:
    """Flush files, and the folders that they stand in, to disk, several at a time."""
    _fsync_side_by_side(paths)
    _fsync_all(sorted({path.parent for path in paths}))


def _fsync_side_by_side(paths: Sequence[Path]) -> None:
    """Flush files, several at a time; where no thread can be started, one by one."""
    number = min(FLUSHING, len(paths))
    if number > 1:
        with contextlib.suppress(RuntimeError), ThreadPoolExecutor(number) as threads:
            list(threads.map(_fsync_all, (paths[i::number] for i in range(number))))
            return
    _fsync_all(paths)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as that goes."""
    shutil.rmtree(folder, ignore_errors=True)


def remove_empty(folder: Path) -> None:
    """Remove a folder and those below it, as far as no file is in them."""
    for top, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # something is in it
            os.rmdir(top)


def put_in_place(made: Path, final: Path, discard: Callable[[Path], None] = remove) -> None:
    """Rename the folder ``made`` to ``final``; what stood there is discarded.

    Where the system can exchange two folders, ``final`` is there at every moment; elsewhere it may
    stand at `place_of_old` when this is cut off, from where `put_back_old` fetches it.
    """
    old = place_of_old(final)
    shutil.rmtree(old, ignore_errors=True)
    if not final.exists():
        os.rename(made, final)
        _fsync(final.parent)
        return
    if exchange(made, final):
        _fsync(final.parent)
        os.rename(made, old)
    else:
        os.rename(final, old)
        os.rename(made, final)
        _fsync(final.parent)
    discard(old)


def place_of_old(final: Path) -> Path:
    """Return where a folder stands for the moment in which another takes its place."""
    return final.with_name(f".{final.name}.old")


def put_back_old(final: Path, discard: Callable[[Path], None] = remove) -> None:
    """Put right what a kill in `put_in_place` left: no folder, or the old one beside the new."""
    old = place_of_old(final)
    if not final.exists() and old.is_dir():
        os.rename(old, final)
    elif old.is_dir():
        discard(old)


def link_or_copy(source: Path, target: Path) -> str:
    """Make ``target`` a hard link to ``source``, or a copy where a link can't be made.

    Args:
        source: the file, or a link to it.
        target: where nothing may be yet.

    Returns:
        ``link`` or ``copy``.

    Raises:
        OSError: it can't be copied either.
    """
    try:
        os.link(source.resolve(), target)
    except OSError:
        copy(source, target)
        return "copy"
    return "link"


def copy(source: Path, target: Path) -> None:
    """Copy a file's bytes.

    Where the file system can, the two share them until one is changed (FICLONE).
    """
    size = source.stat().st_size
    with regular.opened(source) as reader, writing(target, size), target.open("wb") as writer:
        if not _cloned(reader, writer):
            shutil.copyfileobj(reader, writer, COPY_BYTES)


def clone(source: Path, target: Path) -> bool:
    """Make a file that shares its bytes with another until one is changed.

    Return False, and make nothing, where the file system can't.
    """
    with regular.opened(source) as reader, target.open("wb") as writer:
        if _cloned(reader, writer):
            return True
    target.unlink()
    return False


def _cloned(reader: IO[bytes], writer: IO[bytes]) -> bool:
    try:
        import fcntl

        fcntl.ioctl(writer.fileno(), FICLONE, reader.fileno())
    except (ImportError, OSError):  # not on this system, or not on this file system
        return False
    return True


def place(source: Path, target: Path, how: str, *, link_text: str = "") -> None:
    """Put a file there as a ``copy``, a hard ``link`` or a ``symlink``.

    Args:
        source: the file.
        target: where nothing may be yet.
        how: of the three. A hard link to another file system becomes a copy.
        link_text: what a symbolic link points to, where that isn't the source's own path.

    Raises:
        OSError: it can't be written.
    """
    if how == "symlink":
        target.symlink_to(link_text or source.resolve())
    elif how == "link" and same_device(source, target.parent):
        os.link(source.resolve(), target)
    else:
        copy(source, target)


def same_device(source: Path, folder: Path) -> bool:
    """Report whether a file and a folder are on one file system, so that links can be made."""
    return source.stat().st_dev == folder.stat().st_dev


def _fsync_all(paths: Sequence[Path]) -> None:
    for path in paths:
        _fsync(path)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_installed(name: str) -> bool:
    """Say whether a package can be imported.

    Args:
        name: its import name.

    Returns:
        Whether it is there, and nothing keeps it from being imported.
    """
    try:
        return importlib.util.find_spec(name) is not None
    except (
        ImportError,
        ValueError,
    ):  # something stands in its place that keeps it from being imported
        return False
