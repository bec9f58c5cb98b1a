"""Run-length masks of COCO, both forms, in numpy: ``counts`` as a list of runs, and as pycocotools' string."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def decode(rle: dict[str, Any]) -> Mask:
    """Draw a run-length mask.

    Args:
        rle: ``{"size": [height, width], "counts": [runs] or "string"}``; runs go down the columns and begin with the
            pixels that are not set.

    Returns:
        (height, width) bool.

    Raises:
        ValueError: the runs are no numbers from 0 up, or their sum isn't height * width.
    """
    height, width = (int(side) for side in rle["size"])
    runs = checked_runs(rle)
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape(width, height).T


def encode(mask: Mask, *, compressed: bool) -> dict[str, Any]:
    """Give a (height, width) bool mask as run lengths: a string if ``compressed``, else a list."""
    flat = mask.T.reshape(-1)
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate(([0], edges, [flat.size]))).tolist()
    if flat.size and flat[0]:
        runs.insert(0, 0)
    return {"size": [mask.shape[0], mask.shape[1]], "counts": _pack(runs) if compressed else runs}


def checked_runs(rle: dict[str, Any]) -> list[int]:
    """Return the runs of a mask, as `decode` draws them.

    Raises:
        ValueError: as `decode`.
    """
    height, width = (int(side) for side in rle["size"])
    runs = runs_of(rle["counts"])
    if any(run < 0 for run in runs) or sum(runs) != height * width:
        raise ValueError(f"the runs of a mask of {height}x{width} sum to {sum(runs)}, not to {height * width}, or one is "
                         "below 0")
    return runs


def runs_of(counts: str | list[int]) -> list[int]:
    """Return the runs of either form.

    Raises:
        ValueError: a run isn't a whole number, or the string isn't one that pycocotools could have written.
    """
    if isinstance(counts, str):
        return _unpack(counts)
    if any(isinstance(run, bool) or not isinstance(run, int | float) or run != run // 1 for run in counts):
        raise ValueError("a run of a mask isn't a whole number")
    return [int(run) for run in counts]


def _pack(runs: list[int]) -> str:
    """Write runs as pycocotools' ``rleToString``: from the third on, the difference to the run two before, in 5 bits a letter."""
    letters = bytearray()
    for index, run in enumerate(runs):
        value = run - runs[index - 2] if index > 2 else run
        more = True
        while more:
            letter = value & 0x1F
            value >>= 5
            more = value != (-1 if letter & 0x10 else 0)
            letters.append((letter | 0x20 if more else letter) + 48)
    return letters.decode("ascii")


def _unpack(text: str) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for code in text.encode("ascii", "replace"):
        letter = code - 48
        if not 0 <= letter < 64:
            raise ValueError(f"the letter {chr(code)!r} can't stand in a compressed mask")
        value |= (letter & 0x1F) << shift
        shift += 5
        if letter & 0x20:
            continue
        if letter & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("a compressed mask ends in the middle of a run")
    return runs
