"""Say what a file holds that isn't JSON, and what to do about it."""

import codecs
import re

BLOCK = 1 << 20  # bytes that are decoded at once: a large file takes no memory twice
_COMPRESSED = {
    b"\x1f\x8b": "gzip; unpack it first (gunzip)",
    b"PK\x03\x04": "ZIP; unpack it first (unzip), and name the file that comes out",
    b"BZh": "bzip2; unpack it first (bunzip2)",
    b"\xfd7zXZ": "xz; unpack it first (unxz)",
    b"\x28\xb5\x2f\xfd": "Zstandard; unpack it first (unzstd)",
}
_DOWNLOAD = "an answer of a server, maybe: download the file itself"
_STARTS = {
    rb"version https://git-lfs": "is a Git LFS pointer, not the annotations: git lfs pull",
    rb"<": f"is HTML or XML, not JSON ({_DOWNLOAD})",
    rb"\0": "is zero bytes, not JSON: a copy or a download didn't end; get the file again",
    rb"//|/\*|#": "is not JSON, which has no comments: remove them",
    rb"\{\s*'": "is not JSON, whose quotes are double: json.dump writes them, str or print doesn't",
}
_LARGE = re.compile(rb"-?\d{20,}[\d.]*|-?\d[\d.]*[eE]\+?\d{3,}")  # beyond 64 bits, or 1e100
_ROWS = re.compile(rb"\{[^\n]*\}\r?\n\s*\{")


def told(text: bytes) -> str:
    """Say what a text is by its first bytes; empty for what may be JSON.

    Args:
        text: a file's bytes, without a byte order mark.
    """
    for start, name in _COMPRESSED.items():
        if text.startswith(start):
            return f"is compressed with {name}"
    has_zero = {text[:1] == b"\0", text[1:2] == b"\0"}
    if text[:2] in (b"\xff\xfe", b"\xfe\xff") or len(has_zero) == 2:
        return "is UTF-16 or UTF-32; save it as UTF-8"
    head = text[:1000].lstrip()
    if not head and not text.strip():
        return "is not JSON: it is empty; write images, annotations and categories"
    return next((said for start, said in _STARTS.items() if re.match(start, head)), "")


def end_told(text: bytes) -> str:
    """Say where a text ends that ends within a value."""
    end = text[-40:].decode("utf-8", "replace")
    return (
        f"ends within a value (byte {len(text)}, behind {end!r}): "
        "a copy or a download didn't end; get the file again"
    )


def of_several(text: bytes) -> str:
    """Say what stands in a text behind a whole value, where that is JSON as well."""
    head = text.lstrip()[:100_000]
    if _ROWS.match(head) and b'"annotations"' not in head.splitlines()[0]:
        return (
            "; JSON Lines? COCO is one object: join the rows under images, annotations, categories"
        )
    return "; a file has one object: remove what stands behind it, or write it to a file of its own"


def number_told(text: bytes, message: str) -> str:
    """Say which number of a table's rows is too large, and what to do.

    Args:
        text: the table.
        message: the reader's, which ends with the place.

    Returns:
        The number's place below the table, and the rest of a sentence.
    """
    place = message.partition(" - at `$")[2].rstrip("`")
    found = _LARGE.findall(text)
    number = f"{_shortened(found[0])} is" if len(found) == 1 else "a number is"
    return f"{place}: {number} too large to be read: correct it, or remove the row"


def _shortened(digits: bytes) -> str:
    told = digits.decode("ascii")
    return told if len(told) <= 40 else f"{told[:20]}... ({len(told)} digits)"


def why(place: str, text: bytes, error: Exception) -> str:
    """Say why a text can't be decoded at all: its encoding, or what the reader says.

    Args:
        place: what messages call the text.
        text: what was read.
        error: the reader's.
    """
    if wrong := not_utf_8(text):
        return f"{place}: {wrong}"
    return f"{place}: can't be read: {error}"


def not_utf_8(text: bytes) -> str:
    """Say where a text isn't UTF-8, and what to do about it; empty where all of it is.

    JSON's readers don't look into what they leave undecoded.
    """
    if text.isascii():
        return ""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(text), BLOCK):
        begun = start - len(decoder.getstate()[0])
        try:
            decoder.decode(text[start : start + BLOCK], start + BLOCK >= len(text))
        except UnicodeDecodeError as wrong:
            at = begun + wrong.start
            around = text[max(at - 30, 0) : at + 10].decode("utf-8", "replace")
            where = f"byte {at}, near {around!r}"
            return f"is not UTF-8 ({where}); save it with the encoding UTF-8"
    return ""
