"""Exchange two folders by one call of the system, so that neither is ever absent."""

import errno
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

_HERE = -100  # AT_FDCWD: paths are relative to the current folder
_EXCHANGE = 2  # linux/fs.h: RENAME_EXCHANGE
_MISSING = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)


def exchange(one: Path, other: Path) -> bool:
    """Let two paths of one file system trade places; return False where the system can't.

    Raises:
        OSError: it can, and it failed.

    Source:
        rename(2) of Linux: renameat2 with RENAME_EXCHANGE, since 3.15.
    """
    call = _renameat2()
    if call is None:
        return False
    sys.audit("os.rename", str(one), str(other), -1, -1)  # as os.rename does
    if call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = _error_number()
    if number in _MISSING:  # not in this kernel, or not on this file system
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


def _error_number() -> int:
    import ctypes

    return ctypes.get_errno()


@functools.cache
def _renameat2() -> Callable[..., int] | None:
    import ctypes  # here, since few commands need it

    try:
        found = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # not Linux, or a C library without it
        return None
    found.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    call: Callable[..., int] = found
    return call
