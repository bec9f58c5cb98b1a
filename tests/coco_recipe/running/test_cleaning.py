"""What may be removed of runs, and what stays."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from builders import coco, tree, write_recipe

from coco_recipe.api import run
from coco_recipe.errors import HeldError, RunError
from coco_recipe.running import cleaning, lock
from coco_recipe.running.store import Store
from coco_recipe.running.verification import verify

STEPS: list[dict[str, Any]] = [
    {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "out", "use": "export_coco", "in": {"all": "clean"}, "with": {"images": "none"}},
]
RUN = Path("runs/test")


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe with three earlier results of each step."""
    monkeypatch.chdir(tmp_path)
    path = write_recipe(tmp_path, STEPS, coco())
    for seed in range(4):
        run(path, set={"seed": seed}, jobs=0)
    return path


def _steps(rows: list[cleaning.Removable]) -> list[str]:
    return sorted(row.step for row in rows)


def _remove(rows: list[cleaning.Removable]) -> list[Path]:
    return cleaning.remove(rows, lambda text: None)


@pytest.mark.slow
def test_earlier_results_go_and_the_run_stays(recipe: Path) -> None:
    before = tree(RUN)
    rows = cleaning.found([RUN])
    assert _steps(rows) == ["clean"] * 3 + ["out"] * 3
    assert all(row.bytes > 500 for row in rows)
    assert _remove(rows) == []
    assert cleaning.found([RUN]) == []
    assert tree(RUN) == before
    assert run(recipe, set={"seed": 3}, jobs=0).ran == ()
    assert len(run(recipe, set={"seed": 2}, jobs=0).ran) == 2


@pytest.mark.slow
@pytest.mark.parametrize("added", [b"", b"<!-- my notes -->"])
def test_the_page_goes_with_all_of_a_run_unless_somebody_changed_it(
    added: bytes, recipe: Path
) -> None:
    pytest.importorskip("jinja2")
    run(recipe, set={"seed": 9}, jobs=0, report=True)
    page = RUN / "report.html"
    page.write_bytes(page.read_bytes() + added)
    assert _remove(cleaning.found([RUN], whole=True)) == []
    cleaning.remove_records(RUN, lambda text: None)
    assert page.is_file() == bool(added)
    assert not (RUN / "provenance.jsonl").exists()


@pytest.mark.slow
def test_some_may_stay_by_number_or_by_age(recipe: Path) -> None:
    assert _steps(cleaning.found([RUN], keep=2)) == ["clean", "out"]
    assert cleaning.found([RUN], older_than=60) == []
    entry = next(Path("runs/.cache").glob("*/result")).parent / "entry.json"
    os.utime(entry, (time.time() - 3600,) * 2)
    (row,) = cleaning.found([Path("runs")], older_than=60)
    assert row.folder == entry.parent.absolute() / "result"


@pytest.mark.slow
def test_a_step_that_the_recipe_lost_goes_but_not_files_of_somebody(recipe: Path) -> None:
    more = {"id": "more", "use": "reindex", "in": "clean"}
    path = write_recipe(recipe.parent, [STEPS[0], more, STEPS[1]])
    run(path, jobs=0)
    path = write_recipe(recipe.parent, STEPS)
    run(path, jobs=0)
    rows = [row for row in cleaning.found([RUN]) if row.held is None]
    assert [(row.step, row.folder) for row in rows] == [("more", RUN / "steps/more")]
    with lock.held(RUN, lambda text: None), pytest.raises(HeldError):
        _remove(rows)
    (RUN / "steps/more/notes.txt").write_text("mine")
    assert _remove(rows) == [RUN / "kept/more/notes.txt"]
    assert not (RUN / "steps/more").exists()
    assert not verify(RUN).wrong


@pytest.mark.slow
def test_files_of_somebody_in_a_result_stay_and_are_named(recipe: Path) -> None:
    rows = cleaning.found([RUN])
    (rows[0].folder / "notes.txt").write_text("mine")
    (left,) = _remove(rows)
    assert (left / "result/notes.txt").read_text() == "mine"
    assert [path.name for path in left.rglob("*") if path.is_file()] == ["notes.txt"]
    assert cleaning.left_over([RUN]) == cleaning.left_over([Path("runs")]) == [left]


@pytest.mark.slow
def test_results_of_another_recipe_are_not_of_this_run(recipe: Path) -> None:
    other = write_recipe(recipe.parent, STEPS, name="other")
    for seed in (7, 8):
        run(other, set={"seed": seed}, jobs=0)
    rows = cleaning.found([Path("runs/other")])
    assert {row.recipe for row in rows} == {"other"}
    assert {row.recipe for row in cleaning.found([RUN])} == {"test"}
    assert {row.recipe for row in cleaning.found([Path("runs")])} == {"other", "test"}


def _stopped(step: str, *, resumes: bool = False) -> Path:
    """Leave what a run that was killed in a step leaves."""
    folder = Store(RUN).begin(step, resume=resumes, key="k")
    (folder / "half.bin").write_bytes(b"x" * 100)
    return folder


@pytest.mark.slow
def test_what_a_killed_run_left_goes_unless_a_run_goes_on_from_it(recipe: Path) -> None:
    left, goes_on = _stopped("more"), _stopped("fit", resumes=True)
    rows = [row for row in cleaning.found([RUN]) if row.is_unfinished]
    assert [(row.folder, row.step, row.bytes) for row in rows] == [(left, "more", 100)]
    with lock.held(RUN, lambda text: None), pytest.raises(HeldError):
        _remove(rows)
    assert not _remove(rows)
    assert not left.exists()
    assert goes_on.is_dir()
    rows = [row for row in cleaning.found([RUN], whole=True) if row.is_unfinished]
    _remove(rows)
    assert [path.name for path in (RUN / "steps").iterdir() if path.name[0] == "."] == []


@pytest.mark.slow
def test_an_unfinished_folder_that_is_not_surely_ours_stays(recipe: Path) -> None:
    others = RUN / "steps/.mine.partial"  # nothing vouches for it
    others.mkdir()
    moved = _stopped("more")  # a folder of somebody in the place of what is vouched for
    moved.rename(RUN / "elsewhere")
    moved.mkdir()
    changed = _stopped("fit")
    Store(RUN).begun_file("fit").write_text('{"step": "fit"}')
    linked = _stopped("link")
    linked.rename(RUN / "real")
    linked.symlink_to((RUN / "real").absolute())
    for whole in (False, True):
        assert not [row for row in cleaning.found([RUN], whole=whole) if row.is_unfinished]
    assert all(path.exists() for path in (others, moved, changed, linked))


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="is no run directory"):
        cleaning.found([tmp_path])
