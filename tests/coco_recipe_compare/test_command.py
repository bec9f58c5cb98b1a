"""The command compare: a table, a page, JSON, and what it needs."""

import json
from pathlib import Path

import pytest
from builders import coco, command, write_recipe
from coco_recipe_compare import command as compared
from evaluated import boxes, run_of, scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    data = scene()
    for name, off in (("a", 2.0), ("b", 9.0)):
        run_of(folder / name, data, x=boxes(data, off))
    return folder


def test_a_table_a_page_and_json(folder: Path) -> None:
    runs = ("a/runs/a", "b/runs/b")
    done = command("compare", *runs, "--html", "c.html", "--draws", "50", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "differences are to a; * is off zero" in done.stdout
    assert (folder / "c.html").read_bytes().startswith(b"<!doctype html>")
    told = command("compare", *runs, "--format", "json", "--draws", "50", cwd=folder)
    assert json.loads(told.stdout)["kinds"]["bbox"][1]["name"] == "b"
    again = command("compare", *runs, "--format", "json", "--draws", "50", cwd=folder)
    assert again.stdout == told.stdout


def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "NEEDS", ("numpy", "no_such_library"))
    done = command("compare", "a/runs/a", "b/runs/b", cwd=folder)
    assert (done.returncode, "pip install no_such_library" in done.stderr) == (2, True)


def test_runs_without_an_evaluation_are_named_before_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compared, "NEEDS", ("no_such_library",))
    write_recipe(tmp_path, [{"id": "same", "use": "reindex", "in": "raw"}], coco())
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0
    done = command("compare", "runs/test", "runs/test", cwd=tmp_path)
    assert (done.returncode, "no_such_library" in done.stderr) == (2, False)
    assert "evaluate" in done.stderr
