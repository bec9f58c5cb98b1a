"""The structure of a checkpoint file, checked before torch opens it."""

import os
import re
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path

try:
    from isal.isal_zlib import crc32  # ten times as fast
except ImportError:  # an interpreter that a recipe names (python:) need not have it
    from zlib import crc32

LARGEST = 64 * 2**30  # bytes of a file
LARGEST_PICKLE = 2**28  # bytes of data.pkl: names, shapes and mmengine's log buffers, not weights
# the pickle of 0x1950a86a20f9469cfc6c, with which files of torch before 1.6 begin
_LEGACY = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_LOCAL_HEADER = 30
_LENGTHS = 26  # where a local header says how long the name is, and what stands behind it
_BLOCK = 2**20  # bytes that are read at once
_ENTRY = re.compile(r"[^/\\]+/([A-Za-z0-9_.-]+/)*[A-Za-z0-9_.-]+")


def kind_of(path: Path) -> str:
    """Return "zip", "legacy" (torch before 1.6) or "safetensors"; a zip's entries are checked.

    Raises:
        ValueError: the file is none of these, cut off, or built to unfold; names the file and the
            reason.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(64)
    if not size:
        raise ValueError(f"{path}: is empty (0 bytes)")
    if size > LARGEST:
        raise ValueError(f"{path}: has {size} bytes, more than {LARGEST}, which no detector needs")
    if start.startswith(b"version https://git-lfs"):
        raise ValueError(
            f"{path}: is a pointer of git LFS, not the weights; get them with 'git lfs pull'"
        )
    if start.startswith(b"PK"):
        _check_zip(path, size)
        return "zip"
    if path.suffix == ".safetensors":
        return "safetensors"
    if start[2 : 2 + len(_LEGACY)] == _LEGACY:
        return "legacy"
    if start.startswith(b"\x80"):
        raise ValueError(
            f"{path}: is a bare pickle, as Detectron2's model zoo has them; reading one can run "
            "anything: where it comes from, save the weights: torch.save({'state_dict': ...}, "
            "'weights.pth')"
        )
    raise ValueError(
        f"{path}: is not a checkpoint of torch or safetensors (it begins with {start[:8]!r})"
    )


def expect_undamaged(path: Path) -> None:
    """Compare each entry of a zip with its CRC-32, which torch.save writes unless told not to.

    Several entries at a time: most of a large file's reading is this.

    Raises:
        ValueError: bytes were changed since; names the file and the entry.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if not any(entry.CRC for entry in entries):
        return
    # read, not mapped: a file that is cut meanwhile would end the process
    with path.open("rb") as file, ThreadPoolExecutor(os.cpu_count()) as pool:
        sound = pool.map(partial(_is_sound, file.fileno()), entries)
        damaged = next((e.filename for e, ok in zip(entries, sound, strict=True) if not ok), "")
    if damaged:
        raise ValueError(
            f"{path}: is damaged: its entry {damaged!r} isn't what was written (by its CRC-32); "
            "copy or download it again"
        )


def _is_sound(handle: int, entry: zipfile.ZipInfo) -> bool:
    """Return whether a stored entry has the name and the CRC-32 that the directory gives it."""
    at = entry.header_offset + _LOCAL_HEADER
    header = os.pread(handle, _LOCAL_HEADER, entry.header_offset)
    if len(header) < _LOCAL_HEADER:
        return False
    of_name, of_extra = struct.unpack_from("<HH", header, _LENGTHS)
    if os.pread(handle, of_name, at) != entry.filename.encode():
        return False
    at += of_name + of_extra
    end, found = at + entry.file_size, 0
    while at < end and (data := os.pread(handle, min(_BLOCK, end - at), at)):
        found, at = crc32(data, found), at + len(data)
    return found == entry.CRC


def _check_zip(path: Path, size: int) -> None:
    """Compare a zip with what torch.save writes: entries one after the other, in one folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries, end, comment = archive.infolist(), archive.start_dir, archive.comment
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        OverflowError,
        ValueError,
        OSError,
        UnicodeDecodeError,
    ) as error:
        raise ValueError(f"{path}: is cut off or damaged: {error}") from error
    if reason := _fault(entries, end, comment, size):
        raise ValueError(f"{path}: is refused: {reason}")


def _fault(entries: list[zipfile.ZipInfo], end: int, comment: bytes, size: int) -> str:
    """Return what is wrong with a zip's directory; empty if nothing is."""
    names = [entry.filename for entry in entries]
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            return (
                f"its entry {entry.filename!r} is compressed, {entry.compress_size} bytes that "
                f"unfold to {entry.file_size}; torch.save stores entries as they are"
            )
        if entry.flag_bits & 1:
            return f"its entry {entry.filename!r} is encrypted"
        if not _ENTRY.fullmatch(entry.filename) or ".." in entry.filename.split("/"):
            return f"its entry {entry.filename!r} has a name that torch.save doesn't write"
    if len({name.partition("/")[0] for name in names}) != 1 or len(set(names)) != len(names):
        return "its entries are not in one folder, or one stands there twice"
    pickles = [entry for entry in entries if entry.filename.partition("/")[2] == "data.pkl"]
    if not pickles or pickles[0].file_size > LARGEST_PICKLE:
        return f"it has no data.pkl of at most {LARGEST_PICKLE} bytes"
    if (total := sum(entry.file_size for entry in entries)) > size:
        return f"its entries add up to {total} bytes, the file has {size}"
    places = sorted(
        (entry.header_offset, _LOCAL_HEADER + len(entry.filename.encode()) + entry.file_size)
        for entry in entries
    )
    if (
        places[0][0]
        or comment
        or any(
            at + length > following
            for (at, length), (following, _) in pairwise([*places, (end, 0)])
        )
    ):
        return "its entries overlap, or there is something before or behind them"
    return ""
