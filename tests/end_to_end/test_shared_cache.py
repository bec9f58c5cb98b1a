"""Runs at once that share results, and are killed at any moment: each result is whole."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import coco, times, write_recipe

from coco_recipe.running.verification import verify

STEPS: list[dict[str, Any]] = [
    {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "numbered", "use": "reindex", "in": "clean"},
    {"id": "out", "use": "export_coco", "in": {"all": "numbered"}, "with": {"images": "none"}},
]
CHANGE = """
import json, random, sys, warnings
import coco_recipe
warnings.simplefilter("ignore")
name, runs = sys.argv[1], int(sys.argv[2])
chance = random.Random(sys.argv[3])
print("begun", flush=True)
for _ in range(runs):
    seed = chance.randrange(5)
    done = coco_recipe.run(
        "recipe.yaml", out=f"runs/{name}", set={"seed": seed}, jobs=0, report=False
    )
    rows = json.loads((done.folder / "steps/out/annotations/instances_all.json").read_text())
    assert len(rows["annotations"]) == 3
"""


def _begin(folder: Path, name: str, runs: int, seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHANGE, name, str(runs), str(seed)],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_recipe(tmp_path, STEPS, coco(6, [(n, 1 + n % 2) for n in range(1, 7)]))
    return tmp_path


@pytest.mark.slow
@pytest.mark.soak
def test_runs_at_once_share_whole_results(project: Path) -> None:
    running = [_begin(project, name, times(100), n) for n, name in enumerate("ab")]
    for process in running:
        assert process.wait(timeout=300) == 0, process.communicate()[1]
    for name in "ab":
        assert not verify(project / "runs" / name).wrong
    left = {path.name[-5:] for path in (project / "runs/.cache").iterdir()}
    assert not left & {".gone", ".left"}


@pytest.mark.slow
@pytest.mark.soak
def test_a_killed_run_leaves_whole_results(project: Path) -> None:
    chance = random.Random(3)
    for n in range(times(40)):
        process = _begin(project, "a", 50, n)
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        try:
            process.wait(timeout=chance.uniform(0.2, 0.8))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
    last = _begin(project, "a", 5, 0)
    assert last.wait(timeout=300) == 0, last.communicate()[1]
    assert not verify(project / "runs/a").wrong
    for path in (project / "runs/.cache").glob("*/entry.json"):
        assert json.loads(path.read_bytes())["step"] in ("clean", "numbered", "out")
    assert not list((project / "runs/a/steps").glob(".*"))
