"""Regular expressions of recipes and plugins, which may take no longer than a second."""

import contextlib
import re
import signal
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from types import FrameType

SECONDS = 1.0
SECONDS_A_TEXT = 20e-6  # beside that: many texts take their time with a sound expression, too
MAX_CHARACTERS = 1000


class _TimeIsUp(Exception):
    pass


def fault(pattern: str) -> str:
    """Return what is wrong with an expression; an empty text if nothing."""
    if len(pattern) > MAX_CHARACTERS:
        return f"has more than {MAX_CHARACTERS} characters"
    try:
        with _bounded(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python has remarks on what it will read otherwise
            re.compile(pattern)
    except _TimeIsUp:
        return f"takes more than {SECONDS:g} s to be read"
    except (re.error, OverflowError, RecursionError, MemoryError) as error:
        return f"is not a regular expression: {error}"
    return ""


def search(pattern: str, texts: Sequence[str]) -> list["re.Match[str] | None"]:
    """Search each text for an expression.

    Args:
        pattern: an expression that has no `fault`.
        texts: what is searched.

    Returns:
        The match in each text, or None.

    Raises:
        ValueError: it takes more than a second, as ``(a+)+$`` does on thirty letters.
    """
    compiled, at = re.compile(pattern), 0
    found = []
    try:
        with _bounded(SECONDS + SECONDS_A_TEXT * len(texts)):
            for at, text in enumerate(texts):  # noqa: B007, at is told where time is up
                found.append(compiled.search(text))
    except _TimeIsUp:
        raise ValueError(
            f"the pattern {pattern!r} takes more than {SECONDS:g} s, at last on {texts[at]!r}; "
            "repeat nothing that is repeated inside, as in (a+)+"
        ) from None
    return found


@contextlib.contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Raise `_TimeIsUp` in what takes longer.

    A signal ends it, for which Python's expressions look while they search. Only the main thread
    can be interrupted so; in another one there is no bound. A clock that somebody else has set is
    set again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_: int, __: FrameType | None) -> None:
        raise _TimeIsUp

    handler = signal.signal(signal.SIGALRM, ring)
    began, (left, interval) = time.monotonic(), signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            again = max(1e-3, left - (time.monotonic() - began))
            signal.setitimer(signal.ITIMER_REAL, again, interval)
