"""The step augment against a bare loop of two processes and the notebook's own loop, in one run.

Draws 1,500 pictures of 658x492 with two boxes each and gives them the notebook's six transforms.
The bare loop is what one would write by hand: multiprocessing.Pool(2) of imread, Compose with
boxes, imwrite. It and `coco-recipe run` take turns; the medians are compared. The step's seconds
are its own record's, those of the loop its own clock's; the whole processes are timed too, the
interpreter's start and the imports included.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from coco_recipe import manifest

if TYPE_CHECKING:
    import numpy as np

SMALL, LARGE = (658, 492), (4096, 3000)
DISTINCT = 300  # pictures that are drawn; the others have their pixels, and a number of their own
RECIPE = """\
coco_recipe: 1
name: bench
seed: 1
inputs: {raw: {annotations: annotations.json, images: images}}
steps:
  - id: more
    use: augment
    in: raw
    with:
      pipeline:
        - HorizontalFlip: {p: 0.5}
        - RandomSizedBBoxSafeCrop: {height: 492, width: 658, erosion_rate: 0.0, p: 0.5}
        - RGBShift: {p: 0.5}
        - Blur: {blur_limit: 3, p: 0.5}
        - CLAHE: {p: 0.5}
        - Transpose: {p: 0.5}
"""
COMMON = """\
import json, os, sys, time
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
import albumentations as A
import cv2

TRANSFORMS = [A.HorizontalFlip(p=0.5),
              A.RandomSizedBBoxSafeCrop(height=492, width=658, erosion_rate=0.0, p=0.5),
              A.RGBShift(p=0.5), A.Blur(blur_limit=3, p=0.5), A.CLAHE(p=0.5), A.Transpose(p=0.5)]
PARAMS = A.BboxParams(format="coco", label_fields=["labels"])
data = json.load(open("annotations.json"))
boxes = {image["id"]: [] for image in data["images"]}
for row in data["annotations"]:
    boxes[row["image_id"]].append(row["bbox"])
os.makedirs("loop", exist_ok=True)
"""
LOOP = (
    COMMON
    + """
import multiprocessing

def start():
    global compose
    cv2.setNumThreads(0)
    compose = A.Compose(TRANSFORMS, bbox_params=PARAMS)

def work(row):
    picture = cv2.imread("images/" + row["file_name"])
    out = compose(image=picture, bboxes=boxes[row["id"]], labels=["1"] * len(boxes[row["id"]]))
    cv2.imwrite("loop/" + row["file_name"], out["image"])
    return row["id"], out["bboxes"]

if __name__ == "__main__":
    began = time.perf_counter()
    with multiprocessing.Pool(2, start) as pool:
        results = list(pool.imap_unordered(work, data["images"], chunksize=4))
    seconds = time.perf_counter() - began
    found = [[number, [list(map(float, box)) for box in rows]] for number, rows in results]
    json.dump(found, open("loop.json", "w"))
    print(seconds)
"""
)
NOTEBOOK = (
    COMMON
    + """
def augment(picture, rows):
    labels = [1] * len(rows)
    return A.Compose(TRANSFORMS, bbox_params=PARAMS)(image=picture, bboxes=rows, labels=labels)

began = time.perf_counter()
for row in data["images"][:int(sys.argv[1])]:
    out = augment(cv2.imread("images/" + row["file_name"]), boxes[row["id"]])
    cv2.imwrite("loop/" + row["file_name"], out["image"])
    time.sleep(float(sys.argv[2]))
print(time.perf_counter() - began)
"""
)
PEAK = """\
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
COMMAND = [
    str(Path(sys.executable).with_name("coco-recipe")),
    "run",
    "recipe.yaml",
    "--jobs",
    "2",
    "--quiet",
    "--no-report",
]


class Times(NamedTuple):
    """Seconds of the work itself, and of the whole process."""

    inner: float
    whole: float


def draw(size: tuple[int, int], rng: "np.random.Generator") -> "np.ndarray":
    """Return a picture (H, W, 3) of uint8: soft light, shapes with edges, and a sensor's noise."""
    import cv2
    import numpy as np

    width, height = size
    light = rng.uniform(40, 200, (5, 7, 3)).astype(np.float32)
    picture = cv2.resize(light, size, interpolation=cv2.INTER_CUBIC)
    for _ in range(60):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(4, width // 8)), int(rng.integers(4, height // 8)))
        colour = tuple(map(float, rng.uniform(20, 235, 3)))
        cv2.ellipse(
            picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA
        )
    grain = np.empty((height, width, 3), np.float32)
    cv2.randn(grain, 0, 7)
    return (picture + cv2.GaussianBlur(grain, (0, 0), 0.6)).clip(0, 255).astype(np.uint8)


def make(folder: Path, images: int, large_every: int = 0) -> None:
    """Write pictures with two boxes each, every so many of them large, and the recipe."""
    import cv2
    import numpy as np

    rng, boxes = np.random.default_rng(0), random.Random(0)
    cv2.setRNGSeed(0)
    (folder / "images").mkdir(parents=True)
    (folder / "recipe.yaml").write_text(RECIPE)
    drawn: dict[tuple[int, int], list[bytes]] = {SMALL: [], LARGE: []}
    rows, annotations = [], []
    for number in range(1, images + 1):
        size = LARGE if large_every and number % large_every == 0 else SMALL
        path, enough = folder / "images" / f"{number:06d}.jpg", DISTINCT if size == SMALL else 10
        if len(drawn[size]) < enough:
            drawn[size].append(cv2.imencode(".jpg", draw(size, rng))[1].tobytes())
        path.write_bytes(numbered(drawn[size][number % len(drawn[size])], number))
        rows.append({"id": number, "file_name": path.name, "width": size[0], "height": size[1]})
        for _ in range(2):
            w, h = boxes.randint(20, size[0] // 2), boxes.randint(20, size[1] // 2)
            x, y = boxes.randint(0, size[0] - w), boxes.randint(0, size[1] - h)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "bbox": [x, y, w, h],
                    "area": w * h,
                    "iscrowd": 0,
                }
            )
    (folder / "annotations.json").write_text(
        json.dumps(
            {"images": rows, "annotations": annotations, "categories": [{"id": 1, "name": "thing"}]}
        )
    )


