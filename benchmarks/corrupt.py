"""Corrupt finished runs at random: does `verify` find it, and does the next run mend it or stop?

Makes one run with a ledger, new ids, copies of pictures, parts and a published folder. Each trial
copies its directory, and damages one file or two that trade places: a bit is flipped, the
end is cut off, a piece is filled with zeros, the file is deleted. Every file is as likely: data,
manifests, the log, the recipe's copies, ledgers, published files and their mark.

Mark: all are found; each run afterwards ends with the bytes of the first, or with an error.
"""

import argparse
import json
import os
import random
import resource
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import augment

from coco_recipe.errors import CocoRecipeError
from coco_recipe.publishing.marks import CARDS, MARK
from coco_recipe.running import stages
from coco_recipe.running.verification import verify

STEPS = """\
coco_recipe: 1
name: corrupt
inputs: {raw: {annotations: annotations.json, images: images}}
steps:
  - {id: mended, use: repair, in: raw, with: {area: recompute}}
  - {id: numbered, use: reindex, in: mended}
  - {id: more, use: augment, in: numbered, with: {pipeline: [{HorizontalFlip: {p: 0.5}}]}}
  - {id: both, use: merge, in: [numbered, more]}
  - {id: parts, use: split, in: both, with: {every: 3}}
  - {id: unread, use: split, in: numbered, with: {every: 2}}
  - {id: out, use: export_coco, in: {train: parts.train, val: parts.val}, with: {to: dataset}}
"""
DAMAGES = ("flip", "truncate", "delete", "swap", "zero")


@dataclass(slots=True)
class Tally:
    """What became of the trials.

    Attributes:
        damages: how many there were of each kind.
        missed: those that `verify` didn't find.
        mended: how many were gone after the next run.
        stopped: at how many the next run stopped with an error.
        used: those after which the run ended well with other bytes.
    """

    damages: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    mended: int = 0
    stopped: int = 0
    used: list[str] = field(default_factory=list)


def make(folder: Path, images: int = 5) -> Path:
    """Make a run of a few pictures; return its directory."""
    augment.make(folder, images)
    (folder / "recipe.yaml").write_text(STEPS)
    data = json.loads((folder / "annotations.json").read_text())
    data["annotations"][0]["area"] += 1  # so that repair has something to mend
    (folder / "annotations.json").write_text(json.dumps(data))
    return again(folder, folder / "run")


def again(folder: Path, out: Path) -> Path:
    """Run the recipe of a folder; return the run directory."""
    return stages.run(stages.prepare(folder / "recipe.yaml"), out=out).folder


def attempt(folder: Path, run: Path, trials: int, seed: int, runs: int | None = None) -> Tally:
    """Damage copies of a run, one after another.

    Args:
        folder: of its recipe.
        run: its directory.
        trials: how many copies.
        seed: of the random choices.
        runs: after how many of them the recipe is run again; None for all.
    """
    rng, tally, expected = random.Random(seed), Tally(), state(run)
    for n in range(trials):
        copy = folder / "copy"
        shutil.copytree(run, copy, copy_function=os.link)
        told = damage(copy, rng, DAMAGES[n % len(DAMAGES)])
        tally.damages[told.partition(" ")[0]] += 1
        if not verify(copy).wrong:
            tally.missed.append(told)
        if runs is None or n < runs:
            try:
                again(folder, copy)
                if verify(copy).wrong or state(copy) != expected:
                    tally.used.append(told)
                tally.mended += 1
            except CocoRecipeError:
                tally.stopped += 1
        shutil.rmtree(copy)
    return tally


def damage(run: Path, rng: random.Random, how: str) -> str:
    """Damage a file of a run directory; say what was done to which.

    The files may be hard links to those of another directory, which stay as they are.
    """
    paths = sorted(path for path in run.rglob("*") if path.is_file() and path.stat().st_size)
    path = rng.choice(paths)
    data = path.read_bytes()
    at = rng.randrange(len(data))
    if how == "swap":
        other = rng.choice([one for one in paths if one.read_bytes() != data])
        _write(path, other.read_bytes())
        _write(other, data)
        return f"swap {path.relative_to(run)} {other.relative_to(run)}"
    if how == "delete":
        path.unlink()
    elif how == "truncate":
        _write(path, data[:at])
    elif how == "flip":
        _write(path, data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :])
    else:
        at = rng.choice([n for n, byte in enumerate(data) if byte])
        length = rng.randint(1, 4096)
        _write(path, data[:at] + bytes(len(data[at : at + length])) + data[at + length :])
    return f"{how} {path.relative_to(run)} at {at}"


def _write(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


def state(run: Path) -> dict[str, Any]:
    """Return every file of a run directory by name, clocks taken out.

    Not those in ``kept/``: where a manifest is damaged, a run can't know whose a damaged file
    beside it is, and keeps it there. Nor a data set's card: a changed one is the user's, and stays.
    """
    names = {path.relative_to(run).as_posix(): path for path in sorted(run.rglob("*"))}
    return {
        name: _without_clock(path)
        for name, path in names.items()
        if path.is_file() and path.name not in (".lock", *CARDS) and not name.startswith("kept/")
    }


def _without_clock(path: Path) -> Any:
    if path.name == MARK:
        return {**json.loads(path.read_bytes()), "cards": {}, "digest": ""}
    if path.name not in ("manifest.json", "provenance.jsonl"):
        return path.read_bytes()
    text = path.read_text("utf-8")
    lines = [text] if path.suffix == ".json" else text.splitlines()
    found = [json.loads(line) for line in lines]
    for line in found:
        line.get("record", line).pop("clock")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = make(folder)
        tally = attempt(folder, run, options.trials, options.seed)
    kinds = ", ".join(f"{n} x {kind}" for kind, n in tally.damages.items())
    print(f"{options.trials} damages: {kinds}")
    print(f"found by verify: {options.trials - len(tally.missed)}")
    print(f"runs: {tally.mended} mended, {tally.stopped} stopped, {len(tally.used)} wrong")
    for told in (*tally.missed, *tally.used):
        print(f"  {told}")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
