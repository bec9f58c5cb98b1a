"""Text on its way to a terminal: no control characters, no reversed lines, no passwords."""

import re
from collections.abc import Mapping
from typing import Any, TextIO

# C0 and C1 controls but for tab and newline, DEL, marks that turn the direction of text or that
# can't be seen, line separators, and halves of surrogate pairs
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@'\"]+(?=@)")
MASK = "***"
MIN_HIDDEN = 4  # characters: a shorter value stands in any text by chance
_hidden: dict[str, str] = {}
"""Values that this process took from the environment, each with the name that is shown instead."""


def safe(text: str) -> str:
    r"""Return a text with what a terminal would act on written as ``\u001b``.

    Names come from data: an escape sequence in one could clear the screen or rename the window, and
    a mark of direction could show another name. In JSON the text stays the same value.
    Credentials in addresses, as ``https://user:password@host``, are masked.
    """
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", masked(text))


def masked(text: str) -> str:
    """Return a text without the credentials of the addresses in it."""
    return _CREDENTIALS.sub(MASK, text) if "://" in text else text


def hide(values: Mapping[str, str]) -> None:
    """Show names in place of values in the messages of this process from here on.

    Args:
        values: each value with its name, as ``${env:TOKEN}``.
    """
    _hidden.update(values)


def hide_nothing() -> None:
    """Forget what `hide` was told, as a command of its own does."""
    _hidden.clear()


def named(text: str, values: Mapping[str, str] = _hidden) -> str:
    """Return a text with names in place of the values that stand in it.

    Args:
        text: the text.
        values: each value with its name; by default those of `hide`.
    """
    for value, name in sorted(values.items(), key=lambda one: -len(one[0])):
        if len(value) >= MIN_HIDDEN:
            text = text.replace(value, name)
    return text


class SafeStream:
    """A text stream that makes safe what is written to it; everything else is the stream's.

    Attributes:
        stream: the stream.
        for_messages: show names in place of values of the environment. A result keeps them: a
            program may read a path there.
    """

    def __init__(self, stream: TextIO, *, for_messages: bool = False) -> None:
        self.stream = stream
        self.for_messages = for_messages

    def write(self, text: str) -> int:
        """Write a text."""
        self.stream.write(safe(named(text) if self.for_messages else text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def raw(stream: Any) -> Any:
    """Return the stream below a safe one, for what draws on a terminal itself."""
    return stream.stream if isinstance(stream, SafeStream) else stream
