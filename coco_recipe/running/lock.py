"""Hold a run directory, so that no second run works in it, on whatever file system it is.

The kernel's lock (flock) is on the folder itself, and on ``.lock`` in it: the system frees both
however the run ends, and a lock file that is lost or deleted unlocks nothing. Where the file system
has no locks, a lease file says who is at work.
"""

import contextlib
import errno
import os
import platform
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from coco_recipe import guard, regular
from coco_recipe.errors import HeldError, RunError

LOCK, LEASE = ".lock", ".lease"
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # what a link leads to is not ours to empty
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF}
LOOK_EVERY = 0.2  # seconds
ENDING = 5.0  # seconds in which what a killed run had started ends, too


class Holder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who holds a run directory: the text of its lock file while a run is at work.

    Attributes:
        pid: the process.
        host: its machine.
        started: when the process began, as its system counts; tells it from a later one of its pid.
        since: when it took hold, in seconds since 1970 (UTC).
    """

    pid: int
    host: str
    started: str
    since: float

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"process {self.pid} on {self.host}, since {moment}"


@contextlib.contextmanager
def held(folder: Path, tell: Callable[[str], None], *, wait: bool = False) -> Iterator[None]:
    """Hold a folder, which is there.

    Copies of a run's process hold its folder with it. Where the run was killed they are ending, and
    are waited for.

    Args:
        folder: the run directory.
        tell: is told what a user should know: that there is no lock, or that we wait.
        wait: wait until it is free.

    Raises:
        HeldError: another run is at work there; says who and since when.
        OSError: nothing can be written there.
    """
    is_told, until = False, time.monotonic() + ENDING
    while True:
        with contextlib.ExitStack() as stack:
            try:
                _take(folder, stack, tell)
            except HeldError as error:
                holder = read_holder(folder / LOCK)
                is_ending = holder and _is_gone(holder) and time.monotonic() < until
                if not wait and not is_ending:
                    raise
                if not is_told and not is_ending:
                    tell(f"waiting: {error}")
                    is_told = True
            else:
                yield
                return
        time.sleep(LOOK_EVERY)


@contextlib.contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold a lock file, which is made if need be, once nobody else does.

    It keeps nobody out where the file system has no locks.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        with contextlib.suppress(ImportError):  # not on this system
            import fcntl

            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
        yield
    finally:
        os.close(handle)


def read_holder(path: Path) -> Holder | None:
    """Read who holds a run directory; None where nobody is named."""
    try:
        return msgspec.json.decode(regular.read(path), type=Holder)
    except (OSError, ValueError, msgspec.DecodeError):
        return None


def _take(folder: Path, stack: contextlib.ExitStack, tell: Callable[[str], None]) -> None:
    """Take the folder, and free it when the stack is closed."""
    path = folder / LOCK
    if path.is_symlink() or (path.exists() and not path.is_file()):
        kind = "a link" if path.is_symlink() else regular.other_kind(path)
        raise RunError(f"{path}: is {kind}, not the file of a run; move it away")
    while True:
        handles = [
            os.open(folder, os.O_RDONLY | os.O_CLOEXEC),
            os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | NO_FOLLOW, 0o644),
        ]
        try:
            has_locks = [_has_flock(handle) for handle in handles]  # the folder's first
            is_ours = _is_at(handles[1], path)
        except BaseException as error:
            for handle in handles:
                os.close(handle)
            if isinstance(error, BlockingIOError):
                raise _held(folder, read_holder(path)) from error
            raise
        if is_ours:
            break
        for handle in handles:  # somebody removed or replaced the file meanwhile
            os.close(handle)
    for handle in handles:
        stack.callback(_let_go, os.close, handle)
    if not any(has_locks):
        tell(
            f"{folder}: this file system has no locks; {LEASE} says that a run is at work here, "
            "and keeps out only runs that see it"
        )
        _lease(folder, stack)
    stack.callback(_let_go, os.ftruncate, handles[1], 0)
    os.ftruncate(handles[1], 0)
    os.pwrite(handles[1], msgspec.json.encode(_ourselves()) + b"\n", 0)


def _let_go(what: Callable[..., object], *arguments: int) -> None:
    """Call what lets go of a file, although a step may have closed it."""
    with contextlib.suppress(OSError):
        what(*arguments)


def _has_flock(handle: int) -> bool:
    """Take the kernel's lock; return False where the file system has none.

    Raises:
        BlockingIOError: another process has it.
    """
    try:
        import fcntl
    except ImportError:  # not on this system
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise
    return True


def _is_at(handle: int, path: Path) -> bool:
    """Report whether an open file is the one that stands at a path."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _lease(folder: Path, stack: contextlib.ExitStack) -> None:
    """Put a lease file there, which is removed when the stack is closed.

    Raises:
        HeldError: another's is there, of a process that may be alive.
    """
    path, text = folder / LEASE, msgspec.json.encode(_ourselves())
    while True:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError:
            holder = read_holder(path)
            if holder is None or not _is_gone(holder):
                raise _held(folder, holder, f"; if that run is gone, remove {path}") from None
            aside = path.with_name(f"{LEASE}.{os.getpid()}")  # one of several finders moves it
            with contextlib.suppress(FileNotFoundError):
                os.rename(path, aside)
                aside.unlink()
            continue
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        stack.callback(path.unlink, missing_ok=True)
        return


def _ourselves() -> Holder:
    pid = guard.pid()
    return Holder(pid, platform.node(), _started(pid), time.time())


def _is_gone(holder: Holder) -> bool:
    """Report whether a process of this machine has ended; of another machine, nobody knows."""
    return holder.host == platform.node() and _started(holder.pid) != holder.started


def _started(pid: int) -> str:
    """Return when a process began, with the boot of its machine; empty where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {fields[19].decode()}"
    except (OSError, IndexError):
        pass
    try:  # not Linux: that it is alive is all that is known
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        return "alive"
    return "alive"


def _held(folder: Path, holder: Holder | None, more: str = "") -> HeldError:
    who = f" ({holder})" if holder else ""
    return HeldError(
        f"{folder}: another run is at work here{who}; wait for it (--wait), or choose another "
        f"folder (--out){more}"
    )
