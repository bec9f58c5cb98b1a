"""Records that carry the digest of their own bytes, so that a changed one is known by itself."""

import hashlib
import re
from dataclasses import dataclass

_START, _END = b',"digest":"', b'"}'
_LENGTH = len(_START) + 64 + len(_END)
_DOCTYPE = b"<!doctype html>\n"
_PAGE = re.compile(rb"<!-- coco-recipe: a page of ([0-9a-f]{64}); its SHA-256: ([0-9a-f]{64}) -->")


def digest_of(text: bytes) -> str:
    """Return the digest that a text gets, in which the place for it is still empty."""
    return hashlib.sha256(text).hexdigest()


def is_whole(text: bytes, digest: str) -> bool:
    """Report whether no byte of a text has changed since it got its digest.

    Args:
        text: the text, in which the digest stands.
        digest: SHA-256 of the text with the digest left empty.
    """
    return bool(digest) and digest_of(text.replace(digest.encode(), b"", 1)) == digest


def seal_line(line: bytes) -> bytes:
    """Seal a line of JSON: the key ``digest`` at its end has SHA-256 of the line without it.

    Args:
        line: an object with at least one key, without a line break.

    Returns:
        The sealed line, for `open_line`.
    """
    return b"".join((line[:-1], _START, digest_of(line).encode(), _END))


def open_line(line: bytes) -> bytes | None:
    """Return a sealed line without its digest.

    Args:
        line: as `seal_line` made it.

    Returns:
        The line as it was sealed; None where a byte of it has changed.
    """
    body, seal = line[:-_LENGTH] + b"}", line[-_LENGTH:]
    return body if seal == b"".join((_START, digest_of(body).encode(), _END)) else None


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says of itself.

    Attributes:
        of: digest of what it was made from.
        is_whole: no byte of it has changed since it was written.
    """

    of: str
    is_whole: bool


def seal_page(html: bytes, of: str) -> bytes:
    """Seal a page by a comment behind its doctype: what it was made from, and its digest.

    Args:
        html: the page, which begins with ``<!doctype html>`` in a line of its own.
        of: a digest, in 64 hexadecimal digits.

    Returns:
        The sealed page, for `open_page`.
    """
    body = html.removeprefix(_DOCTYPE)
    empty = b"<!-- coco-recipe: a page of %s; its SHA-256:  -->\n" % of.encode()
    digest = digest_of(b"".join((_DOCTYPE, empty, body)))
    sealed = empty.replace(b":  -->", b": %s -->" % digest.encode())
    return b"".join((_DOCTYPE, sealed, body))


def open_page(html: bytes) -> Page | None:
    """Return what a sealed page says of itself.

    Args:
        html: the page's bytes.

    Returns:
        What it was made from, and whether it is untouched; None for a file that is none of ours.
    """
    found = _PAGE.match(html, len(_DOCTYPE))
    if found is None or not html.startswith(_DOCTYPE):
        return None
    of, digest = (group.decode() for group in found.groups())
    text = html[: found.start(2)] + html[found.end(2) :]
    return Page(of, digest_of(text) == digest)
