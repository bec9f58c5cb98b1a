"""Stratified splits beside three libraries', and the time at COCO's scale.

The libraries are iterative-stratification, scikit-multilearn and Datumaro.

The other libraries run in an environment of their own: a virtual environment in a temporary folder,
made here, or the one whose interpreter ``--python`` names. They get several seeds; Datumaro divides
at random and by its stratified split for detection. What is compared is the best of their results
whose numbers of images are as near (within one of exact) and that leave no more classes out of
parts than ours does. Where ours leaves classes out, HiGHS (of scipy) looks for the division that
leaves out the fewest, and proves it. Real sets are looked for in ../shared/data (or
$COCO_RECIPE_DATA).
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from coco_recipe_data.stratify import Group, divide

from coco_recipe import manifest
from coco_recipe.running import stages

DATA = Path(os.environ.get("COCO_RECIPE_DATA", Path(__file__).parents[2] / "shared" / "data"))
REAL = {
    "car_damage": [
        f"car_damage/{part}/_annotations.coco.json" for part in ("train", "valid", "test")
    ],
    "lpbf_defects": ["lpbf_defects/_annotations.coco.json"],
    "lpbf_valid_segm": ["odd_json/roboflow_lpbf_valid_segm.json"],
    "taco": ["odd_json/taco_unofficial_crowdsourced_annotations.json"],
    "tinycoco": ["odd_json/coco2017_tinycoco_rle_crowd.json"],
    "publaynet": ["odd_json/publaynet_samples.json"],
}
# images, classes, boxes an image, how much rarer each class is than the last, images without a box
DRAWN = [
    (40, 20, 2, 0.5, 0.0),
    (60, 12, 2, 1.0, 0.2),
    (100, 5, 1, 0.0, 0.3),
    (200, 10, 3, 1.0, 0.1),
    (300, 10, 1, 2.0, 0.0),
    (500, 20, 1, 2.0, 0.3),
    (800, 40, 4, 1.0, 0.1),
    (1000, 30, 4, 1.5, 0.1),
    (1500, 40, 3, 1.5, 0.2),
    (3000, 80, 6, 1.2, 0.0),
]
WAYS = {"0.7/0.2/0.1": (0.7, 0.2, 0.1), "5 folds": (0.2,) * 5}
LIBRARIES = ["iterative-stratification", "scikit-multilearn", "scipy", "datumaro"]
OTHERS = """\
import json, sys, time, warnings
import numpy as np
warnings.filterwarnings("ignore")
job = json.load(open(sys.argv[1]))

def iterative_stratification(labels, boxes, shares, seed):
    from iterstrat.ml_stratifiers import IterativeStratification
    state = np.random.RandomState(seed)
    return IterativeStratification(labels.astype(bool), np.array(shares), state)

def scikit_multilearn(labels, boxes, shares, seed):
    from skmultilearn.model_selection import IterativeStratification
    np.random.seed(seed)
    folds = IterativeStratification(
        n_splits=len(shares), order=1, sample_distribution_per_fold=list(shares))
    side = np.zeros(len(labels), dtype=int)
    for part, (_, ids) in enumerate(folds.split(np.zeros((len(labels), 1)), labels)):
        side[ids] = part
    return side

def datumaro(labels, boxes, shares, seed, **way):
    from datumaro.components.annotation import Bbox
    from datumaro.components.dataset import Dataset
    from datumaro.components.dataset_base import DatasetItem
    items = [DatasetItem(id=str(n),
                         annotations=[Bbox(0, 0, 1, 1, label=c) for c, k in row for _ in range(k)])
             for n, row in enumerate(boxes)]
    data = Dataset.from_iterable(items, categories=[str(c) for c in range(labels.shape[1])])
    names = [f"part{p}" for p in range(len(shares))]
    data.transform(splits=list(zip(names, shares)), seed=seed, **way)
    return [names.index(part) for _, part in sorted((int(item.id), item.subset) for item in data)]

