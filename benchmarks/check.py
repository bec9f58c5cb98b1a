"""The checks at COCO scale: CPU seconds of loading, of rows and of segmentations, and picture headers a second.

Draws a file with the shape of instances_train2017 (118,287 images, 860,000 annotations, one in 85 a crowd with
a run-length mask), and a folder of JPEGs. The marks: rows and segmentations take at most 6 s beyond loading,
and 5,000 headers are read a second. Times are the least of several rounds, of one process.
"""

import argparse
import random
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coco_scale
import cv2
import numpy as np
from coco_recipe_albumentations import mask_checks

from coco_recipe import coco_json, read_header
from coco_recipe.checks import repeated_keys, row_checks

MARK_S, MARK_HEADERS = 6.0, 5000
CROWDS = 85  # one annotation in so many


def least(rounds: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the least CPU seconds of several rounds, and what came out."""
    taken, result = [], None
    for _ in range(rounds):
        began = time.process_time()
        result = work()
        taken.append(time.process_time() - began)
    return min(taken), result


def with_crowds(text: bytes) -> bytes:
    """Make one annotation in so many a crowd with a mask of 640x480 px."""
    count = iter(range(10**9))

    def changed(found: re.Match[bytes]) -> bytes:
        if next(count) % CROWDS:
            return found[0]
        return (
            b'"segmentation": {"counts": [1000, 200, 280, 200, 305520], "size": [480, 640]}'
            + found[1]
            + b'"iscrowd": 1'
        )

    return re.sub(rb'"segmentation": \[\[[^\]]*\]\](, "area": [^,]*, )"iscrowd": 0', changed, text)


def of_rows(path: Path, images: int, rounds: int) -> None:
    """Print what the checks of a drawn file take."""
    coco_scale.make(path, images)
    path.write_bytes(text := with_crowds(path.read_bytes()))
    loading, dataset = least(rounds, lambda: coco_json.parse(path.read_bytes()))
    top = coco_json.decode_top(text, path.name)
    parts = {
        "repeated keys": least(
            rounds, lambda: list(repeated_keys.findings(text, top, dataset, "x"))
        )[0],
        "rows": least(rounds, lambda: list(row_checks.findings(dataset, "x")))[0],
        "segmentations": least(rounds, lambda: list(mask_checks.check(dataset, "x")))[0],
    }
    checks = sum(parts.values())
    share = len(dataset.annotations) / 860_000
    print(f"{images} images, {len(dataset.annotations)} annotations, {len(text) / 1e6:.0f} MB")
    for name, seconds in ({"loading": loading} | parts | {"checks, together": checks}).items():
        print(f"{name:18} {seconds:6.2f} s ({seconds / loading:.2f} of loading)")
    print(f"for 860,000 annotations: {checks / share:.1f} s beyond loading (mark: {MARK_S:.0f} s)")


def of_headers(folder: Path, pictures: int, rounds: int) -> None:
    """Print how many headers of drawn JPEGs are read a second of one core."""
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    encoded = cv2.imencode(".jpg", cv2.GaussianBlur(noise, (9, 9), 0))[1].tobytes()
    paths = [folder / f"{n}.jpg" for n in range(pictures)]
    for path in paths:
        path.write_bytes(encoded)
    random.Random(0).shuffle(paths)
    seconds, _ = least(rounds, lambda: [read_header(path) for path in paths])
    print(
        f"headers: {pictures / seconds:.0f} a second of {len(encoded) / 1e3:.0f} kB JPEGs (mark: {MARK_HEADERS})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=118_287)
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        of_headers(Path(name), options.pictures, options.rounds)
        of_rows(Path(name) / "instances.json", options.images, options.rounds)


if __name__ == "__main__":
    main()
