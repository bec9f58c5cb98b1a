"""What a run takes that has nothing to do: many small pictures, and a file of COCO's size.

Makes a folder of pictures of 5 kB (their bytes are noise: no step opens them) and a recipe that
publishes them, and a file with the shape of instances_train2017 with a recipe of rows alone. Each
recipe is run once, and again when its files are older than two seconds: the CPU seconds of whole
processes are told, the interpreter's start included, with and without what the user's cache knows.

Marks: 5 s for 100,000 pictures, 1 s for the rows.
"""

import argparse
import json
import os
import random
import resource
import tempfile
import time
from pathlib import Path

import coco_scale

PICTURES = """\
coco_recipe: 1
name: pictures
inputs: {raw: {annotations: annotations.json, images: images}}
steps:
  - {id: parts, use: split, in: raw, with: {fractions: {train: 0.8, val: 0.2}}}
  - {id: out, use: export_coco, in: {train: parts.train, val: parts.val}, with: {to: dataset}}
"""
YOUNG_SECONDS = 2.5


def make_pictures(folder: Path, images: int) -> None:
    """Write pictures of 5 kB that nothing opens, each with a box."""
    rng = random.Random(0)
    (folder / "images").mkdir(parents=True)
    noise = rng.randbytes(5000)
    rows = [
        {"id": n, "file_name": f"{n:012d}.jpg", "width": 640, "height": 480}
        for n in range(1, images + 1)
    ]
    for row in rows:
        head = b"\xff\xd8\xff\xe0" + int(row["id"]).to_bytes(8, "big")  # type: ignore[call-overload]
        (folder / "images" / str(row["file_name"])).write_bytes(head + noise + b"\xff\xd9")
    boxes = [
        {
            "id": row["id"],
            "image_id": row["id"],
            "category_id": 1,
            "bbox": [10, 10, 50, 40],
            "area": 2000,
            "iscrowd": 0,
        }
        for row in rows
    ]
    data = {"images": rows, "annotations": boxes, "categories": [{"id": 1, "name": "thing"}]}
    (folder / "annotations.json").write_text(json.dumps(data))
    (folder / "recipe.yaml").write_text(PICTURES)


def tell(name: str, folder: Path, mark: float) -> None:
    """Run a folder's recipe, and again in three ways; print what each took."""
    command = ("-m", "coco_recipe.cli", "run", "recipe.yaml", "--quiet", "--no-report")
    first = coco_scale.measure(folder, *command)
    time.sleep(YOUNG_SECONDS)
    again = {
        "nothing known": coco_scale.measure(folder, *command, "--rehash"),
        "all known": coco_scale.measure(folder, *command),
    }
    print(f"{name}: first run {first.cpu:.2f} s CPU")
    for way, took in again.items():
        print(f"  nothing to do, {way}: {took.cpu:.2f} s CPU, {took.seconds:.2f} s (mark {mark:g})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    images = parser.parse_args().images
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache"
        pictures, rows = Path(name, "pictures"), Path(name, "rows")
        make_pictures(pictures, images)
        tell(f"{images} pictures", pictures, 5 * images / 100_000)
        rows.mkdir()
        coco_scale.make(rows / "instances.json", int(images * 1.18287))
        (rows / "recipe.yaml").write_text(coco_scale.RECIPE)
        tell("rows", rows, 1)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