def datumaro_split(*args):
    return datumaro(*args, method="split", task="detection")

def datumaro_random(*args):
    return datumaro(*args, method="random_split")

def fewest_lacking(labels, boxes, shares, seed):
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import bmat, eye, kron
    images, parts = len(labels), len(shares)
    needed = labels[:, labels.sum(axis=0) >= parts]
    gaps = needed.shape[1] * parts
    exact, ones = np.array(shares) * images, lambda *shape: np.ones(shape)
    # an image is in one part; a part has its number of images, and each class, or there is a gap
    rows = bmat([[kron(eye(images), ones(1, parts)), None],
                 [kron(ones(1, images), eye(parts)), None],
                 [kron(needed.T, eye(parts)), eye(gaps)]]).tocsr()
    least = np.concatenate([ones(images), np.floor(exact + 1e-9), ones(gaps)])
    most = np.concatenate([ones(images), np.ceil(exact - 1e-9), np.full(gaps, np.inf)])
    cost = np.concatenate([np.zeros(images * parts), ones(gaps)])
    best = milp(cost, constraints=LinearConstraint(rows, least, most), integrality=ones(len(cost)),
                bounds=Bounds(0, 1), options={"time_limit": 120})
    assert best.status == 0, best.message
    return best.x[:images * parts].reshape(images, parts).argmax(axis=1)

found = []
for name in ("iterative_stratification", "scikit_multilearn", "datumaro_split", "datumaro_random",
             "fewest_lacking"):
    for number, one in enumerate(job["sets"]):
        labels = np.zeros((len(one["boxes"]), one["classes"]), dtype=int)
        for n, row in enumerate(one["boxes"]):
            for c, _ in row:
                labels[n, c] = 1
        for seed in range(job["seeds"] if name != "fewest_lacking" else int(one["lacks"])):
            began = time.process_time()
            try:
                divide = globals()[name]
                side = [int(part) for part in divide(labels, one["boxes"], one["shares"], seed)]
            except Exception as error:
                side = None
                print(name, number, repr(error)[:200], file=sys.stderr)
            seconds = time.process_time() - began
            found.append({"tool": name, "set": number, "side": side, "seconds": seconds})
json.dump(found, open(sys.argv[2], "w"))
"""
Boxes = list[dict[int, int]]
Score = tuple[float, int, float]


def real_set(files: Sequence[str]) -> Boxes:
    """Count each image's boxes by class; classes of several files are joined by name."""
    labels: dict[str, int] = {}
    result: Boxes = []
    for file in files:
        data = json.loads((DATA / file).read_text("utf-8"))
        names = {row["id"]: row["name"] for row in data["categories"]}
        images: dict[Any, dict[int, int]] = {row["id"]: {} for row in data["images"]}
        for row in data["annotations"]:
            label = labels.setdefault(names[row["category_id"]], len(labels))
            images[row["image_id"]][label] = images[row["image_id"]].get(label, 0) + 1
        result += images.values()
    return result


def drawn_set(
    seed: int, images: int, classes: int, boxes: float, rarer: float, without: float
) -> Boxes:
    """Draw each image's boxes by class."""
    rng, weights = random.Random(seed), [1 / (n + 1) ** rarer for n in range(classes)]
    drawn = [
        rng.choices(range(classes), weights, k=1 + int(rng.expovariate(1 / boxes)))
        if rng.random() >= without
        else []
        for _ in range(images)
    ]
    return [dict(Counter(labels)) for labels in drawn]


