"""The one way into a checkpoint file: nothing in it is run, and what this refuses is not read."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

from coco_recipe_torch import archive

_HISTORY = "mmengine.logging.history_buffer"


def read_whole(path: Path, *, mmap: bool = True) -> dict[str, Any]:
    """Read everything in a checkpoint file; only weights and plain values are ever made.

    The file's structure and checksums are checked first, then torch's weights-only reader is
    used with the few classes that a plain checkpoint of mmengine needs: its log buffer (a
    stand-in that only holds it) and numpy's scalars. There is no other way in: what this refuses is
    not read.

    Raises:
        ValueError: the file isn't there, isn't whole, or asks for anything else; names the
            file and the reason.
    """
    kind = archive.kind_of(path)
    if kind == "zip":
        archive.expect_undamaged(path)
    try:
        content = (
            _load_safetensors(path)
            if kind == "safetensors"
            else _load_torch(path, mmap=mmap and kind == "zip")
        )
    except Exception as error:  # torch raises almost anything for a damaged file
        raise ValueError(f"{path}: is refused: {_reason(error)}") from error
    if not isinstance(content, dict):
        raise ValueError(
            f"{path}: holds a {type(content).__name__}, expected a mapping with a state dict"
        )
    return content


class _History:
    """Stands in for mmengine's HistoryBuffer, which would put what a file says into its class."""


def _history_method(owner: Any, name: str) -> str:
    """Stand in for ``getattr``, by which a HistoryBuffer names its methods; return the name."""
    if owner is not _History or name not in ("min", "max", "current", "mean"):
        raise ValueError(
            f"it asks for getattr of {str(name)[:50]!r}, which no weights need; nothing of it was "
            "run"
        )
    return name


def _allowed() -> list[Any]:
    """Return what a plain checkpoint of mmengine may name: its log buffer, numpy's arrays."""
    import numpy as np
    from numpy._core import multiarray

    kinds = [
        type(np.dtype(name))
        for name in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")
    ]
    functions = [
        (function, f"numpy.{core}.multiarray.{name}")
        for core in ("_core", "core")
        for name, function in (
            ("scalar", multiarray.scalar),
            ("_reconstruct", multiarray._reconstruct),
        )
    ]
    history = [(_History, f"{_HISTORY}.HistoryBuffer"), (_history_method, "builtins.getattr")]
    return [*history, *functions, np.ndarray, np.dtype, *kinds]


def _load_torch(path: Path, *, mmap: bool) -> Any:
    import torch

    with torch.serialization.safe_globals(_allowed()):
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)


def _load_safetensors(path: Path) -> dict[str, Any]:
    if importlib.util.find_spec("safetensors") is None:
        raise ValueError(
            'reading it needs the package safetensors: pip install "coco-recipe[train]"'
        )
    from safetensors import safe_open
    from safetensors.torch import load_file

    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
    return {"meta": json.loads(metadata.get("meta", "{}")), "state_dict": load_file(path)}


def _reason(error: Exception) -> str:
    text = str(error)
    if named := re.search(
        r"GLOBAL (\S+) (?:was not an allowed global|whose module \S+ is blocked)", text
    ):
        return (
            f"it asks for {named[1]}, which no weights need; nothing of it was run. If it holds a "
            "whole model, save its weights alone where it comes from: "
            "torch.save({'state_dict': model.state_dict()}, 'weights.pth')"
        )
    first = next((line for line in text.splitlines() if line.strip()), "") or type(error).__name__
    if "WeightsUnpickler error:" in text:
        first = text.partition("WeightsUnpickler error:")[2].strip().splitlines()[0]
    return first[:300]
