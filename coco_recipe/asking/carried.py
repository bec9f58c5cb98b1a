"""What a file says of its own making: a checkpoint's ``meta``, read without running anything.

A ``.pth`` is a zip whose ``data.pkl`` holds the meta; its operations are listed, never executed. A
``.safetensors`` file begins with a header of JSON.
"""

import io
import json
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

META = "coco_recipe"  # the key in a checkpoint's meta
_MOST_PICKLE, _MOST_HEADER = 200_000_000, 100_000_000  # bytes; a hostile file may claim any


def lineage_of(path: Path) -> dict[str, Any] | None:
    """Return what a checkpoint says of the run that made it; None where it says nothing.

    It is what the file claims: any program can write such a text.

    Args:
        path: any file.
    """
    try:
        text = _of_zip(path) if zipfile.is_zipfile(path) else _of_safetensors(path)
        found = json.loads(text) if text else None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _of_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        name = next((one for one in archive.namelist() if one.endswith("/data.pkl")), "")
        if not name or archive.getinfo(name).file_size > _MOST_PICKLE:
            return ""
        texts = _texts(archive.read(name))
    return next((after for text, after in texts if text == META), "")


def _texts(pickle: bytes) -> Iterator[tuple[str, str]]:
    """Yield each text of a pickle with the one that follows it; nothing is executed."""
    last = None
    for _, argument, _ in pickletools.genops(io.BytesIO(pickle)):
        if isinstance(argument, str):
            if last is not None:
                yield last, argument
            last = argument


def _of_safetensors(path: Path) -> str:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_MOST_HEADER, path.stat().st_size):
            return ""
        header = json.loads(file.read(length))
    meta = json.loads(header.get("__metadata__", {}).get("meta", "{}"))
    found = meta.get(META, "") if isinstance(meta, dict) else ""
    return found if isinstance(found, str) else ""
