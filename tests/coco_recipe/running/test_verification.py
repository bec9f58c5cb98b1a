"""verify finds every file of a run that isn't as the run left it, wherever it lies."""

import json
import os
import shutil
from pathlib import Path

import pytest
from builders import command, tree
from projects import project_in, run_project

from coco_recipe.errors import RunError
from coco_recipe.running import verification
from coco_recipe.running.verification import verify
from coco_recipe.seals import seal_page


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The directory of a run that published three pictures."""
    return run_project(project_in(tmp_path)).folder


def _wrong(folder: Path) -> dict[str, str]:
    return {one.file: one.what for one in verify(folder).wrong}


def test_a_finished_run_is_as_it_was_left_and_nothing_is_written(run: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in run.rglob("*")}
    found = verify(run)
    assert (found.wrong, found.unknown, found.unseen) == ([], [], [])
    assert found.vouched == {
        path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()
    }
    after = {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in run.rglob("*")}
    assert after == before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("recipe.yaml", "has changed"),
        ("recipe.resolved.yaml", "has changed"),
        ("provenance.jsonl", "not as a run wrote it"),
        ("steps/d/manifest.json", "not as a run wrote it"),
        ("steps/d/placed.jsonl", "has changed"),
        ("dataset/.coco-recipe.json", "not as a run wrote it"),
        ("dataset/all/2.jpg", "has changed"),
        ("dataset/annotations/instances_all.json", "has changed"),
    ],
)
def test_a_file_that_was_changed_or_removed_is_named(run: Path, name: str, told: str) -> None:
    text = (run / name).read_bytes()
    (run / name).write_bytes(text[:-3] + bytes([text[-3] ^ 1]) + text[-2:])
    assert told in _wrong(run)[name]
    (run / name).unlink()
    assert _wrong(run)[name].startswith("is gone")
    (run / name).mkdir()
    assert name in _wrong(run)


def test_a_page_of_the_run_vouches_for_itself(run: Path) -> None:
    page = seal_page(b"<!doctype html>\n<p>fine\n", "0" * 64)
    (run / "report.html").write_bytes(page)
    found = verify(run)
    assert (found.wrong, found.unknown) == ([], [])
    (run / "report.html").write_bytes(page.replace(b"fine", b"Fine"))
    assert _wrong(run) == {"report.html": "has changed"}


def test_what_no_record_names_is_listed(run: Path) -> None:
    for name in ("notes.txt", "kept/d/mine.txt", "dataset/mine.txt", "steps/.x.partial/half.bin"):
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text("mine")
    found = verify(run)
    assert found.wrong == []
    assert found.unknown == [
        "dataset/mine.txt",
        "kept/d/mine.txt",
        "notes.txt",
        "steps/.x.partial/half.bin",
    ]
    (run / "steps/d/mine.txt").write_text("mine")
    assert "is not of this step" in _wrong(run)["steps/d/mine.txt"]


def test_records_of_another_run_are_not_those_of_this_one(run: Path, tmp_path: Path) -> None:
    other = run_project(project_in(tmp_path / "other", images="none")).folder
    for name in ("provenance.jsonl", "steps/d/manifest.json", "dataset/.coco-recipe.json"):
        copy = tmp_path / "copy"
        shutil.copytree(run, copy)
        shutil.copyfile(other / name, copy / name)
        assert name in _wrong(copy) or "recipe.resolved.yaml" in _wrong(copy), name
        shutil.rmtree(copy)


@pytest.mark.parametrize("how", ["copy", "link", "symlink"])
@pytest.mark.parametrize("to", ["dataset", "../../elsewhere"])
def test_a_copied_run_directory_is_verified_without_its_inputs(
    how: str, to: str, tmp_path: Path
) -> None:
    folder = project_in(tmp_path, to, images=how)
    run = run_project(folder).folder
    assert verify(run).wrong == []
    copy = tmp_path / "far/away/copy"
    shutil.copytree(run, copy, symlinks=True)
    shutil.rmtree(folder)
    found = verify(copy)
    assert found.wrong == []
    assert found.unknown == []
    assert bool(found.unseen) is (to != "dataset")


def test_a_published_folder_that_is_gone_is_told_where_the_run_was(tmp_path: Path) -> None:
    folder = project_in(tmp_path, "../../elsewhere")
    run = run_project(folder).folder
    shutil.rmtree(folder / "elsewhere")
    assert _wrong(run) == {str(folder / "elsewhere"): "is gone"}


def test_a_run_that_is_not_finished_is_told(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run = run_project(folder).folder
    (run / "steps/d").rename(run / "steps/.d.partial")
    found = _wrong(run)
    assert found["steps/d/manifest.json"] == "is gone"


def test_pipes_and_folders_are_no_files(run: Path) -> None:
    path = run / "dataset/all/1.jpg"
    path.unlink()
    os.mkfifo(path)
    assert _wrong(run) == {"dataset/all/1.jpg": "is not a regular file"}


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(RunError, match="is not a run directory"):
        verify(tmp_path)
    assert command("verify", tmp_path / "absent", cwd=tmp_path).returncode == 2


def test_the_command_tells_and_exits(run: Path) -> None:
    done = command("verify", run, cwd=run)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == (
        "14 files are as the run left them, 0 are not, 0 are unknown"
    )
    (run / "dataset/all/1.jpg").write_bytes(b"")
    (run / "mine.txt").write_bytes(b"")
    done = command("verify", run, cwd=run)
    assert done.returncode == 1
    assert done.stdout.startswith("dataset/all/1.jpg: has changed\nmine.txt: unknown")
    done = command("verify", run, "--format", "json", cwd=run)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["wrong"] == [{"file": "dataset/all/1.jpg", "what": "has changed"}]
    assert (told["unknown"], told["vouched"]) == (["mine.txt"], 13)
    done = command("verify", run, "--format", "github", cwd=run)
    assert done.stdout == "::error file=dataset/all/1.jpg::dataset/all/1.jpg: has changed\n"


def test_a_run_mends_what_verify_found(run: Path) -> None:
    before = tree(run)
    for name in ("steps/d/placed.jsonl", "provenance.jsonl", "recipe.yaml"):
        (run / name).write_bytes(bytes(40))
    assert len(_wrong(run)) > 2
    run_project(run.parents[1])
    assert verify(run).wrong == []
    assert tree(run) == before


def test_the_last_line_counts(run: Path) -> None:
    assert verification.text_of(verify(run)).count("\n") == 0