def score(boxes: Boxes, shares: Sequence[float], side: Sequence[int]) -> Score:
    """Return how far numbers of images are off, how often a class lacks a part, and a sum.

    The sum is of |share - wanted| over classes and parts.
    """
    total, holders, parts = Counter[int](), Counter[int](), range(len(shares))
    found = [Counter[int]() for _ in parts]
    for row, part in zip(boxes, side, strict=True):
        total.update(row)
        holders.update(row.keys())
        found[part].update(row)
    exact = [Fraction(str(share)) for share in shares]
    off = max(abs(sum(s == part for s in side) - exact[part] * len(boxes)) for part in parts)
    lacking = sum(
        not found[part][label] for label, n in holders.items() if n >= len(shares) for part in parts
    )
    spread = sum(
        abs(Fraction(found[part][label], n) - exact[part])
        for label, n in total.items()
        for part in parts
    )
    return float(off), lacking, float(spread)


def ours(boxes: Boxes, shares: Sequence[float]) -> tuple[list[int], float]:
    """Divide as ``split`` does; return each image's part, and the seconds of CPU."""
    began = time.process_time()
    order = random.Random(0).sample(range(len(boxes)), len(boxes))
    found = divide(
        [Group(str(n), 1, boxes[n]) for n in order],
        {str(part): share for part, share in enumerate(shares)},
    )
    return [int(found.side[str(n)]) for n in range(len(boxes))], time.process_time() - began


def others(
    python: Path, sets: Sequence[tuple[Boxes, Sequence[float], bool]], seeds: int, folder: Path
) -> list[dict[str, Any]]:
    """Run the libraries in their environment.

    Of a set that ``lacks`` classes, prove how few it can lack.
    """
    rows = [
        {
            "boxes": [sorted(row.items()) for row in boxes],
            "shares": shares,
            "lacks": lacks,
            "classes": 1 + max(label for row in boxes for label in row),
        }
        for boxes, shares, lacks in sets
    ]
    (folder / "job.json").write_text(json.dumps({"sets": rows, "seeds": seeds}))
    (folder / "others.py").write_text(OTHERS)
    subprocess.run(
        [python, folder / "others.py", folder / "job.json", folder / "found.json"], check=True
    )
    result: list[dict[str, Any]] = json.loads((folder / "found.json").read_text())
    return result


def make_environment(folder: Path) -> Path:
    """Make a virtual environment with the other libraries; return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", *LIBRARIES], check=True)
    return python


def compare(python: Path, seeds: int, folder: Path) -> None:
    """Print a line for each set and way: ours, then each library's best result."""
    boxes = {
        name: real_set(files)
        for name, files in REAL.items()
        if all((DATA / file).exists() for file in files)
    }
    boxes |= {f"drawn {n + 1}": drawn_set(n, *shape) for n, shape in enumerate(DRAWN)}
    jobs = [(name, way) for name in boxes for way in WAYS]
    own = [ours(boxes[name], WAYS[way]) for name, way in jobs]
    scores = [
        score(boxes[name], WAYS[way], side)
        for (name, way), (side, _) in zip(jobs, own, strict=True)
    ]
    sets = [
        (boxes[name], WAYS[way], mine[1] > 0)
        for (name, way), mine in zip(jobs, scores, strict=True)
    ]
    results = others(python, sets, seeds, folder)
    print(
        "each cell: sum over classes and parts of |share - wanted|, images off, classes lacking, "
        "seconds of CPU"
    )
    tools = "".join(f"{tool:26}" for tool in _tools(results))
    print(f"{'set':16} {'images':>6} {'parts':12} {'ours':26}{tools}verdict")
    better = 0
    for number, (name, way) in enumerate(jobs):
        mine, seconds = scores[number], own[number][1]
        scored = [
            (row["tool"], score(boxes[name], WAYS[way], row["side"]), row["seconds"])
            for row in results
            if row["set"] == number and row["side"]
        ]
        comparable = [found[2] for _, found, _ in scored if found[0] < 1 and found[1] <= mine[1]]
        is_best = not comparable or mine[2] <= min(comparable) + 1e-9
        verdict = (
            "no worse" if is_best and comparable else "none comparable" if is_best else "WORSE"
        )
        better += is_best
        cells = [_cell(mine, seconds), *(_best(scored, tool, mine) for tool in _tools(results))]
        print(
            f"{name:16} {len(boxes[name]):6} {way:12} "
            + "".join(f"{cell:26}" for cell in cells)
            + verdict,
            flush=True,
        )
    print(f"ours is no worse in {better} of {len(jobs)}")


