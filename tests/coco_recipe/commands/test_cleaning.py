"""clean shows sizes, asks, and removes nothing without an answer."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe.api import run

STEPS = [{"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = write_recipe(tmp_path, STEPS, coco())
    for seed in range(3):
        run(path, set={"seed": seed}, jobs=0)
    return tmp_path


def _files(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def _kept(project: Path) -> int:
    return len(list(project.glob("runs/.cache/*/result")))


@pytest.mark.slow
def test_sizes_are_shown_and_nothing_goes_without_a_yes(project: Path) -> None:
    for answer, kept in (("", 2), ("n\n", 2), ("y\n", 0)):
        done = subprocess.run(
            [sys.executable, "-m", "coco_recipe.cli", "clean", "runs/test"],
            cwd=project,
            input=answer,
            text=True,
            capture_output=True,
            check=True,
        )
        assert "2 results, " in done.stdout
        assert done.stdout.count("test: clean, used ") == 2
        assert _kept(project) == kept
    assert "0 results, 0 bytes" in command("clean", "runs/test", cwd=project).stdout


@pytest.mark.slow
def test_yes_and_json(project: Path) -> None:
    told = json.loads(command("clean", "runs/test", "--format", "json", cwd=project).stdout)
    assert (len(told["results"]), told["removed"], _kept(project)) == (2, False, 2)
    done = command("clean", "--older-than", "1d", "--yes", cwd=project)
    assert (done.returncode, _kept(project)) == (0, 2)
    assert command("clean", "runs/test", "--keep", "1", "--yes", cwd=project).returncode == 0
    assert _kept(project) == 1


def test_a_whole_run_goes_and_what_is_not_its_own_stays(project: Path) -> None:
    folder = project / "runs/test"
    (folder / "steps/clean/notes.txt").write_text("mine")
    (folder / "mine.txt").write_text("mine")
    asked = command("clean", "runs/test", "--whole", "--format", "json", cwd=project)
    before = json.loads(asked.stdout)
    assert (len(before["results"]), before["removed"]) == (3, False)
    assert (folder / "provenance.jsonl").is_file()
    done = command("clean", "runs/test", "--whole", "--yes", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "3 results, " in done.stdout
    assert done.stderr.count("not ours, so it is left: ") >= 2
    left = sorted(path.name for path in folder.rglob("*") if path.is_file())
    assert left == [".lock", "mine.txt", "notes.txt"]
    assert {(path.read_text()) for path in folder.rglob("*.txt")} == {"mine"}
    assert _kept(project) == 0


def test_of_a_whole_run_what_somebody_changed_stays(project: Path) -> None:
    folder = project / "runs/test"
    changed = ["recipe.yaml", "steps/clean/dropped.jsonl"]
    for name in changed:
        assert (folder / name).is_file()
        (folder / name).write_text("mine")
    done = command("clean", "runs/test", "--whole", "--yes", cwd=project)
    assert done.returncode == 0, done.stderr
    left = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    assert sorted(path.name for path in left) == ["dropped.jsonl", "recipe.yaml"]
    assert {path.read_text() for path in left} == {"mine"}
    assert "not ours, so it is left: runs/test/recipe.yaml" in done.stderr


@pytest.mark.parametrize("log", [None, "{}"])
def test_a_users_folder_that_looks_like_a_run_is_left_whole(
    log: str | None, tmp_path: Path
) -> None:
    (tmp_path / "mine/steps/fit").mkdir(parents=True)
    names = ["recipe.yaml", "recipe.resolved.yaml", "error.log", "report.html", "steps/fit/a.txt"]
    for name in names:
        (tmp_path / "mine" / name).write_text("mine")
    if log is not None:
        (tmp_path / "mine/provenance.jsonl").write_text(log)
    before = _files(tmp_path / "mine")
    done = command("clean", "mine", "--whole", "--yes", cwd=tmp_path)
    assert done.returncode == 2
    assert "has no whole provenance.jsonl, which says what in it is of a run" in done.stderr
    assert _files(tmp_path / "mine") == before


def test_of_a_whole_run_alone_nothing_is_left(project: Path) -> None:
    assert command("clean", "runs/test", "--whole", "--yes", cwd=project).returncode == 0
    assert not (project / "runs/test").exists()
    assert run(project / "recipe.yaml", jobs=0).ran == ("clean",)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((), "name a run directory, or say --older-than"),
        (("--older-than", "soon"), "is no time like 12h"),
        (("nowhere",), "does not exist"),
        (("--whole",), "name a run directory"),
        ((".", "--whole", "--older-than", "1d"), "--whole goes with RUN alone"),
        ((".",), "is no run directory"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: tuple[str, ...], what: str, tmp_path: Path
) -> None:
    done = command("clean", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert what in done.stderr