def numbered(jpeg: bytes, number: int) -> bytes:
    """Return a JPEG file with a comment, so that no two pictures of a data set are equal."""
    comment = b"%08d" % number
    return jpeg[:2] + b"\xff\xfe" + (2 + len(comment)).to_bytes(2, "big") + comment + jpeg[2:]


def loop(folder: Path) -> Times:
    """Time the bare loop."""
    began = time.perf_counter()
    inner = _output([sys.executable, _script(folder, "loop.py", LOOP)], folder)
    return Times(float(inner), time.perf_counter() - began)


def step(folder: Path, *options: str) -> Times:
    """Time `coco-recipe run` on a run directory that isn't there yet."""
    shutil.rmtree(folder / "runs", ignore_errors=True)
    began = time.perf_counter()
    _output([*COMMAND, *options], folder)
    whole = time.perf_counter() - began
    made = manifest.read(folder / "runs/bench/steps/more/manifest.json")
    assert made, "the step is committed"
    return Times(made.record.clock.seconds, whole)


def notebook(folder: Path, images: int, sleep_seconds: float) -> float:
    """Return the notebook's images per second over the first ``images``."""
    script = _script(folder, "notebook.py", NOTEBOOK)
    return images / float(
        _output([sys.executable, script, str(images), str(sleep_seconds)], folder)
    )


def peak(folder: Path) -> float:
    """Return the peak memory in MB of the process `coco-recipe run`.

    Its workers aren't its children, and not in it.
    """
    shutil.rmtree(folder / "runs", ignore_errors=True)
    return int(_output([sys.executable, "-c", PEAK, *COMMAND], folder)) / 1024


def _script(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def _output(arguments: list[str], folder: Path) -> str:
    done = subprocess.run(arguments, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout.strip()


def compare(folder: Path, images: int, repeat: int) -> tuple[Times, Times]:
    """Run the bare loop and the step in turn; print and return their medians."""
    pairs = [(loop(folder), step(folder)) for _ in range(repeat)]
    loops, steps = (
        Times(*(statistics.median(column) for column in zip(*times, strict=True)))
        for times in zip(*pairs, strict=True)
    )
    print(
        f"  bare loop        {images / loops.inner:7.1f} images/s;   "
        f"whole process {loops.whole:6.2f} s"
    )
    print(
        f"  step augment     {images / steps.inner:7.1f} images/s;   "
        f"whole command {steps.whole:6.2f} s"
    )
    print(
        f"  step / loop      {loops.inner / steps.inner:7.2f} (target 0.9);   "
        f"whole {loops.whole / steps.whole:.2f} (target 0.75)"
    )
    return loops, steps


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1500, help="pictures of 658x492")
    parser.add_argument(
        "--many", type=int, default=15_000, help="pictures for the second figure of memory; 0: none"
    )
    parser.add_argument("--repeat", type=int, default=3, help="turns of loop and step")
    parser.add_argument(
        "--notebook",
        type=int,
        default=60,
        help="pictures for the notebook's loop; its rate is scaled",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "small", options.images)
        size = (
            sum(path.stat().st_size for path in (folder / "small/images").iterdir())
            / options.images
            / 1000
        )
        print(
            f"{options.images} images of {SMALL[0]}x{SMALL[1]}, {size:.0f} kB each; 2 workers; "
            f"median of {options.repeat}"
        )
        loops, steps = compare(folder / "small", options.images, options.repeat)
        missed = ["images a second"] * (loops.inner / steps.inner < 0.9) + ["whole command"] * (
            loops.whole / steps.whole < 0.75
        )
        for sleep_seconds in (0.1, 0.0):
            rate = notebook(folder / "small", min(options.notebook, options.images), sleep_seconds)
            target = " (target 20)" if sleep_seconds else ""
            print(
                f"  notebook's loop  {rate:7.1f} images/s with sleep({sleep_seconds}); "
                f"step / notebook {options.images / steps.inner / rate:.1f}{target}"
            )
            missed += ["the notebook's loop"] * bool(
                target and options.images / steps.inner / rate < 20
            )
        mixed = max(options.images // 10, 20)
        make(folder / "mixed", mixed, large_every=10)
        print(f"{mixed} images, every tenth of {LARGE[0]}x{LARGE[1]}")
        compare(folder / "mixed", mixed, 1)
        if options.many:
            make(folder / "many", options.many)
            few, many = peak(folder / "small"), peak(folder / "many")
            print(
                f"peak memory of the parent: {few:.0f} MB with {options.images} images, "
                f"{many:.0f} MB with "
                f"{options.many}; grows by {many - few:.0f} MB (target at most 50)"
            )
            missed += ["memory"] * (many - few > 50)
    sys.exit(f"missed: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
