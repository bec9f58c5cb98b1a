"""The checks at COCO scale: seconds of loading, rows and segmentations; headers a second.

Draws a file with the shape of instances_train2017 (118,287 images, 860,000 annotations, one in 85 a
crowd with a run-length mask), and a folder of JPEGs. The marks: rows and segmentations take at most
6 s beyond loading, and 5,000 headers are read a second. The parts are CPU seconds of one process;
`coco-recipe check` as a whole is timed by the clock, beside a process that only loads: it works in
as many processes as there are cores. All are the least of several rounds.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coco_scale
import cv2
import numpy as np
from coco_recipe_pictures.checks import mask_checks

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


def by_the_clock(rounds: int, command: list[str]) -> float:
    """Return the least seconds that a process takes, from its start to its end."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
        if done.returncode not in (0, 1):  # 1: there are findings that are errors
            raise RuntimeError(f"{command} ended with {done.returncode}")
    return min(taken)


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
    print(f"for 860,000 annotations: {checks / share:.1f} s of CPU beyond loading")
    load = "import sys; from pathlib import Path; from coco_recipe import coco_json; "
    load += "coco_json.load(Path(sys.argv[1]))"
    alone = by_the_clock(rounds, [sys.executable, "-c", load, str(path)])
    whole = by_the_clock(rounds, [sys.executable, "-m", "coco_recipe.cli", "check", str(path)])
    print(f"processes: load {alone:.2f} s, coco-recipe check {whole:.2f} s ({whole / alone:.2f})")
    beyond = (whole - alone) / share
    print(f"for 860,000 annotations: {beyond:.1f} s by the clock (mark: {MARK_S:.0f} s)")


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
        f"headers: {pictures / seconds:.0f} a second of {len(encoded) / 1e3:.0f} kB JPEGs "
        f"(mark: {MARK_HEADERS})"
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
