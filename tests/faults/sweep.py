"""F28: whatever is around a run, its bytes are the same."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from outcome import Outcome, row
from subject import COMMAND, HANGS_SECONDS, Subject
from subject import environment as clean

JOBS = ("0", "1", "2", "8")
ENGINES = ("local", "local:spawn")
LOCALES = ("C", "C.UTF-8", "zh_CN.GBK")
ZONES = ("UTC", "Asia/Kathmandu")
HASH_SEEDS = ("0", "1", "2")
MASKS = (0o022, 0o077, 0)
FOLDERS = ("plain", "a b", "瓶盖 it's")
"""Of each a value; those that turn are as many as have no common factor with the others."""


def combinations(number: int) -> Iterator[dict[str, str]]:
    """Yield so many combinations: every pair of workers and engine, the others turning."""
    turns = itertools.cycle(itertools.product(JOBS, ENGINES))
    for n in range(number):
        jobs, engine = next(turns)
        yield {
            "jobs": jobs,
            "engine": "local" if jobs == "0" else engine,
            "hash seed": HASH_SEEDS[n % 3],
            "locale": LOCALES[n // 3 % 3],
            "zone": ZONES[n // 2 % 2],
            "mask": str(MASKS[n // 5 % 3]),
            "folder": FOLDERS[n // 7 % 3],
            "order": ("as made", "turned")[n // 4 % 2],
            "cwd": ("recipe", "root")[n // 6 % 2],
            "how": ("at once", "killed")[n % 5 == 4],
        }


def project(subject: Subject, name: str, order: str) -> Path:
    """Copy the project to a folder of that name, its files made in one order or the other."""
    folder = subject.folder / name / "project"
    shutil.rmtree(folder.parent, ignore_errors=True)
    source = subject.recipe.parent
    paths = sorted(path for path in source.rglob("*") if path.is_file())
    for path in paths if order == "as made" else reversed(paths):
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return folder


def made_with(subject: Subject, given: dict[str, str]) -> str:
    """Run the recipe so; say what is other than it must be."""
    folder = project(subject, given["folder"], given["order"])
    out = folder.parent / "disk/run"
    inside = given["cwd"] == "recipe"
    recipe = Path("recipe.yaml") if inside else folder / "recipe.yaml"
    words = ["run", recipe, "--out", "../disk/run" if inside else out]
    words += ["--jobs", given["jobs"], "--engine", given["engine"]]
    around = clean(PYTHONHASHSEED=given["hash seed"], LC_ALL=given["locale"], TZ=given["zone"])
    began = subprocess.Popen(
        [sys.executable, "-P", "-c", COMMAND, *map(str, words)],
        cwd=folder if inside else "/",
        env=around,
        umask=int(given["mask"]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    if given["how"] == "killed":
        try:
            began.wait(1 + subject.rng.uniform(0, 2))
        except subprocess.TimeoutExpired:
            os.killpg(began.pid, 9)
        began.communicate()
        return made_again(subject, folder, out)
    _, told = began.communicate(timeout=HANGS_SECONDS)
    return told[-300:] if began.returncode else subject.differs(out)


def made_again(subject: Subject, folder: Path, out: Path) -> str:
    done = subject.run("--jobs", "0", recipe=folder / "recipe.yaml", out=out)
    return done.told[-300:] if done.code else subject.differs(out)


@row("F28", "workers, engines, hash seeds, locales, zones, masks, folders, orders, kills", 72, 5)
def sweep(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    for given in combinations(times):
        outcome.add(given, made_with(subject, given))
    return outcome


@row("F28d", "the Dask engine, and plugins that are named in another order", 3)
def other_engines(subject: Subject, times: int) -> Outcome:
    outcome = Outcome()
    for more in (("--engine", "dask", "--jobs", "2"), *_plugin_orders(subject)):
        subject.clear()
        done = subject.run(*more)
        outcome.add(more[:2], done.told[-300:] if done.code else subject.differs())
    return outcome


def _plugin_orders(subject: Subject) -> Iterator[tuple[str, ...]]:
    """Yield arguments that name two plugin files in both orders."""
    text = "from coco_recipe import hookimpl\n@hookimpl\ndef coco_recipe_steps():\n    return []\n"
    paths = [subject.folder / name for name in ("one.py", "two.py")]
    for path in paths:
        path.write_text(text, "utf-8")
    for one, two in (paths, paths[::-1]):
        yield "--plugin", str(one), "--plugin", str(two), "--jobs", "0"
