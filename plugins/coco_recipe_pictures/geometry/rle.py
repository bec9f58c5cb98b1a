"""Run-length masks of COCO in numpy: a list of runs, or pycocotools' string."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coco_recipe import checked_runs, runs_of

__all__ = ["checked_runs", "decode", "encode", "runs_of"]

Mask = NDArray[np.bool_]


def decode(rle: dict[str, Any]) -> Mask:
    """Draw a run-length mask.

    Args:
        rle: ``{"size": [height, width], "counts": [runs] or "string"}``; runs go down the columns
            and begin with the pixels that are not set.

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
    """Return a mask as run lengths.

    Args:
        mask: (height, width) bool.
        compressed: the runs become pycocotools' string, else they are a list.

    Returns:
        ``{"size": [height, width], "counts": ...}``.
    """
    flat = mask.T.reshape(-1)
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate(([0], edges, [flat.size]))).tolist()
    if flat.size and flat[0]:
        runs.insert(0, 0)
    return {"size": [mask.shape[0], mask.shape[1]], "counts": _pack(runs) if compressed else runs}


def _pack(runs: list[int]) -> str:
    """Return runs as pycocotools' ``rleToString`` writes them, 5 bits a letter.

    From the third run on, it writes the difference to the run two before.
    """
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
