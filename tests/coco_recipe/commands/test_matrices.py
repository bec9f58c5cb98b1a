"""run and plan with --matrix: a line for each cell, and an exit code that tells of failures."""

import json
from pathlib import Path
from typing import Any

import evaluated
import pytest
from builders import coco, command, write_recipe

STEPS: list[dict[str, Any]] = [
    {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "more", "use": "reindex", "in": "clean", "with": {"annotations": 1}},
]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    axes = {"steps.more.with.annotations": [0, 1]}
    return write_recipe(tmp_path, STEPS, coco(), matrix=axes)


@pytest.mark.slow
def test_cells_are_run_and_told(recipe: Path, tmp_path: Path) -> None:
    plan = command("plan", recipe, "--matrix", cwd=tmp_path)
    assert "2 cells, 3 steps to make" in plan.stdout
    first, second, _ = plan.stdout.split("\n\n")
    assert first.startswith(f"annotations=0, in {Path('runs/test,annotations=0')}\n")
    assert [line.split()[0] for line in first.splitlines() if line[:1].strip()][1:] == [
        "raw",
        "clean",
        "more",
    ]
    assert "\nmore " in second
    assert "\nclean " not in second, "the first cell makes it"
    done = command("run", recipe, "--matrix", "--jobs", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    head, first, second = done.stdout.splitlines()
    assert head.split() == ["cell", "made", "there", "result", "folder"]
    assert first.split()[:4] == ["annotations=0", "done", "2", "0"]
    assert second.split()[:4] == ["annotations=1", "done", "1", "1"]
    assert "cell 2 of 2: annotations=1" in done.stderr
    rows = json.loads(command("plan", recipe, "--matrix", "--format", "json", cwd=tmp_path).stdout)
    assert [step["runs"] for row in rows for step in row["steps"]] == [False] * 4


@pytest.mark.slow
def test_a_failed_cell_gives_exit_code_1(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "runs/test,annotations=0").mkdir(parents=True)
    (tmp_path / "runs/test,annotations=0/mine").write_text("mine")
    done = command("run", recipe, "--matrix", "--jobs", "0", cwd=tmp_path)
    assert done.returncode == 1
    assert "1 cell of 2 failed" in done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()[1:]] == ["failed", "done"]
    told = command("run", recipe, "--matrix", "--format", "json", "-q", cwd=tmp_path)
    rows = json.loads(told.stdout)["cells"]
    assert [row["outcome"] for row in rows] == ["failed", "done"]
    assert "was not made by coco-recipe" in rows[0]["error"]
    assert rows[1]["reused"] == ["clean", "more"]


def test_a_bad_matrix_is_told_and_nothing_runs(recipe: Path, tmp_path: Path) -> None:
    write_recipe(tmp_path, STEPS, matrix={"seed": []})
    for name in ("run", "plan"):
        done = command(name, recipe, "--matrix", cwd=tmp_path)
        assert done.returncode == 2
        assert "matrix.seed: has no value to try" in done.stderr
    assert command("validate", recipe, cwd=tmp_path).returncode == 2
    assert not (tmp_path / "runs").exists()


def test_validate_counts_cells(recipe: Path, tmp_path: Path) -> None:
    assert "2 steps, 2 cells, no problem" in command("validate", recipe, cwd=tmp_path).stdout


@pytest.mark.slow
def test_metrics_are_compared_at_the_end(tmp_path: Path) -> None:
    pytest.importorskip("pycocotools")
    data = evaluated.scene()
    (tmp_path / "rating.py").write_text(evaluated.PLUGIN, "utf-8")
    boxes = (evaluated.boxes(data, 2), evaluated.boxes(data, 9)[:12])
    found = [json.dumps({"best": rows}) for rows in boxes]
    step = {"id": "score", "use": "rate", "in": "raw", "with": {"found": "${found}"}}
    axes = {"vars.found": found}
    path = write_recipe(tmp_path, [step], data, vars={"found": "{}"}, matrix=axes)
    options = ("--plugin", "rating.py", "--jobs", "0", "-q")
    done = command("run", path, "--matrix", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mAP 0.024" in done.stdout
    assert "mAP 0.012" in done.stdout
    assert "12 images" in done.stdout.partition("mAP 0.012")[2]  # what `compare` prints
