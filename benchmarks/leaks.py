"""How many planted copies check_leakage finds, how many other pairs it names, and how fast it is.

Copies of real photographs are planted (../shared/data or $COCO_RECIPE_DATA): encoded anew, scaled,
cut by up to 5 % at each edge, brighter, flipped, turned, and all of these at once. Pairs among the
photographs that show the same (data sets have such pairs) are found first, and left out.

The rate is that of drawn pictures of 640x480, in CPU time of one core; what grows with the square
of their number is measured by itself. ``ratio`` is the time beside that of decoding the pictures.

``--whole 100000`` draws so many JPEGs (30 KB each, in a temporary folder), half of them for each of
two parts, the first 1,000 of the second part mirrored copies of the first, encoded anew; and times
a run of the step by two workers. It named the 1,000 pairs and no other, and took 3 min 50 s and
6 min 2 s on two cores that had four times as much other work at the time.
"""

import argparse
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from coco_recipe_pictures.alike import aligned, hashes, pairs, search
from coco_recipe_pictures.alike.leak_params import DISTANCE

from coco_recipe import Dataset, Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/helpers"))
import planted

DATA = Path(os.environ.get("COCO_RECIPE_DATA", Path(__file__).parents[2] / "shared" / "data"))
GOAL = 100_000


def _part(name: str, folder: Path, files: list[str]) -> Dataset:
    images = tuple(Image(n, file) for n, file in enumerate(files, 1))
    return Dataset(images, (), (), name, {name: folder})


