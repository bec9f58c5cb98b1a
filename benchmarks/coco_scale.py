"""The data path at COCO scale: a recipe against a json script and hotcoco, in the same run.

Makes a file with the shape of instances_train2017 (118,287 images, 860,000 annotations) and times
whole processes, the interpreter's start included: filter one category -> reindex -> split 80/20 ->
write the annotations of both parts. hotcoco filters, splits and saves; it renumbers nothing and
keeps no books. The recipe's checks of rows are timed apart: the same run is made without them, too.
The scripts take turns; of several rounds each one's least is told.

Marks: 0.2 of the json script's time; without the checks, 1.1 of hotcoco's time and CPU.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RECIPE = """\
coco_recipe: 1
name: scale
inputs: {raw: {annotations: instances.json}}
steps:
  - {id: clean, use: filter_categories, in: raw, with: {drop: [category 3]}}
  - {id: numbered, use: reindex, in: clean}
  - {id: parts, use: split, in: numbered, with: {fractions: {train: 0.8, val: 0.2}}}
  - {id: out, use: export_coco, in: {train: parts.train, val: parts.val}, with: {images: none}}
"""
PLAIN = """\
import json, random
data = json.load(open("instances.json"))
gone = next(c["id"] for c in data["categories"] if c["name"] == "category 3")
data["categories"] = [c for c in data["categories"] if c["id"] != gone]
data["annotations"] = [a for a in data["annotations"] if a["category_id"] != gone]
images = {row["id"]: n for n, row in enumerate(data["images"], 1)}
categories = {row["id"]: n for n, row in enumerate(data["categories"], 1)}
for row in data["images"]: row["id"] = images[row["id"]]
for row in data["categories"]: row["id"] = categories[row["id"]]
for n, row in enumerate(data["annotations"], 1):
    row.update(id=n, image_id=images[row["image_id"]], category_id=categories[row["category_id"]])
order = list(images.values())
random.Random(0).shuffle(order)
cut = len(order) * 4 // 5
for name, ids in (("train", set(order[:cut])), ("val", set(order[cut:]))):
    part = data | {"images": [r for r in data["images"] if r["id"] in ids],
                   "annotations": [r for r in data["annotations"] if r["image_id"] in ids]}
    open(f"plain_{name}.json", "w").write(json.dumps(part))
"""
HOTCOCO = """\
from hotcoco import COCO
data = COCO("instances.json")
kept = data.filter(cat_ids=[n for n in data.get_cat_ids() if n != 3], drop_empty_images=False)
train, val = kept.split(val_frac=0.2, seed=0)
train.save("hotcoco_train.json")
val.save("hotcoco_val.json")
"""
WITHOUT_CHECKS = """\
import sys
import coco_recipe
from coco_recipe.checks import repeated_keys, row_checks
from coco_recipe.running import inputs
def nothing(*_): return iter(())
repeated_keys.findings = row_checks.findings = nothing
inputs.RowParts = lambda *_: None
coco_recipe.row_findings = coco_recipe.trainers_skip = nothing
from coco_recipe.cli import main
main()
"""


def make(path: Path, images: int) -> None:
    """Write a synthetic file, image by image.

    7.27 annotations an image, polygons of 4 to 200 points.
    """
    rng = random.Random(0)
    number, target, done = 0, 0.0, 0
    with path.open("w") as file:
        file.write('{"info": {"year": 2017}, "licenses": [], "categories": ')
        json.dump(
            [
                {"supercategory": f"group {i // 8}", "id": i, "name": f"category {i}"}
                for i in range(1, 81)
            ],
            file,
        )
        rows = [
            {
                "license": i % 8,
                "file_name": f"{3 * i:012d}.jpg",
                "height": 480,
                "width": 640,
                "id": 3 * i,
                "coco_url": f"http://images.example.org/train/{3 * i:012d}.jpg",
                "date_captured": "2013-11-14 11:18:45",
                "flickr_url": f"http://photos.example.org/{i}_z.jpg",
            }
            for i in range(1, images + 1)
        ]
        file.write(', "images": ')
        json.dump(rows, file)
        file.write(', "annotations": [')
        for row in rows:
            target += 7.27
            for _ in range(int(target) - done):
                done, number = done + 1, number + 1
                points = min(max(int(rng.lognormvariate(2.9, 0.6)), 4), 200)
                polygon = [round(rng.uniform(0, 480), 2) for _ in range(2 * points)]
                x, y, w, h = (round(rng.uniform(4, 230), 2) for _ in range(4))
                file.write(
                    (", " if number > 1 else "")
                    + json.dumps(
                        {
                            "segmentation": [polygon],
                            "area": round(w * h * 0.78, 4),
                            "iscrowd": 0,
                            "image_id": row["id"],
                            "bbox": [x, y, w, h],
                            "category_id": min(int(rng.paretovariate(0.5)), 80),
                            "id": number,
                        }
                    )
                )
        file.write("]}")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process took: seconds by the clock, seconds of CPU, and at most so many MB."""

    seconds: float
    cpu: float
    memory: float

    def beside(self, base: "Taken") -> str:
        """Return the figures and their ratios to another's."""
        pairs = ((self.seconds, base.seconds, "s"), (self.cpu, base.cpu, "s CPU"))
        told = [f"{mine:7.2f} {unit} ({mine / theirs:.2f})" for mine, theirs, unit in pairs]
        return "  ".join([*told, f"{self.memory:6.0f} MB ({self.memory / base.memory:.2f})"])

    @classmethod
    def least(cls, rounds: Sequence["Taken"]) -> "Taken":
        """Return the least of each figure."""
        return cls(
            min(one.seconds for one in rounds),
            min(one.cpu for one in rounds),
            min(one.memory for one in rounds),
        )


def measure(folder: Path, *arguments: str) -> Taken:
    """Run this interpreter in a folder."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
        "took = resource.getrusage(resource.RUSAGE_CHILDREN); "
        "print(took.ru_utime + took.ru_stime, took.ru_maxrss)"
    )
    command = [sys.executable, "-c", code, sys.executable, *arguments]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    cpu, memory = map(float, done.stdout.split())
    return Taken(time.perf_counter() - began, cpu, memory / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=118_287)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "instances.json", options.images)
        (folder / "recipe.yaml").write_text(RECIPE)
        size = (folder / "instances.json").stat().st_size / 1e6
        rows = int(options.images * 7.27)
        print(f"{options.images} images, {rows} annotations, {size:.0f} MB", flush=True)
        run = ("run", "recipe.yaml", "--no-report")  # the page is timed by report.py
        commands = {
            "json script": ("-c", PLAIN),
            "hotcoco": ("-c", HOTCOCO),
            "coco-recipe run": ("-m", "coco_recipe.cli", *run),
            "without checks": ("-c", WITHOUT_CHECKS, *run),
        }
        taken: dict[str, list[Taken]] = {name: [] for name in commands}
        for n in range(options.rounds):
            for name, command in commands.items():
                taken[name].append(measure(folder, *command))
                shutil.rmtree(folder / "runs", ignore_errors=True)
            print(f"round {n + 1}: load average {os.getloadavg()[0]:.1f}", flush=True)
    least = {name: Taken.least(rounds) for name, rounds in taken.items()}
    for base, others in (
        ("json script", ["coco-recipe run"]),
        ("hotcoco", ["coco-recipe run", "without checks"]),
    ):
        print(f"against {base}")
        for name in (base, *others):
            print(f"  {name:15}", least[name].beside(least[base]))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
