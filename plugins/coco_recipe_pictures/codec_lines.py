"""Take what libjpeg and libpng beneath OpenCV write to standard error."""

import contextlib
import os
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def taken() -> Iterator[list[str]]:
    """Take the lines that C code of this process writes to standard error.

    They are there at the end.

    Another thread's lines are taken, too, so hold it no longer than a decoder needs.
    """
    lines = list[str]()
    taking, kept = _file(), os.dup(2)
    try:
        os.dup2(taking, 2)
        yield lines
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        size = os.lseek(taking, 0, os.SEEK_END)
        if size:
            lines += os.pread(taking, size, 0).decode(errors="replace").splitlines()
        os.close(taking)


def _file() -> int:
    """Open a file without a name; in memory where the system can (Linux), which costs a fifth."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("codec lines")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
