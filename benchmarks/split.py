"""split: stratified beside iterative-stratification and scikit-multilearn, on real and drawn sets; and at COCO's scale.

The libraries run in an environment of their own, which is made in a temporary folder (or named by --environment).
For each set and tool: images a part, classes that lack in a part though they have as many images as there are parts,
and the sum over classes and parts of |share of boxes - wanted share|.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from coco_recipe_data.stratify import Group, divide

SHARES = {"train": 0.7, "val": 0.2, "test": 0.1}
DATA = Path(__file__).parents[2] / "shared/data"
OTHERS = """\
import json, sys
import numpy as np
sets, shares = json.load(open(sys.argv[1])), json.loads(sys.argv[2])
def by_iterstrat(y, shares):
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit as Split
    side, rest, left = np.zeros(len(y), int), np.arange(len(y)), 1.0
    for part, share in enumerate(shares[:-1]):
        _, taken = next(Split(n_splits=1, test_size=share / left, random_state=0).split(rest[:, None], y[rest]))
        side[rest[taken]] = part
        rest, left = np.delete(rest, taken), left - share
    side[rest] = len(shares) - 1
    return side
def by_skmultilearn(y, shares):
    from skmultilearn.model_selection import IterativeStratification
    np.random.seed(0)
    split = IterativeStratification(n_splits=len(shares), order=1, sample_distribution_per_fold=list(shares))
    side = np.zeros(len(y), int)
    for part, (_, taken) in enumerate(split.split(np.arange(len(y))[:, None], y)):
        side[taken] = part
    return side
out = {}
for name, rows in sets.items():
    classes = sorted({label for row in rows for label in row})
    y = np.array([[int(label in row) for label in classes] for row in rows])
    for tool, run in (("iterative-stratification", by_iterstrat), ("scikit-multilearn", by_skmultilearn)):
        try:
            out[f"{name}|{tool}"] = run(y, list(shares)).tolist()
        except Exception as error:
            out[f"{name}|{tool}"] = f"{type(error).__name__}: {error}"
json.dump(out, open(sys.argv[3], "w"))
"""


def _real() -> dict[str, list[list[int]]]:
    """Return the classes of the boxes of each image, by set."""
    files = {"car_damage": sorted(DATA.glob("car_damage/*/_annotations.coco.json")),
             "lpbf_defects": sorted(DATA.glob("lpbf_defects/**/*.json"))}
    odd = sorted(DATA.glob("odd_json/*.json"), key=lambda path: -path.stat().st_size)
    sets = {}
    for name, paths in [*files.items(), *((path.stem, [path]) for path in odd)]:
        rows: list[list[int]] = []
        for path in paths:
            data = json.loads(path.read_text("utf-8").replace("Infinity", "0"))
            if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in ("images", "annotations")):
                continue
            of: dict[object, list[int]] = {image["id"]: [] for image in data["images"] if "id" in image}
            for row in data["annotations"]:
                if row.get("image_id") in of and isinstance(row.get("category_id"), int):
                    of[row["image_id"]].append(row["category_id"])
            rows += of.values()
        if len(rows) >= 20 and any(rows):
            sets[name] = rows
    return dict(list(sets.items())[:5])


def _drawn(number: int) -> list[list[int]]:
    rng = random.Random(number)
    classes, images = rng.randint(3, 30), rng.randint(60, 600)
    return [[min(int(rng.paretovariate(0.8)), classes) for _ in range(rng.choice((0, 1, 1, 2, 4, 8)))] for _ in range(images)]


def _judged(rows: Sequence[Sequence[int]], side: Sequence[int], shares: Sequence[float]) -> tuple[list[int], int, float]:
    totals = Counter(label for row in rows for label in row)
    holding = Counter(label for row in rows for label in set(row))
    parts = [Counter(label for row, at in zip(rows, side, strict=True) if at == part for label in row)
             for part in range(len(shares))]
    lacking = sum(1 for label, n in holding.items() if n >= len(shares) for part in parts if not part[label])
    off = sum(abs(part[label] / n - share) for label, n in totals.items() for part, share in zip(parts, shares, strict=True))
    counts = Counter(side)
    return [counts[part] for part in range(len(shares))], lacking, off


def _ours(rows: Sequence[Sequence[int]], shares: dict[str, float]) -> list[int]:
    found = divide([Group(str(n), 1, Counter(row)) for n, row in enumerate(rows)], shares)
    names = list(shares)
    return [names.index(found.side[str(n)]) for n in range(len(rows))]


def _environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = folder / "env/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "numpy", "scipy", "scikit-learn", "iterative-stratification",
                    "scikit-multilearn"], check=True, capture_output=True)
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, help="a Python that has the libraries")
    given = parser.parse_args().environment
    sets = _real() | {f"drawn {n}": _drawn(n) for n in range(10)}
    shares = list(SHARES.values())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sets.json").write_text(json.dumps(sets))
        (folder / "others.py").write_text(OTHERS)
        subprocess.run([given or _environment(folder), folder / "others.py", folder / "sets.json", json.dumps(shares),
                        folder / "out.json"], check=True)
        others = json.loads((folder / "out.json").read_text())
    print(f"{'set':44} {'tool':26} {'images':>18} {'lacking':>8} {'sum off':>8}")
    for label, rows in sets.items():
        exact = [share * len(rows) for share in shares]
        sides = {"coco-recipe": _ours(rows, SHARES)} | {key.partition("|")[2]: side for key, side in others.items()
                                                        if key.startswith(f"{label}|")}
        for tool, side in sides.items():
            if isinstance(side, str):
                print(f"{label[:44]:44} {tool:26} {side[:60]}")
                continue
            counts, lacking, off = _judged(rows, side, shares)
            near = all(abs(n - wanted) < 1 for n, wanted in zip(counts, exact, strict=True))
            print(f"{label[:44]:44} {tool:26} {'/'.join(map(str, counts)):>17}{' ' if near else '!'} {lacking:8} {off:8.3f}")
    rng = random.Random(0)
    groups = [Group(str(n), 1, Counter(min(int(rng.paretovariate(0.5)), 80) for _ in range(rng.randint(0, 14))))
              for n in range(118_287)]
    began = time.process_time()
    divide(groups, SHARES)
    print(f"COCO's scale: {sum(sum(group.boxes.values()) for group in groups)} boxes, {time.process_time() - began:.1f} s of CPU "
          "(! marks counts that are not within one of exact)")


if __name__ == "__main__":
    main()
