"""What is around a command: its streams, its locale, the signals that end it."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

import click

from coco_recipe import system_errors, terminal
from coco_recipe.terminal import SafeStream

GOES_ON = system_errors.GOES_ON
_ENDING = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGXCPU") if hasattr(signal, name)
)


class Ended(KeyboardInterrupt):
    """A signal asks this process to end; it then cleans up as it does for Ctrl-C."""


@contextlib.contextmanager
def prepared() -> Iterator[list[int]]:
    """Prepare this process for a command; yield the numbers of the signals that come.

    Streams that are closed are opened to nowhere, so that no file gets their number; what is
    written to the others is safe for a terminal, and no letter is beyond them.
    """
    came: list[int] = []
    terminal.hide_nothing()
    _open_closed_streams()
    streams, handlers = (sys.stdout, sys.stderr), {}

    def end(number: int, _: FrameType | None) -> None:
        came.append(number)
        raise Ended(signal.Signals(number).name)

    if threading.current_thread() is threading.main_thread():
        for number in _ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP: so do we
                handlers[number] = signal.signal(number, end)
    try:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, SafeStream(stream, for_messages=name == "stderr"))
        yield came
    finally:
        for name, stream in zip(("stdout", "stderr"), streams, strict=True):
            if isinstance(now := getattr(sys, name), SafeStream) and now.stream is stream:
                setattr(sys, name, stream)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def interrupted(came: list[int]) -> int:
    """Say how to go on after a signal; return the exit code."""
    number = came[0] if came else int(signal.SIGINT)
    how = f"ended by {signal.Signals(number).name}" if came else "interrupted"
    click.echo(f"{how}; {GOES_ON}", err=True)
    return 128 + number


def refused(error: BaseException) -> int | None:
    """Say what the system refused; return the exit code, or None where it isn't the system."""
    if not (words := system_errors.told(error)):
        return None
    click.echo(words, err=True, color=True)
    return 2


def use_utf8() -> None:
    """Start again in Python's UTF-8 mode where the locale can't hold the names of files.

    What is printed keeps the locale's encoding, and writes what it hasn't got as an escape.
    """
    if sys.getfilesystemencoding().lower() == "utf-8" or not sys.executable or sys.flags.utf8_mode:
        return
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    os.environ.setdefault("PYTHONIOENCODING", f"{encoding}:backslashreplace")
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.orig_argv[0], "-X", "utf8", *sys.orig_argv[1:]])


@contextlib.contextmanager
def plugins_print_apart() -> Iterator[None]:
    """Let what plugins print go to stderr: stdout is for a command's result."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def _open_closed_streams() -> None:
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115, it stays open
