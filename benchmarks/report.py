"""What share of a run its page takes: CPU time of the reporter by that of the run, in one process.

python benchmarks/report.py [--images 160] [--copies 2]

Without copies (0) it is a run on rows alone, of which a page takes the largest share.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coco_recipe_pictures.demo.write import write_demo
from coco_recipe_report import reporter

import coco_recipe

RECIPE = """coco_recipe: 1
name: bench
seed: 1
inputs: {{raw: {{annotations: caps/annotations.json, images: caps/images}}}}
steps:
  - {{id: clean, use: filter_categories, in: raw, with: {{drop: [背景], images_left_empty: drop}}}}
  - {{id: numbered, use: reindex, in: clean}}
  - {{id: parts, use: split, in: numbered, with: {{fractions: {{train: 0.8, val: 0.2}}}}}}
"""
AUGMENTED = """\
  - id: more
    use: augment
    in: parts.train
    with: {{copies: {copies}, pipeline: [HorizontalFlip: {{p: 0.5}}, Rotate: {{p: 0.5}}]}}
  - {{id: train_set, use: merge, in: {{datasets: [parts.train, more]}}}}
  - {{id: out, use: export_coco, in: {{train: train_set, val: parts.val}}, with: {{to: dataset}}}}
"""


def main() -> None:
    """Run a recipe on drawn pictures, and print the share of its page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=160)
    parser.add_argument("--copies", type=int, default=2)
    options = parser.parse_args()
    taken = [0.0]

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            begun = time.process_time()
            try:
                return method(*arguments)
            finally:
                taken[0] += time.process_time() - begun

        return call

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_demo(folder / "caps", images=options.images)
        path = folder / "recipe.yaml"
        steps = AUGMENTED.format(copies=options.copies) if options.copies else ""
        path.write_text(RECIPE.format() + steps, "utf-8")
        reporter.PageOfRun.see = timed(reporter.PageOfRun.see)  # type: ignore[method-assign]
        reporter.PageOfRun.write = timed(reporter.PageOfRun.write)  # type: ignore[method-assign]
        begun = time.process_time()
        coco_recipe.run(path, out=folder / "out", jobs=0, report=True)
        whole = time.process_time() - begun
        size = (folder / "out" / "report.html").stat().st_size
    rest = whole - taken[0]
    print(f"page: {taken[0]:.2f} s, the rest of the run: {rest:.2f} s: {taken[0] / rest:.1%}")
    print(f"its size: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
