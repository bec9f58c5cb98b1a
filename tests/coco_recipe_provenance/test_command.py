"""The command provenance: printed or written, and no file of the user's is written over."""

import json
from pathlib import Path

import pytest
from builders import command
from coco_recipe_provenance import command as told
from projects import project_in, run_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = project_in(tmp_path)
    run_project(folder)
    return folder


def test_it_is_printed_or_written(project: Path) -> None:
    done = command("provenance", "runs/test", "--format", "croissant", cwd=project)
    assert (done.returncode, json.loads(done.stdout)["@type"]) == (0, "sc:Dataset")
    written = ("provenance", "runs/test", "--format", "croissant", "-o", "new/c.json")
    for _ in range(2):
        done = command(*written, cwd=project)
        assert (done.returncode, done.stdout) == (0, "new/c.json\n")
    (project / "new/c.json").write_text("mine")
    done = command(*written, cwd=project)
    assert (done.returncode, "is there already" in done.stderr) == (2, True)
    assert (project / "new/c.json").read_text() == "mine"


def test_a_missing_library_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(told.LIBRARY, "prov-json", "no_such_library")
    done = command("provenance", "runs/test", "--format", "prov-json", cwd=project)
    assert (done.returncode, 'pip install "coco-recipe[provenance]"' in done.stderr) == (2, True)


def test_another_folder_is_no_run(project: Path) -> None:
    done = command("provenance", ".", "--format", "croissant", cwd=project)
    assert (done.returncode, "is not a run directory" in done.stderr) == (2, True)
