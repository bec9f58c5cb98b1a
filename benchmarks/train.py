"""Does a training by recipe learn, what does it cost beside mmengine alone, is an average worth it?

python benchmarks/train.py             # all three
python benchmarks/train.py learn       # 240 + 60 drawn pictures, 12 epochs: mAP50 by epoch
python benchmarks/train.py overhead    # in turns: coco-recipe run, and Runner.train()
python benchmarks/train.py caps        # bottle_caps_small.yaml: average against best epoch
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/helpers"))
RUNNER = (
    "from mmengine.config import Config; from mmengine.runner import Runner; "
    "Runner.from_cfg(Config.fromfile('config.py')).train()"
)


def main() -> None:
    """Run the parts that are named, or all; exit with 1 if one misses its mark."""
    parts = {"learn": learn, "overhead": overhead, "caps": caps}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help="which; all by default")
    parser.add_argument("--keep", type=Path, help="work in this folder, and leave it")
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="bench_train_"))
    folder.mkdir(parents=True, exist_ok=True)
    missed = [name for name in arguments.parts or parts if not parts[name](folder)]
    if not arguments.keep:
        shutil.rmtree(folder)
    sys.exit(f"missed: {', '.join(missed)}" if missed else 0)


def learn(folder: Path) -> bool:
    """Train RetinaNet-R18 from nothing on shapes; at least 0.9 of mAP50 on val within 12 epochs."""
    recipe = _shapes(folder, epochs=12)
    seconds = _timed(
        [sys.executable, "-m", "coco_recipe.cli", "run", recipe.name, "--quiet", "--force"], folder
    )
    curve = list(
        map(json.loads, (folder / "runs/learn/steps/fit/scalars.jsonl").read_text().splitlines())
    )
    print(f"learn: 240 pictures of 160 px, 12 epochs in {seconds:.0f} s")
    best = 0.0
    for epoch in range(1, 13):
        losses = [line["loss"] for line in curve if line["epoch"] == epoch and "loss" in line]
        val = next((line["val"] for line in curve if line["epoch"] == epoch and "val" in line), {})
        found = {key.rpartition("/")[2]: value for key, value in val.items()}
        best = max(best, found.get("bbox_mAP_50", 0.0))
        print(
            f"  epoch {epoch:2}  loss {sum(losses) / len(losses):.3f}  "
            f"mAP50 {found.get('bbox_mAP_50', 0.0):.3f}  "
            f"mAP {found.get('bbox_mAP', 0.0):.3f}"
        )
    print(f"  best mAP50 {best:.3f} (at least 0.9)")
    return best >= 0.9


def overhead(folder: Path) -> bool:
    """Compare whole processes in turns.

    At most 2 % beyond the start of coco-recipe's own process, by the clock or of processors, since
    on a machine that has other work the clock says little. The start is a run of the same recipe
    that is refused for the last thing that is looked at before the first step.
    """
    recipe, refused = _shapes(folder, epochs=2), folder / "refused.yaml"
    last = {"log_processor.custom_cfg": [{"data_src": "loss", "method_name": "unknown"}]}
    data = json.loads(recipe.read_text())
    data["steps"][0]["with"]["set"] = last
    refused.write_text(json.dumps({**data, "name": "refused"}))
    steps, plain = folder / "runs/learn/steps", folder / "plain"
    program = [sys.executable, "-m", "coco_recipe.cli", "run", "--quiet"]
    ours, alone, start = [], [], []
    for _ in range(3):
        ours.append(_used([*program, recipe.name, "--force"], folder))
        start.append(_used([*program, refused.name, "--no-report"], folder, code=2))
        shutil.rmtree(plain, ignore_errors=True)
        shutil.copytree(steps / "fit", plain, ignore=shutil.ignore_patterns("checkpoints"))
        alone.append(_used([sys.executable, "-c", RUNNER], plain))
    beyond = []
    for n, name in enumerate(("by the clock", "of processors")):
        whole, begun, trained = (min(row[n] for row in rows) for rows in (ours, start, alone))
        beyond.append((whole - begun - trained) / trained)
        print(
            f"overhead, {name}: coco-recipe run {whole:.1f} s, of which its start {begun:.1f} s; "
            f"Runner.train() alone {trained:.1f} s; beyond its start {beyond[-1]:+.1%} "
            f"(at most +2 %; least of {len(ours)} in turns)"
        )
    return min(beyond) <= 0.02


def caps(folder: Path) -> bool:
    """Run the small bottle-cap recipe.

    The averaged weights are at most 0.02 below the best single epoch.
    """
    work = folder / "caps"
    shutil.copytree(ROOT / "recipes", work / "recipes", dirs_exist_ok=True)
    if not (work / "data/caps/annotations.json").exists():
        subprocess.run(
            [sys.executable, "-m", "coco_recipe.cli", "demo", "data/caps", "--images", "160"],
            cwd=work,
            check=True,
        )
    command = [
        sys.executable,
        "-m",
        "coco_recipe.cli",
        "run",
        "recipes/bottle_caps_small.yaml",
        "--quiet",
        "--force",
    ]
    seconds = _timed(command, work)
    report = json.loads(
        (work / "runs/bottle-caps-small/steps/score/metrics.json").read_text("utf-8")
    )
    scores: dict[str, float] = {row["label"]: row["bbox"]["mAP"] for row in report["checkpoints"]}
    epochs = {label: score for label, score in scores.items() if label.startswith("epoch_")}
    average = max(score for label, score in scores.items() if label not in epochs)
    print(f"caps: recipes/bottle_caps_small.yaml in {seconds:.0f} s (at most 900)")
    for label, score in scores.items():
        print(f"  {label:24} mAP {score:.3f}")
    best = max(epochs.values())
    print(f"  average {average:.3f}, best epoch {best:.3f}: {average - best:+.3f} (at least -0.02)")
    return average >= best - 0.02 and seconds <= 900


def _shapes(folder: Path, epochs: int) -> Path:
    from shapes import draw

    if not (folder / "train").exists():
        draw(folder / "train", 240, 1)
        draw(folder / "val", 60, 2)
    shutil.copyfile(ROOT / "recipes/configs/retinanet_r18_small.py", folder / "small.py")
    recipe: dict[str, Any] = {
        "coco_recipe": 1,
        "name": "learn",
        "inputs": {
            part: {"annotations": f"{part}/annotations.json", "images": f"{part}/images"}
            for part in ("train", "val")
        },
        "steps": [
            {
                "id": "fit",
                "use": "train",
                "in": {"train": "train", "val": "val"},
                "with": {
                    "config": "small.py",
                    "epochs": epochs,
                    "seed": 0,
                    "device": "cpu",
                    "workers": 0,
                },
            }
        ],
    }
    (folder / "learn.yaml").write_text(json.dumps(recipe))
    return folder / "learn.yaml"


def _used(command: list[str], cwd: Path, code: int = 0) -> tuple[float, float]:
    """Return the seconds of a process: by the clock, and of all processors it has used."""

    def used() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    before = used()
    return _timed(command, cwd, code), used() - before


def _timed(command: list[str], cwd: Path, code: int = 0) -> float:
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    if done.returncode != code:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
