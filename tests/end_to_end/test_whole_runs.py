import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builders import REPOSITORY, command, real_data, times, tree, write_recipe

RECIPES = REPOSITORY / "recipes"
CAR = """\
coco_recipe: 1
name: car
seed: 3
vars: {d: DATA}
inputs:
  a: {annotations: "${d}/train/_annotations.coco.json", images: "${d}/train"}
  b: {annotations: "${d}/valid/_annotations.coco.json", images: "${d}/valid"}
  c: {annotations: "${d}/test/_annotations.coco.json", images: "${d}/test"}
steps:
  - {id: all, use: merge, in: [a, b, c]}
  - {id: clean, use: filter_categories, in: all, with: {drop: [car-damaged-parts]}}
  - {id: numbered, use: reindex, in: clean}
  - id: parts
    use: split
    in: numbered
    with: {fractions: {train: 0.7, val: 0.2, test: 0.1}, method: stratified}
  - id: out
    use: export_coco
    in: {train: parts.train, val: parts.val, test: parts.test}
    with: {to: dataset}
"""


@pytest.mark.slow
def test_car_damage_merged_split_and_exported_loads_in_pycocotools(tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    (tmp_path / "car.yaml").write_text(CAR.replace("DATA", str(real_data("car_damage").resolve())))
    done = command("run", "car.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs/car/dataset"
    parts = {
        name: COCO(folder / f"annotations/instances_{name}.json")
        for name in ("train", "val", "test")
    }
    assert sum(len(part.imgs) for part in parts.values()) == 300
    assert sum(len(part.anns) for part in parts.values()) == 605
    window = {
        name: len(part.getAnnIds(catIds=part.getCatIds(catNms=["damaged window"])))
        for name, part in parts.items()
    }
    assert sum(window.values()) == 3
    assert sum(n > 0 for n in window.values()) >= 2
    for name, part in parts.items():
        assert {row["file_name"] for row in part.imgs.values()} == {
            path.name for path in (folder / name).iterdir()
        }
        assert len(part.cats) == 9
    assert len({row["file_name"] for part in parts.values() for row in part.imgs.values()}) == 300


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recipes beside a drawn data set, as a clone has them after ``make run``."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "recipes").mkdir()
    for path in RECIPES.glob("*.yaml"):
        (folder / "recipes" / path.name).write_text(path.read_text("utf-8"), "utf-8")
    done = command("demo", folder / "data/demo", "--images", "24", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def _run(demo: Path, recipe: str, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    done = command("run", demo / "recipes" / recipe, "--out", out, *options, cwd=demo)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_the_notebook_recipe_gives_the_same_bytes_with_1_2_and_4_jobs(
    demo: Path, tmp_path: Path
) -> None:
    trees = []
    for jobs in ("1", "2", "4"):
        _run(demo, "notebook_data.yaml", tmp_path / jobs, "--jobs", jobs)
        trees.append(tree(tmp_path / jobs))
    assert trees[0] == trees[1] == trees[2]
    assert any(name.endswith(".jpg") for name in trees[0])


@pytest.mark.slow
def test_no_family_is_on_both_sides_of_the_notebook_recipe(demo: Path, tmp_path: Path) -> None:
    _run(demo, "notebook_data.yaml", tmp_path / "out")
    parts = [
        json.loads((tmp_path / f"out/steps/dataset/annotations/instances_{name}.json").read_text())
        for name in ("train2017", "val2017")
    ]
    train, val = ({row["coco_recipe"]["root"] for row in part["images"]} for part in parts)
    assert train
    assert val
    assert not train & val


@pytest.mark.slow
def test_quickstart_again_makes_nothing_and_a_changed_parameter_makes_what_follows(
    demo: Path, tmp_path: Path
) -> None:
    _run(demo, "quickstart.yaml", tmp_path / "out")
    first = tree(tmp_path / "out")
    assert "nothing to do" in _run(demo, "quickstart.yaml", tmp_path / "out").stderr
    assert tree(tmp_path / "out") == first
    again = json.loads(
        _run(
            demo,
            "quickstart.yaml",
            tmp_path / "out",
            "--set",
            "steps.more.with.copies=2",
            "--format",
            "json",
        ).stdout
    )
    assert {"more", "train_set", "train_masks", "dataset"} <= set(again["ran"])
    copies = {path.stem for path in (tmp_path / "out/steps/more/images").iterdir()}
    assert len(copies) == 2 * sum(name.startswith("steps/more/images/") for name in first)


@pytest.mark.slow
def test_a_run_that_dies_before_any_change_of_the_disk_ends_with_the_same_bytes(
    tmp_path: Path,
) -> None:
    pytest.importorskip("albumentations")
    import shapes

    shapes.draw(tmp_path / "drawn", 4, seed=1)
    path = write_recipe(
        tmp_path,
        [
            {"id": "numbered", "use": "reindex", "in": "raw"},
            {
                "id": "parts",
                "use": "split",
                "in": "numbered",
                "with": {"fractions": {"train": 0.5, "val": 0.5}},
            },
            {
                "id": "more",
                "use": "augment",
                "in": "parts.train",
                "with": {"pipeline": [{"HorizontalFlip": {"p": 1}}]},
            },
            {"id": "train", "use": "merge", "in": ["parts.train", "more"]},
            {
                "id": "dataset",
                "use": "export_coco",
                "in": {"train": "train", "val": "parts.val"},
                "with": {"to": "dataset"},
            },
        ],
        inputs={"raw": {"annotations": "drawn/annotations.json", "images": "drawn/images"}},
    )
    done = subprocess.run(
        [sys.executable, REPOSITORY / "tests/helpers/dying.py", path, tmp_path],
        text=True,
        capture_output=True,
        check=False,
    )
    number, *others = done.stdout.splitlines()
    assert int(number) > 50, done.stderr
    assert others == [], done.stderr


@pytest.mark.slow
@pytest.mark.soak
def test_a_run_killed_at_any_moment_ends_with_the_same_bytes(demo: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    _run(demo, "quickstart.yaml", tmp_path / "whole", "--jobs", "2")
    length, expected, killed = time.monotonic() - began, tree(tmp_path / "whole"), 0
    rng = random.Random(0)
    for trial in range(times(600)):
        if killed == times(20):
            break
        out = tmp_path / f"trial_{trial}"
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "coco_recipe.cli",
                "run",
                demo / "recipes/quickstart.yaml",
                "--out",
                out,
                "--jobs",
                "2",
            ],
            cwd=demo,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(0.05, 0.95) * length)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
        _run(demo, "quickstart.yaml", out, "--jobs", "2")
        assert tree(out) == expected, f"trial {trial} differs"
    assert killed == times(20)
