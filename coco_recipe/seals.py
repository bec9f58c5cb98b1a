"""Records that carry the digest of their own bytes, so that a changed one is known by itself."""

import hashlib

_START, _END = b',"digest":"', b'"}'
_LENGTH = len(_START) + 64 + len(_END)


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
    """Return a line of JSON with the key ``digest`` at its end: SHA-256 of the line without it.

    Args:
        line: an object with at least one key, without a line break.
    """
    return b"".join((line[:-1], _START, digest_of(line).encode(), _END))


def open_line(line: bytes) -> bytes | None:
    """Return a sealed line without its digest; None where a byte of it has changed."""
    body, seal = line[:-_LENGTH] + b"}", line[-_LENGTH:]
    return body if seal == b"".join((_START, digest_of(body).encode(), _END)) else None
