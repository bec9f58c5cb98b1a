"""The data path at COCO scale: one recipe against a plain json script and pycocotools' loading, in the same run.

Makes a file with the shape of instances_train2017 (118,287 images, 860,000 annotations) and times whole processes, the
interpreter's start included: filter one category -> reindex -> split 80/20 -> write the annotations of both parts.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
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
LOAD = "from pycocotools.coco import COCO; COCO('instances.json')"


def make(path: Path, images: int) -> None:
    """Write a synthetic file, image by image; 7.27 annotations an image, polygons of 4 to 200 points."""
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


def measure(arguments: list[str], folder: Path) -> tuple[float, float]:
    """Run a process; return its seconds and its peak memory in MB."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, "
        "stderr=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return time.perf_counter() - began, int(done.stdout) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=118_287)
    images = parser.parse_args().images
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "instances.json", images)
        (folder / "recipe.yaml").write_text(RECIPE)
        size = (folder / "instances.json").stat().st_size / 1e6
        print(f"{images} images, {int(images * 7.27)} annotations, {size:.0f} MB")
        base = measure([sys.executable, "-c", PLAIN], folder)
        rows = {
            "plain json script": base,
            "coco-recipe run": measure(
                [sys.executable, "-m", "coco_recipe.cli", "run", "recipe.yaml"], folder
            ),
            "pycocotools.COCO()": measure([sys.executable, "-c", LOAD], folder),
        }
    for label, (seconds, memory) in rows.items():
        print(
            f"{label:20} {seconds:6.2f} s ({seconds / base[0]:.2f})  {memory:6.0f} MB ({memory / base[1]:.2f})"
        )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