def _tools(results: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["tool"] for row in results))


def _best(scored: Sequence[tuple[str, Score, float]], tool: str, mine: Score) -> str:
    """Show a library's best result: a comparable one, else that of the nearest counts."""
    tried = [(found, seconds) for name, found, seconds in scored if name == tool]
    best = min(
        tried,
        key=lambda one: (max(one[0][0], 0.999), max(one[0][1], mine[1]), one[0][2]),
        default=None,
    )
    return _cell(*best) if best else "-"


def _cell(found: Score, seconds: float) -> str:
    off, lacking, spread = found
    return f"{spread:8.4f} {off:5.1f} {lacking:2} {seconds:6.2f} s"


def coco_scale(folder: Path, images: int) -> Iterator[str]:
    """Yield how long a run takes on data with the shape of instances_train2017."""
    rng, rows, number = random.Random(0), [], 0
    for n in range(1, images + 1):
        for _ in range(int(7.27 * n) - number):
            number += 1
            rows.append(
                {
                    "id": number,
                    "image_id": n,
                    "category_id": min(int(rng.paretovariate(0.5)), 80),
                    "bbox": [1, 1, 9, 9],
                    "area": 81,
                    "iscrowd": 0,
                }
            )
    data = {
        "images": [
            {"id": n, "file_name": f"{n}.jpg", "width": 640, "height": 480}
            for n in range(1, images + 1)
        ],
        "annotations": rows,
        "categories": [{"id": n, "name": f"class {n}"} for n in range(1, 81)],
    }
    (folder / "raw.json").write_text(json.dumps(data))
    for label, way in (
        ("0.7/0.2/0.1", {"fractions": {"train": 0.7, "val": 0.2, "test": 0.1}}),
        ("5 folds", {"folds": 5}),
    ):
        step = {"id": "parts", "use": "split", "in": "raw", "with": {**way, "method": "stratified"}}
        (folder / "recipe.yaml").write_text(
            json.dumps(
                {
                    "coco_recipe": 1,
                    "name": "scale",
                    "inputs": {"raw": {"annotations": "raw.json"}},
                    "steps": [step],
                }
            )
        )
        began, used = time.perf_counter(), time.process_time()
        result = stages.run(
            stages.prepare(folder / "recipe.yaml"), out=folder / label.replace("/", "_")
        )
        made = manifest.read(result.folder / "steps/parts/manifest.json")
        assert made, "the step is committed"
        record = made.record
        shares = way.get("fractions") or {f"fold_{n}": 0.2 for n in range(1, 6)}
        off = max(
            abs((part.images or 0) - Fraction(str(shares[name])) * images)
            for name, part in manifest.data_sets(record.counts.out)
        )
        yield (
            f"{images} images, {number} boxes, 80 classes, {label}: "
            f"the step {record.clock.seconds:.1f} s; "
            f"with reading and writing {time.perf_counter() - began:.1f} s, "
            f"{time.process_time() - used:.1f} s of CPU; "
            f"images off {float(off):.1f}; {record.notes['table']['foot']}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--python", type=Path, help="interpreter of an environment with the other libraries"
    )
    parser.add_argument("--seeds", type=int, default=5, help="how often each library tries")
    parser.add_argument(
        "--images", type=int, default=118_287, help="images of the large set; 0 leaves it out"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compare(arguments.python or make_environment(folder), arguments.seeds, folder)
        if arguments.images:
            for line in coco_scale(folder, arguments.images):
                print(line, flush=True)


if __name__ == "__main__":
    main()
