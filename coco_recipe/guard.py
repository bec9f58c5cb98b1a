"""Let a child process do a command's work, so that however it ends, somebody is left to say so.

A step is code of others: it may call ``os._exit(0)``, crash in C, or be killed for memory. The
process that waits knows by a note in memory that both share whether the work came to its end.
"""

import atexit
import contextlib
import mmap
import os
import signal
import sys
import threading
from typing import NoReturn

from coco_recipe.with_parent import die_with

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if os.name == "posix" else ()
_SIZE = 4096
_PATIENCE_SECONDS = 30.0  # for threads, when all is done
_AFTER_SIGNAL_SECONDS = 4.0


class _Note:
    """What the child says, in memory that both processes have: where it is, and how it ended."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, _SIZE)
        self.child = 0

    def write(self, text: str, *, code: int | None = None) -> None:
        """Say where the work is, or its exit code; nothing if this isn't the child itself."""
        if os.getpid() == self.child:
            data = text.encode("utf-8", "replace")[: _SIZE - 4]
            head = bytes([code is not None, (code or 0) & 255]) + len(data).to_bytes(2, "big")
            self.memory[: 4 + len(data)] = head + data

    def read(self) -> tuple[int | None, str]:
        """Return the exit code, None if the work didn't come to its end, and where it was."""
        length = int.from_bytes(self.memory[2:4], "big")
        text = self.memory[4 : 4 + length].decode("utf-8", "replace")
        return (self.memory[1] if self.memory[0] else None), text


_note: _Note | None = None


def begin() -> None:
    """Go on in a child process; the one that called waits for it and exits with its code.

    Nothing happens where this isn't a command's own process: with threads, or without its own
    standard output.
    """
    global _note
    is_own = sys.stdout is sys.__stdout__ and threading.active_count() == 1
    if not hasattr(os, "fork") or not is_own:
        return
    _note, parent = _Note(), os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (*_FORWARDED, signal.SIGCHLD))
    if child := os.fork():
        _wait(child, _note)
    _note.child = os.getpid()
    die_with(parent)
    if callable(signal.getsignal(signal.SIGINT)):  # nohup's ignoring stays
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def at(place: str) -> None:
    """Say where the work is, as ``step 'more' (augment)``; empty where no step is."""
    if _note:
        _note.write(place)


def over() -> None:
    """Ignore signals from here on in the child: its work is done, and nothing is left to end."""
    if _note and os.getpid() == _note.child:
        for number in _FORWARDED:
            signal.signal(number, signal.SIG_IGN)


def end(code: int) -> NoReturn:
    """Say that the work came to its end, with an exit code, and exit with it.

    The process that did the work leaves it to the system to free what it holds, which takes the
    interpreter as long as reading it did. What waits for the end (``atexit``) is called first.
    Threads that a step left have some seconds to come to theirs.
    """
    if _note:
        _note.write("", code=code)
        if os.getpid() == _note.child and threading.active_count() == 1 and _are_flushed():
            atexit._run_exitfuncs()
            if _are_flushed():
                os._exit(code)
        if os.getpid() == _note.child:
            patience = _AFTER_SIGNAL_SECONDS if code > 128 else _PATIENCE_SECONDS
            late = threading.Timer(patience, _leave, (code,))
            late.daemon = True
            late.start()
    sys.exit(code)


def _leave(code: int) -> None:
    """End the process although threads are at work that nobody waits for."""
    rest = [one for one in threading.enumerate() if not one.daemon and one.name != "MainThread"]
    names = ", ".join(one.name for one in rest)
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"ended although a step has left {names or 'a thread'} at work\n")
        sys.stderr.flush()
    os._exit(code)


def _are_flushed() -> bool:
    """Flush what is printed; report whether it went through."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True


def pid() -> int:
    """Return the process that a user knows: the one that waits, or this one."""
    return os.getppid() if _note and os.getpid() == _note.child else os.getpid()


def _wait(child: int, note: _Note) -> NoReturn:
    """Wait for the child, hand signals on that it didn't get, and exit as it did.

    What the terminal sends (Ctrl-C), both get.
    """
    while True:
        info = signal.sigwaitinfo((*_FORWARDED, signal.SIGCHLD))
        if info.si_signo == signal.SIGCHLD:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
        elif info.si_code <= 0:  # a process sent it
            os.kill(child, info.si_signo)
    code, place = note.read()
    ended = os.waitstatus_to_exitcode(status)
    if code is None:
        code = 128 - ended if ended < 0 else 1
        sys.stderr.write(f"{_told(ended, place)}\n")
        sys.stderr.flush()
    elif ended:
        code = 128 - ended if ended < 0 else ended
    os._exit(code)


def _told(ended: int, place: str) -> str:
    """Say how a process ended that didn't come to its end."""
    where = f"{place}: " if place else ""
    again = "the same command goes on from here"
    if ended >= 0:
        return (
            f"{where}the process was ended from within (os._exit or the like, exit code {ended}) "
            f"before its work was done; {again}"
        )
    name = signal.Signals(-ended).name
    why = {"SIGKILL": ", maybe by the system, for memory", "SIGSEGV": ", by a crash in its code"}
    return f"{where}the process was killed by {name}{why.get(name, '')}; {again}"
