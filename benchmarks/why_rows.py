"""The histories of random rows at COCO scale, held against a script that knows nothing of them.

`why` is asked for random published annotations of a run of the recipe of `coco_scale.py` (`RECIPE`,
run in a folder with the file that its `make` writes). The script filters, numbers and divides the
raw file by itself, with the standard library alone, and each history must name the raw row that it
found: its id, its file, its box and its part.

Mark: all rows are right; one whole `coco-recipe why` takes 3 s of CPU.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coco_recipe.asking.following import Following
from coco_recipe.asking.why import _Asking
from coco_recipe.running.reopening import reopen
from coco_recipe.running.store import Store

DROPPED = "category 3"  # by the recipe of coco_scale.py


def truth(folder: Path) -> dict[int, dict[str, Any]]:
    """Return the raw row of each new id, as the recipe says: drop a category, number in order."""
    data = json.loads((folder / "instances.json").read_text("utf-8"))
    gone = {row["id"] for row in data["categories"] if row["name"] == DROPPED}
    names = {row["id"]: row["file_name"] for row in data["images"]}
    kept = (row for row in data["annotations"] if row["category_id"] not in gone)
    return {n: {**row, "file_name": names[row["image_id"]]} for n, row in enumerate(kept, 1)}


def published(run: Path) -> dict[int, str]:
    """Return the part of each published annotation."""
    found = {}
    for path in (run / "steps/out/annotations").glob("instances_*.json"):
        part = path.stem.removeprefix("instances_")
        found |= {row["id"]: part for row in json.loads(path.read_text("utf-8"))["annotations"]}
    return found


def wrong(run: Path, rows: int) -> Iterator[str]:
    """Yield what is wrong with the histories of random rows."""
    raw, parts = truth(run.parents[1]), published(run)
    plan = reopen(run)
    asking = _Asking(plan, Following(plan, Store(run)), run)
    for new in random.Random(0).sample(sorted(parts), rows):
        row = raw[new]
        box = " ".join(f"{side:g}" for side in row["bbox"])
        first = f"annotation {row['id']} on {row['file_name']}, "
        histories = [[event.what for event in track.events] for track in asking.at("out", new, "")]
        if not any(
            told[0].startswith(first)
            and told[0].endswith(f"box {box}")
            and f"into part {parts[new]}" in told
            for told in histories
        ):
            yield f"annotation {new}: {histories}, expected {first}box {box}, {parts[new]}"


def main() -> None:
    """Check rows, and time one command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="runs/scale, beside instances.json in the folder")
    parser.add_argument("--rows", type=int, default=200)
    options = parser.parse_args()
    found = list(wrong(options.run, options.rows))
    print(*found, f"{options.rows - len(found)} of {options.rows} histories are right", sep="\n")
    command = [sys.executable, "-m", "coco_recipe.cli", "why", str(options.run)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "--annotation", "4711"], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"coco-recipe why: {seconds:.2f} s of CPU")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
