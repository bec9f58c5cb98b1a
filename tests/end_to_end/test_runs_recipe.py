"""The recipe that a run directory keeps makes the same data again, wherever the run and the recipe
lie by then.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, tree, write_recipe

SET = ("--set", "steps.parts.with.every=3", "--set", "vars.first=2")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A recipe with all that a recipe names by path, run with --set from another folder; its data
    has two files.
    """
    folder = tmp_path / "work/project"
    for name in ("data/images", "groups"):
        (folder / name).mkdir(parents=True)
    data = coco(6)
    (folder / "data/raw.json").write_text(json.dumps(data))
    for row in data["images"]:
        (folder / "data/images" / row["file_name"]).write_bytes(b"\xff\xd8 picture %d" % row["id"])
    (folder / "groups/by_day.txt").write_text(
        "".join(f"{row['file_name']} {row['id']}\n" for row in data["images"])
    )
    steps: list[dict[str, Any]] = [
        {
            "id": "parts",
            "use": "split",
            "in": "raw",
            "with": {"every": 2, "first": "${first}", "group_by": {"file": "groups/by_day.txt"}},
        },
        {
            "id": "d",
            "use": "export_coco",
            "in": {"train": "parts.train", "val": "parts.val"},
            "with": {"to": "dataset"},
        },
    ]
    write_recipe(
        folder,
        steps,
        vars={"first": 1},
        inputs={"raw": {"annotations": "data/raw.json", "images": "data/images"}},
    )
    return folder


def _run(recipe: Path, out: Path, *options: str, cwd: Path) -> None:
    done = command("run", recipe, "--out", out, "--jobs", "1", *options, cwd=cwd)
    assert done.returncode == 0, done.stderr


def _data(run: Path) -> dict[str, bytes]:
    return {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in sorted((run / "dataset").rglob("*"))
        if path.is_file() and path.name != ".coco-recipe.json"
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["recipe.yaml", "recipe.resolved.yaml"])
@pytest.mark.parametrize("out", ["work/project/runs/x", "elsewhere/deep/x"])
def test_it_makes_the_same_data_again(out: str, name: str, tmp_path: Path, project: Path) -> None:
    _run(project / "recipe.yaml", tmp_path / out, *SET, cwd=tmp_path)
    _run(tmp_path / out / name, tmp_path / "again/y", cwd=tmp_path)
    assert len(_data(tmp_path / out)) == 10
    assert _data(tmp_path / "again/y") == _data(tmp_path / out)
    _run(tmp_path / "again/y" / name, tmp_path / "third", cwd=tmp_path)  # a copy of a copy
    assert _data(tmp_path / "third") == _data(tmp_path / out)


def test_it_runs_from_the_run_directory_as_it_is(tmp_path: Path, project: Path) -> None:
    out = project / "runs/x"
    _run(project / "recipe.yaml", out, *SET, cwd=project)
    _run(Path("recipe.yaml"), Path("../y"), cwd=out)
    assert _data(project / "runs/y") == _data(out)
    assert command("validate", "recipe.yaml", cwd=out).returncode == 0


def _moved_together(tmp_path: Path, project: Path, out: Path) -> Path:
    project.rename(tmp_path / "moved")
    return tmp_path / "moved" / out.relative_to(project)


def _moved_alone(tmp_path: Path, project: Path, out: Path) -> Path:
    shutil.move(out, tmp_path / "alone")
    return tmp_path / "alone"


def _without_its_file(tmp_path: Path, project: Path, out: Path) -> Path:
    (project / "recipe.yaml").unlink()
    return out


@pytest.mark.parametrize("move", [_moved_together, _moved_alone, _without_its_file])
def test_the_run_or_the_project_may_have_moved(
    move: Callable[[Path, Path, Path], Path], tmp_path: Path, project: Path
) -> None:
    out = project / "runs/x"
    _run(project / "recipe.yaml", out, *SET, cwd=project)
    found = move(tmp_path, project, out)
    _run(found / "recipe.yaml", tmp_path / "again", cwd=tmp_path)
    assert _data(tmp_path / "again") == _data(found)


def test_a_file_of_a_step_decides_where_inputs_are_named_by_absolute_paths(
    tmp_path: Path, project: Path
) -> None:
    recipe = json.loads((project / "recipe.yaml").read_text())
    recipe["inputs"]["raw"] = {
        "annotations": str(project / "data/raw.json"),
        "images": str(project / "data/images"),
    }
    (project / "recipe.yaml").write_text(json.dumps(recipe))
    out = project / "runs/x"
    _run(project / "recipe.yaml", out, cwd=project)
    shutil.move(out, tmp_path / "alone")
    _run(tmp_path / "alone/recipe.yaml", tmp_path / "again", cwd=tmp_path)
    assert _data(tmp_path / "again") == _data(tmp_path / "alone")


def test_in_its_own_run_directory_there_is_nothing_to_do(tmp_path: Path, project: Path) -> None:
    """It is the recorded recipe: its steps, its run directory and what it published are the
    same.
    """
    out = project / "runs/x"
    _run(project / "recipe.yaml", out, *SET, cwd=project)
    before = tree(out)
    for _ in range(2):
        done = command("run", out / "recipe.yaml", "--out", out, cwd=tmp_path)
        assert (done.returncode, "nothing to do" in done.stderr) == (0, True), done.stderr
        assert tree(out) == before
    _run(
        project / "recipe.yaml", out, *SET, cwd=project
    )  # and the recipe itself is still the recorded one
    assert tree(out) == before


def test_the_run_has_the_same_bytes_wherever_the_project_lies(
    tmp_path: Path, project: Path
) -> None:
    shutil.copytree(project, tmp_path / "a/much/deeper/place")
    found = []
    for folder in (project, tmp_path / "a/much/deeper/place"):
        _run(folder / "recipe.yaml", folder / "runs/x", *SET, cwd=folder)
        found.append(tree(folder / "runs/x"))
    assert found[0] == found[1]
    assert str(tmp_path) not in (project / "runs/x/recipe.yaml").read_text()


def test_what_is_gone_is_told_with_the_place_where_it_was(tmp_path: Path, project: Path) -> None:
    _run(project / "recipe.yaml", tmp_path / "x", *SET, cwd=project)
    project.rename(tmp_path / "moved")
    done = command("run", tmp_path / "x/recipe.yaml", "--out", tmp_path / "y", cwd=tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path}/x/recipe.yaml:" in done.stderr
    assert f"hint: paths are relative to the recipe's folder, which was {project}" in done.stderr
    shutil.copy(
        tmp_path / "x/recipe.yaml", tmp_path / "moved/again.yaml"
    )  # among its inputs it is a recipe like any other
    _run(tmp_path / "moved/again.yaml", tmp_path / "y", cwd=tmp_path)
    assert _data(tmp_path / "y") == _data(tmp_path / "x")


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", '{"clock": 3}', '{"clock": {"recipe": 4, "recipe_from_run": []}}']
)
def test_a_recipe_beside_another_file_of_that_name_is_relative_to_itself(
    line: str, project: Path
) -> None:
    (project / "provenance.jsonl").write_text(line)
    done = command("validate", "recipe.yaml", cwd=project)
    assert done.returncode == 0, done.stderr
    assert os.listdir(project / "data") != []
