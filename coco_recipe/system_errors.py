"""What the system refuses: a full disk, a quota, too many open files; with what to do about it."""

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from coco_recipe.errors import SystemRefusalError
from coco_recipe.regular import NotRegularError

GOES_ON = "the same command goes on from here"
_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MACHINE = {
    errno.ENOSPC: ("the disk is full", "make room (coco-recipe clean removes earlier results)"),
    errno.EDQUOT: ("your quota of the disk is used up", "make room, or have it raised"),
    errno.EFBIG: (
        "the file is larger than a file may be here",
        "raise the limit (ulimit -f), or choose another file system (--out)",
    ),
    errno.EIO: ("the disk failed (input/output error)", "see that the disk is sound"),
    errno.EROFS: ("the file system is read-only", "choose another folder (--out)"),
    errno.EMFILE: ("too many files are open", "raise the limit (ulimit -n), or use fewer --jobs"),
    errno.ENFILE: ("too many files are open on this machine", "end other programs"),
    errno.EAGAIN: (
        "no more threads or processes can be started here",
        "raise the limits (ulimit -u, ulimit -v), or use fewer --jobs",
    ),
    errno.ENOMEM: ("there is no memory left", "end other programs, or use fewer --jobs"),
}
_PLACE = {
    errno.EACCES: ("permission denied", "see who may read and write there (ls -ld)"),
    errno.EPERM: ("the system doesn't permit it", "see who may write there (lsattr, ls -ld)"),
    errno.ENAMETOOLONG: ("the name is too long", "give it a shorter one"),
    errno.ENOTDIR: ("a file stands where a folder must be", "choose another place"),
    errno.EISDIR: ("a folder stands where a file must be", "choose another place"),
    errno.EEXIST: ("a file stands where a folder must be", "choose another place"),
    errno.ELOOP: ("links lead in a circle", "see where they lead (ls -l)"),
    errno.ENOENT: ("there is no such file or folder", "see whether it was removed"),
    errno.ETXTBSY: ("it is in use", "end what uses it"),
    errno.ESTALE: ("the network's file system has lost it", "mount it again"),
}


def is_refusal(error: BaseException) -> bool:
    """Report whether the machine is at fault, whatever the file: no room, no memory, a bad disk.

    Args:
        error: what was raised.

    Returns:
        False for what is about the file, as one that isn't there.
    """
    return isinstance(error, OSError) and (
        error.errno in _MACHINE or isinstance(error, SystemRefusalError)
    )


def told(error: BaseException, path: Path | None = None, needed: int = 0) -> str:
    """Return what the system refused, where, and what to do; an empty text for another error.

    Args:
        error: what was raised.
        path: what was being read or written, where the error itself doesn't say.
        needed: so many bytes were to be written; 0 where that isn't known.
    """
    if isinstance(error, SystemRefusalError):
        return str(error)
    if isinstance(error, RuntimeError) and str(error).startswith("Symlink loop from"):
        error = OSError(errno.ELOOP, "", str(error).partition("'")[2].rstrip("'"))  # pathlib's
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
        error = OSError(errno.EAGAIN, "")
    if isinstance(error, MemoryError):
        error = OSError(errno.ENOMEM, "")
    if not isinstance(error, OSError):
        return ""
    if isinstance(error, NotRegularError):
        return f"{error.filename}: {error.strerror}; move it away, or name another"
    what, hint = (_MACHINE | _PLACE).get(error.errno or 0, ("", ""))
    place = Path(os.fsdecode(error.filename)) if error.filename else path
    if not what:
        return ""
    if error.errno == errno.ENOENT and _is_homeless():
        return f"the current folder was removed; change to one that is there (cd); {GOES_ON}"
    if error.errno in _ROOM:
        what, hint = _of_room(error.errno or 0, what, hint, place, needed)
    where = f"{place}: " if place else ""
    return f"{where}{what}; {hint}; {GOES_ON}"


def _of_room(number: int, what: str, hint: str, place: Path | None, needed: int) -> tuple[str, str]:
    """Say of a lack of room how much is needed, and how much is free."""
    figures = [f"{size(needed)} to write"] if needed else []
    if place and (found := _file_system(place)):
        if number == errno.ENOSPC and found.f_files and not found.f_favail:
            return "no more files can be made here (no inodes left)", "remove files"
        figures.append(f"{size(found.f_bavail * found.f_frsize)} free")
    told_figures = f" ({', '.join(figures)})" if figures else ""
    return f"can't be written: {what}{told_figures}", hint


def _file_system(path: Path) -> os.statvfs_result | None:
    """Return the figures of the file system that a path, or the nearest folder above, lies on."""
    for place in (path, *path.absolute().parents):
        with contextlib.suppress(OSError):
            return os.statvfs(place)
    return None


def _is_homeless() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def free(path: Path) -> int | None:
    """Return how many bytes may be written at a path; None where that can't be known."""
    found = _file_system(path)
    return found.f_bavail * found.f_frsize if found else None


def size(number: float) -> str:
    """Write a number of bytes for people: ``812 bytes``, ``1.2 MB``."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("BUG: every number has a unit")


@contextlib.contextmanager
def writing(path: Path, needed: int = 0) -> Iterator[None]:
    """Let what the system refuses be told with the file that was being written.

    Args:
        path: the file; names of temporary files beside it are told as its own.
        needed: its size in bytes, where it is known.

    Yields:
        Nothing.

    Raises:
        SystemRefusalError: the system refuses; it is an OSError, too.
    """
    try:
        yield
    except SystemRefusalError:
        raise
    except OSError as error:
        if not is_refusal(error):
            raise
        error.filename = str(path)
        raise SystemRefusalError(told(error, path, needed)) from error


@contextlib.contextmanager
def told_plainly(path: Path) -> Iterator[None]:
    """Let whatever the system refuses be told in its words, not as a fault of ours.

    Args:
        path: what it is about, where an error doesn't say.
    """
    try:
        yield
    except SystemRefusalError:
        raise
    except (OSError, RuntimeError) as error:
        if not (words := told(error, path)):
            raise
        raise SystemRefusalError(re.sub(r"/\.([^/]+)\.partial(?=: )", r"/\1", words)) from error
