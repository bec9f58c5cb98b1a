"""What digests, seals and looking again cost of a run: their share of its CPU time.

Two runs: the rows of `coco_scale.py`, and copies of pictures with `augment`. Each is made twice in
this process, with ``--jobs 0``: once for its CPU time, once below a profiler for the time within
SHA-256 and within the modules that seal records, remember files and look at what is around a step.
The profiler makes Python's own code look slower than it is, so the share is rather too large. It
sees one thread; what other threads hash is measured by their own clock. What `split` draws by
SHA-256 is its work, and doesn't count.

Mark: 0.03.
"""

import argparse
import cProfile
import json
import pstats
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import cv2
import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests/helpers"))
import coco_scale
from builders import command

from coco_recipe import files
from coco_recipe.testing import coco

AUGMENT = """\
coco_recipe: 1
name: copies
inputs: {raw: {annotations: instances.json, images: images}}
steps:
  - id: more
    use: augment
    in: raw
    with:
      copies: 2
      format: jpg
      pipeline:
        - HorizontalFlip: {p: 0.5}
        - RandomBrightnessContrast: {p: 0.5}
        - Affine: {rotate: [-10, 10], p: 0.5}
"""
OURS = ("seals.py", "known_files.py", "surroundings.py", "verification.py")
NOT_OURS = "sides.py"


def rows(folder: Path, images: int) -> None:
    """Write a file of rows with polygons, and the recipe of `coco_scale.py`."""
    boxes = [(1 + n % images, 1 + n % 3) for n in range(7 * images)]
    data = coco(images, boxes, ("cat", "dog", "category 3"))
    for row in data["annotations"]:
        row["segmentation"] = [[round(1.37 * n, 2) for n in range(2, 40)]]
    (folder / "instances.json").write_text(json.dumps(data))
    (folder / "recipe.yaml").write_text(coco_scale.RECIPE)


def pictures(folder: Path, images: int) -> None:
    """Write noisy pictures of 640 x 480 px and the recipe that copies them."""
    data = coco(images, [(1 + n % images, 1 + n % 2) for n in range(4 * images)])
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    for row in data["images"]:
        row |= {"width": 640, "height": 480}
        noise = rng.integers(0, 255, (480, 640, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / "images" / row["file_name"]), cv2.GaussianBlur(noise, (15, 15), 5))
    (folder / "instances.json").write_text(json.dumps(data))
    (folder / "recipe.yaml").write_text(AUGMENT)


def run(folder: Path, out: str) -> float:
    """Run all of the recipe; return its CPU seconds."""
    began = time.process_time()
    done = command("run", "recipe.yaml", "--jobs", "0", "--out", out, "--force", cwd=folder)
    assert done.returncode == 0, done.stderr
    return time.process_time() - began


def looking(folder: Path) -> float:
    """Run the recipe below a profiler; return the CPU seconds of digests and of looking again."""
    profile = cProfile.Profile(time.process_time)
    with mock.patch.object(files, "sha256_of", _Timed(files.sha256_of)) as beside:
        profile.enable()
        run(folder, "profiled")
        profile.disable()
    seconds = beside.seconds
    for (file, _, function), (_, _, own, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if file == "~" and ("HASH" in function or "sha256" in function):
            seconds += sum(row[2] for by, row in callers.items() if not by[0].endswith(NOT_OURS))
        elif file.endswith(OURS):
            seconds += own
    return seconds


class _Timed:
    """A function with the CPU seconds that threads beside the first one spend in it."""

    def __init__(self, function: Callable[[bytes], str]) -> None:
        self.function, self.seconds = function, 0.0

    def __call__(self, data: bytes) -> str:
        began = time.thread_time()
        try:
            return self.function(data)
        finally:
            if threading.current_thread() is not threading.main_thread():
                self.seconds += time.thread_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="images of the file of rows")
    parser.add_argument("--pictures", type=int, default=100)
    options = parser.parse_args()
    for make, images in ((rows, options.rows), (pictures, options.pictures)):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make(folder, images)
            run(folder, "warm")  # imports
            whole, part = run(folder, "whole"), looking(folder)
            print(
                f"{make.__name__}: {part:.3f} of {whole:.2f} CPU s: {part / whole:.4f} (mark 0.03)"
            )


if __name__ == "__main__":
    main()