def recall(copies: int, sources: list[Path]) -> None:
    """Plant copies, and print how many are found and how many other pairs are named."""
    rng, kinds = random.Random(7), list(planted.COPIES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n, source in enumerate(sources):
            (folder / f"source_{n}.jpg").symlink_to(source)
        originals = [f"source_{n}.jpg" for n in range(len(sources))]
        each = {name: _part(name, folder, originals) for name in ("one", "other")}
        own = list(pairs.found(each, pairs.Wanted(DISTANCE), map))
        alike = {
            (p.one.file_name, p.other.file_name)
            for p in own
            if p.reason != "nearest" and p.one.file_name != p.other.file_name
        }
        linked = alike | {(other, one) for one, other in alike}
        print(f"{len(sources)} photographs; {len(linked) // 2} pairs of their own")
        missed, others, of = Counter[str](), 0, Counter[str]()
        for begin in range(0, copies, len(sources)):
            files: dict[str, str] = {}
            for n in range(begin, min(copies, begin + len(sources))):
                kind, source = kinds[n % len(kinds)], originals[n % len(sources)]
                picture = cv2.imread(str(folder / source))
                copy = planted.COPIES[kind](picture, rng)
                (folder / f"{n}_{kind}.jpg").write_bytes(planted.encoded(copy))
                files[f"{n}_{kind}.jpg"] = source
            both = {
                "train": _part("train", folder, originals),
                "val": _part("val", folder, list(files)),
            }
            near = [
                pair
                for pair in pairs.found(both, pairs.Wanted(DISTANCE), map)
                if pair.reason != "nearest"
            ]
            right = {p.other.file_name for p in near if files[p.other.file_name] == p.one.file_name}
            for file in files:
                kind = file.partition("_")[2].removesuffix(".jpg")
                of[kind] += 1
                missed[kind] += file not in right
            others += sum(
                files[p.other.file_name] != p.one.file_name
                and (files[p.other.file_name], p.one.file_name) not in linked
                for p in near
            )
        for kind in kinds:
            print(f"  {kind}: {of[kind] - missed[kind]} of {of[kind]} found")
        print(f"  in all: {copies - missed.total()} of {copies}; other pairs named: {others}")


def rate(number: int) -> None:
    """Print the time for so many pictures, and for the goal by what was measured."""
    with tempfile.TemporaryDirectory() as name:
        paths = []
        for n in range(number):
            path = Path(name) / f"{n}.jpg"
            path.write_bytes(planted.encoded(planted.scene(n, 640, 480), 90))
            paths.append(str(path))
        decoding = time.process_time()
        for path in paths:
            cv2.imread(path)
        decoding = time.process_time() - decoding
        looking = time.process_time()
        looks = [hashes.look(path) for path in paths]
        looking = time.process_time() - looking
        low = np.array([np.frombuffer(look.low, np.float32) for look in looks]).reshape(-1, 8, 8)
        many = np.concatenate([low] * (8000 // number + 1))[:8000]
        many = many + np.random.default_rng(0).normal(0, many.std(), many.shape)
        many = many.astype(np.float32)
        searching = time.process_time()
        found = list(search.candidates(many[:4000], many[4000:]))
        searching = time.process_time() - searching
        comparing = time.process_time()
        aligned.distances(
            [
                (looks[n].thumbnail(), looks[(n + 1) % number].thumbnail(), (0,))
                for n in range(number)
            ]
        )
        comparing = (time.process_time() - comparing) / number
    print(f"decoding whole: {1e3 * decoding / number:.2f} ms a picture; ratio 1")
    print(f"looking: {1e3 * looking / number:.2f} ms a picture; ratio {looking / decoding:.2f}")
    print(
        f"searching 4,000 in 4,000: {searching:.1f} s; {len(found) / 4000:.2f} pairs to compare of "
        f"each, {1e3 * comparing:.1f} ms each"
    )
    half = GOAL / 2
    total = looking / number * GOAL + searching * (half / 4000) ** 2 + comparing * half
    print(
        f"{GOAL:,} pictures in two equal parts, with one pair to compare of each searched: "
        f"{total:.0f} s of one core, {total / 2:.0f} s on two"
    )


SIZE, COPIES, AT_ONCE, GRAINS = (640, 480), 1000, 500, 40


def _grains() -> list[planted.Picture]:
    """Return layers of fine noise, int16, of which one lies on each picture."""
    noise = np.random.default_rng(5)
    fine = (noise.normal(0, 14, (160, 213, 3)).astype(np.float32) for _ in range(GRAINS))
    return [cv2.resize(one, SIZE).astype(np.int16) for one in fine]


def _draw(asked: tuple[Path, int, int]) -> None:
    """Draw the pictures from one number on, of so many, into the folders of both parts."""
    folder, begin, number = asked
    grains, half = _grains(), number // 2
    for n in range(begin, min(begin + AT_ONCE, number)):
        is_copy = half <= n < half + COPIES
        seed = n - half if is_copy else n
        coarse = 128 + np.random.default_rng(1000 + seed).normal(0, 50, (9, 12, 3))
        picture = cv2.resize(np.clip(coarse, 0, 255).astype(np.uint8), SIZE)
        picture = cv2.add(picture, grains[seed % GRAINS], dtype=cv2.CV_8U)
        part = "train" if n < half else "val"
        data = planted.encoded(picture[:, ::-1], 60) if is_copy else planted.encoded(picture, 80)
        (folder / part / f"{n:06}.jpg").write_bytes(data)


def whole(number: int) -> None:
    """Draw pictures, run the step on them, and print how long it took and what it found."""
    with tempfile.TemporaryDirectory() as name:
        folder, half = Path(name), number // 2
        for part, rows in (("train", range(half)), ("val", range(half, number))):
            (folder / part).mkdir()
            images = [
                {"id": n + 1, "file_name": f"{n:06}.jpg", "width": SIZE[0], "height": SIZE[1]}
                for n in rows
            ]
            data = {"images": images, "annotations": [], "categories": [{"id": 1, "name": "any"}]}
            (folder / f"{part}.json").write_text(json.dumps(data))
        with multiprocessing.Pool(2) as pool:
            pool.map(_draw, [(folder, n, number) for n in range(0, number, AT_ONCE)], 1)
        step = {"id": "leaks", "use": "check_leakage", "in": {"train": "train", "val": "val"}}
        recipe = {
            "coco_recipe": 1,
            "name": "whole",
            "inputs": {
                part: {"annotations": f"{part}.json", "images": part} for part in ("train", "val")
            },
            "steps": [step | {"with": {"fails": []}}],
        }
        (folder / "recipe.yaml").write_text(json.dumps(recipe))
        line = [sys.executable, "-m", "coco_recipe.cli", "run", "recipe.yaml", "--jobs", "2"]
        began = time.monotonic()
        done = subprocess.run([*line, "--no-report"], cwd=folder, capture_output=True, text=True)
        seconds = time.monotonic() - began
        if done.returncode:
            raise SystemExit(done.stderr)
        lines = (folder / "runs/whole/steps/leaks/pairs.jsonl").read_text().splitlines()
        near = [pair for pair in map(json.loads, lines) if pair["reason"] == "near"]
        right = sum(pair["other"]["image"] == pair["one"]["image"] + half for pair in near)
    print(f"{number:,} pictures of 640x480 by two workers: {seconds:.0f} s; {right} of ", end="")
    print(f"{min(COPIES, half)} copies found, {len(near) - right} other pairs named")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=1000)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--whole", type=int, default=0, help="Run the step on so many pictures.")
    asked = parser.parse_args()
    if asked.whole:
        whole(asked.whole)
        raise SystemExit
    for folder in ("car_damage", "lpbf_defects"):
        if found_files := sorted((DATA / folder).rglob("*.jpg")):
            print(folder)
            recall(asked.copies, found_files)
    rate(asked.pictures)
