"""Regular files: what opens one, and refuses at once what would hang or never end."""

import errno
import io
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO (named pipe)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotRegularError(OSError):
    """A path leads to a FIFO, a socket, a device or a folder; ``strerror`` says to which."""


def other_kind(path: Path) -> str:
    """Return what stands at a path where it is no regular file, as ``a socket``; else nothing.

    Links are followed. Where nothing stands, nothing is returned.
    """
    try:
        return _kind(os.stat(path).st_mode)
    except (OSError, ValueError):  # a name with a NUL character is a ValueError
        return ""


def why_none(path: Path, name: str, kind: str = "file") -> str:
    """Say what stands at a path where no regular file stands, or no folder.

    Args:
        path: the path.
        name: what messages call it.
        kind: what should stand there: ``file`` or ``folder``.
    """
    if other := other_kind(path):
        return f"{name} is {other}, not a regular {kind}"
    if path.is_symlink() and not path.exists():
        return f"{name} is a link to {os.readlink(path)!r}, where nothing is"
    if path.is_file():
        return f"{name} is a file, not a {kind}"
    return f"there is no {kind} {name}"


def opened(path: str | os.PathLike[str]) -> io.BufferedReader:
    """Open a regular file to read its bytes.

    Opening a FIFO would wait for a writer, and a device may have no end; neither is opened. What
    is put in the file's place meanwhile isn't waited for, and is refused too.

    Raises:
        NotRegularError: it is no regular file.
        OSError: it can't be opened.
    """
    _refuse(os.stat(path).st_mode, path)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _refuse(os.fstat(handle).st_mode, path)
        return io.BufferedReader(io.FileIO(handle, "rb"))
    except BaseException:
        os.close(handle)
        raise


def read(path: Path) -> bytes:
    """Return a regular file's bytes.

    Raises:
        OSError: as of `opened`, or it is larger than the memory.
    """
    with opened(path) as file:
        try:
            return file.read()
        except (MemoryError, OverflowError) as error:
            size = os.fstat(file.fileno()).st_size
            told = f"it has {size} bytes, for which there is no memory"
            raise OSError(errno.ENOMEM, told, str(path)) from error


def _kind(mode: int) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "")


def _refuse(mode: int, path: str | os.PathLike[str]) -> None:
    if kind := _kind(mode):
        raise NotRegularError(errno.EINVAL, f"is {kind}, not a regular file", str(path))
