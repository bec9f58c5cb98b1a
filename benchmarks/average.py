"""average_weights against ``torch.load`` of all files and a loop: seconds and peak memory.

Makes three checkpoints with the tensors of a Cascade R-CNN R50 (69 million parameters, 276 MB) and
their optimizer's momentum, 530 MB a file. Each way runs in a process of its own; "work" is from
after the imports to the end, "process" all of it; the best of a few, the ways in turn:

- loop: ``torch.load`` of all, a float64 loop over the keys, ``torch.save``;
- function: the step's function in a process of its own; it checks the files' structure and looks
  for values that are not finite, fingerprints the result and hashes its file, none of which the
  loop does;
- recipe: ``coco-recipe run``, which also hashes the whole input files, and flushes and commits the
result.

All ways find the bytecode of what they import, as an installed package has it, from their second
turn on.

"processor" is the time that all of a process's threads have used: on a machine that has other work
the clock says little.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHAPES = [
    (64, 3, 7, 7),
    *[(256, 64, 1, 1), (64, 256, 1, 1), (64, 64, 3, 3)] * 3,
    *[(512, 128, 1, 1), (128, 512, 1, 1), (128, 128, 3, 3)] * 4,
    *[(1024, 256, 1, 1), (256, 1024, 1, 1), (256, 256, 3, 3)] * 6,
    *[(2048, 512, 1, 1), (512, 2048, 1, 1), (512, 512, 3, 3)] * 3,
    *[(256, 256, 3, 3)] * 5,
    *[(1024, 12544), (1024,), (1024, 1024), (1024,), (81, 1024), (4, 1024)] * 3,
    *[(512,)] * 200,
]
LOOP = """
import sys, time, torch
began = time.perf_counter()
paths = sys.argv[1:4]
files = [torch.load(p, map_location="cpu", weights_only=True)["state_dict"] for p in paths]
made = {}
for key, tensor in files[-1].items():
    if not tensor.is_floating_point():
        made[key] = tensor
        continue
    total = files[0][key].double()
    for other in files[1:]:
        total = total + other[key].double()
    made[key] = (total / len(files)).to(tensor.dtype)
torch.save({"state_dict": made}, sys.argv[4])
print("work", time.perf_counter() - began)
"""
FUNCTION = """
import sys, time, torch
from pathlib import Path
from coco_recipe import Checkpoint
from coco_recipe.running.context import Context
from coco_recipe_torch.average_weights import STEP
from coco_recipe.language.schema_check import with_defaults
began = time.perf_counter()
inputs = tuple(Checkpoint(Path(path)) for path in sys.argv[1:4])
params = dict.fromkeys(STEP.params["properties"]) | with_defaults(STEP.params, {})
STEP.run(Context("mean", 0, Path(sys.argv[4])), checkpoints=inputs, **params)
print("work", time.perf_counter() - began)
"""
RECIPE = """\
coco_recipe: 1
name: average
inputs: {a: {checkpoint: 0.pth}, b: {checkpoint: 1.pth}, c: {checkpoint: 2.pth}}
steps: [{id: mean, use: average_weights, in: {checkpoints: [a, b, c]}}]
"""


def make(folder: Path, scale: float) -> None:
    """Write the files."""
    import torch

    for number in range(3):
        generator = torch.Generator().manual_seed(number)
        state = {
            f"layer_{i}.weight": torch.randn(
                [max(int(shape[0] * scale), 1), *shape[1:]], generator=generator
            )
            for i, shape in enumerate(SHAPES)
        }
        state["bn.num_batches_tracked"] = torch.tensor(number)
        momentum = {
            "state": {
                i: {"momentum_buffer": torch.zeros_like(tensor)}
                for i, tensor in enumerate(state.values())
            }
        }
        torch.save(
            {"meta": {"epoch": number}, "state_dict": state, "optimizer": momentum},
            folder / f"{number}.pth",
        )


def measure(arguments: list[str], folder: Path) -> tuple[float, float, float, float]:
    """Run a process.

    Return the seconds of its work, if it says them, of all, and of processors, and its peak memory
    in MB.
    """
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print('peak', used.ru_maxrss); "
        "print('processor', used.ru_utime + used.ru_stime)"
    )
    os.sync()  # what the one before has written is not to be waited for in this one
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        env={
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        },
        text=True,
    )
    seconds = time.perf_counter() - began
    said = {
        words[0]: float(words[1])
        for line in done.stdout.splitlines()
        if len(words := line.split()) == 2
    }
    return said.get("work", seconds), seconds, said["processor"], said["peak"] / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1, help="share of the files' size")
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, given.scale)
        (folder / "recipe.yaml").write_text(RECIPE)
        print(f"three checkpoints of {(folder / '0.pth').stat().st_size / 1e6:.0f} MB")
        inputs = ["0.pth", "1.pth", "2.pth"]
        rows: dict[str, list[tuple[float, float, float, float]]] = {}
        for turn in range(given.times):
            (folder / f"made_{turn}").mkdir()
            for label, arguments in {
                "loop": ["-c", LOOP, *inputs, f"loop_{turn}.pth"],
                "function": ["-c", FUNCTION, *inputs, f"made_{turn}"],
                "recipe": [
                    "-m",
                    "coco_recipe.cli",
                    "run",
                    "-q",
                    "recipe.yaml",
                    "--no-report",
                    "--rehash",  # as on the first day
                    "--out",
                    f"turn_{turn}/run",  # nothing is kept beside it of the turn before
                ],
            }.items():
                rows.setdefault(label, []).append(measure([sys.executable, *arguments], folder))
        equal = _compare(folder)
    base = [min(column) for column in zip(*rows["loop"], strict=True)]
    print("            work              process           processor         peak memory")
    ratios = {}
    for label, found in rows.items():
        least = [min(column) for column in zip(*found, strict=True)]
        ratios[label] = [value / of_loop for value, of_loop in zip(least, base, strict=True)]
        shown = [
            f"{value:5.2f} s ({ratio:.2f})"
            for value, ratio in zip(least, ratios[label], strict=True)
        ]
        shown[-1] = f"{least[-1]:5.0f} MB ({ratios[label][-1]:.2f})"
        print(f"{label:10} {'   '.join(shown)}")
    time_, *_, memory = ratios["function"]
    _, whole, *_ = ratios["recipe"]
    print(
        f"function: {time_:.2f} of the loop's time (at most 0.50), "
        f"{memory:.2f} of its memory (at most 0.75)"
    )
    print(f"recipe: {whole:.2f} of the loop's whole process (at most 0.80)")
    met = time_ <= 0.5 and memory <= 0.75 and whole <= 0.8
    sys.exit(0 if equal and met else "missed")


def _compare(folder: Path) -> bool:
    """Tell whether loop and function have made the same."""
    import torch

    loop, ours = (
        torch.load(folder / name, weights_only=True)["state_dict"]
        for name in ("loop_0.pth", "made_0/averaged.pth")
    )
    equal = loop.keys() == ours.keys() and all(torch.equal(loop[key], ours[key]) for key in loop)
    print("results are equal to the last bit" if equal else "RESULTS DIFFER")
    return equal


if __name__ == "__main__":
    main()
