"""The page comes with each run, is written once, and never stops one."""

import os
from pathlib import Path

import pytest
from builders import coco, command, tree, write_recipe

PARTS = [{"id": "parts", "use": "split", "in": "raw", "with": {"every": 3}}]


def _run(folder: Path, *options: str) -> str:
    done = command("run", "recipe.yaml", "--jobs", "0", "--report", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stderr


def _has_written(told: str) -> bool:
    """Say whether a line tells of a page that was written; the last tells of any that is there."""
    return any(line.startswith("report: ") for line in told.splitlines())


@pytest.mark.slow
def test_it_is_written_once_and_again_where_it_is_gone_or_damaged(tmp_path: Path) -> None:
    write_recipe(tmp_path, PARTS, coco(images=6, boxes=[(1, 1), (2, 2), (3, 1)]))
    assert _has_written(_run(tmp_path))
    path = tmp_path / "runs" / "test" / "report.html"
    before, first = path.stat().st_mtime_ns, path.read_bytes()
    assert not _has_written(_run(tmp_path))
    assert path.stat().st_mtime_ns == before
    path.write_bytes(first.replace(b"</body>", b"old</body>"))
    assert _has_written(_run(tmp_path))
    assert path.read_bytes() == first
    path.unlink()
    assert _has_written(_run(tmp_path))
    assert path.read_bytes() == first


@pytest.mark.slow
def test_a_run_has_the_same_page_wherever_it_lies(tmp_path: Path) -> None:
    write_recipe(tmp_path, PARTS, coco(images=6, boxes=[(1, 1), (2, 2), (3, 1)]))
    _run(tmp_path, "--out", "a/test")
    _run(tmp_path, "--out", "b/test")
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


@pytest.mark.slow
def test_a_file_of_the_users_stays_and_is_told(tmp_path: Path) -> None:
    write_recipe(tmp_path, PARTS, coco())
    mine = tmp_path / "runs" / "test" / "report.html"
    _run(tmp_path, "--no-report")
    mine.write_text("mine")
    told = _run(tmp_path)
    assert "warning: reporter" in told
    assert "no page of a run" in told
    assert "report: " not in told  # nothing says that it is the run's
    assert mine.read_text() == "mine"


@pytest.mark.slow
def test_rows_of_a_part_that_is_reused_are_made_again(run: Path) -> None:
    """A page that was lost is the same, although a run with nothing to do has no rows in memory."""
    path = run / "report.html"
    first = path.read_bytes()
    path.unlink()
    assert _has_written(_run(run.parents[1]))
    assert path.read_bytes() == first


@pytest.mark.slow
def test_a_picture_that_has_changed_is_named_and_not_shown(run: Path) -> None:
    """The page is whole again as soon as the picture is."""
    page, pictures = run / "report.html", [*run.parents[1].glob("images/*.png")]
    first, before = page.read_bytes(), [path.read_bytes() for path in pictures]
    for path in pictures:
        path.write_bytes(path.read_bytes() + b"more")
    page.unlink()
    assert command("report", run, cwd=run).returncode == 0
    assert b"not shown: it has changed since the run read it" in page.read_bytes()
    for path, data in zip(pictures, before, strict=True):
        path.write_bytes(data)
    assert command("report", run, cwd=run).returncode == 0
    assert page.read_bytes() == first


@pytest.mark.slow
def test_rows_of_an_earlier_runs_findings_are_not_shown(tmp_path: Path) -> None:
    data = coco(images=3, boxes=[(1, 1), (2, 2)])
    data["annotations"][0]["area"] = 1
    write_recipe(tmp_path, PARTS, data)
    _run(tmp_path)
    data["annotations"][1]["area"] = 1
    write_recipe(tmp_path, PARTS, data)
    _run(tmp_path)
    _run(tmp_path, "--out", "new/test")
    assert tree(tmp_path / "runs/test") == tree(tmp_path / "new/test")


def _refused(folder: Path) -> str:
    """Run a recipe that is refused; return what is told."""
    done = command("run", "recipe.yaml", "--jobs", "0", "--report", cwd=folder)
    assert done.returncode == 1
    return done.stderr


def _broken(folder: Path, *, unreadable: bool = False) -> None:
    data = coco(images=6, boxes=[(1, 1), (2, 2), (3, 1)])
    data["annotations"][1]["category_id"] = 77
    if unreadable:
        data["annotations"][2]["bbox"] = "1 2 3 4"
    write_recipe(folder, PARTS, data)


@pytest.mark.slow
@pytest.mark.parametrize("unreadable", [False, True])
def test_a_refused_run_has_a_page_beside_that_of_the_run_before(
    tmp_path: Path, *, unreadable: bool
) -> None:
    write_recipe(tmp_path, PARTS, coco(images=6, boxes=[(1, 1), (2, 2), (3, 1)]))
    _run(tmp_path)
    folder = tmp_path / "runs" / "test"
    page, before = folder / "refused.html", tree(folder)
    _broken(tmp_path, unreadable=unreadable)
    assert f"report: {Path('runs/test/refused.html')}" in _refused(tmp_path)
    told = page.read_text("utf-8")
    assert "Refused before any work" in told
    assert "1 annotation points to a category that is not in the file" in told
    assert ("1 box is not four numbers" in told) == unreadable
    assert "<b>6</b><span>images" in told, "what came in is shown, too"
    assert {name: data for name, data in tree(folder).items() if name != page.name} == before
    write_recipe(tmp_path, PARTS, coco(images=6, boxes=[(1, 1), (2, 2), (3, 1)]))
    _run(tmp_path)
    assert not page.exists()


@pytest.mark.slow
def test_who_asks_of_a_refused_run_is_told_of_its_page(tmp_path: Path) -> None:
    _broken(tmp_path)
    _refused(tmp_path)
    page = Path("runs/test/refused.html")
    for words in (("report",), ("stats",), ("verify",), ("why", "--image", "1.jpg")):
        done = command(words[0], "runs/test", *words[1:], cwd=tmp_path)
        assert done.returncode == 2
        assert f"its run was refused before any work, see {page}" in done.stderr
    done = command("diff", "runs/test", "runs/test", cwd=tmp_path)
    assert str(page) in done.stderr


@pytest.mark.slow
def test_a_refused_run_leaves_a_file_of_the_users(tmp_path: Path) -> None:
    _broken(tmp_path)
    folder = tmp_path / "runs" / "test"
    _refused(tmp_path)
    (folder / "refused.html").write_text("mine")
    told = _refused(tmp_path)
    assert "no page of a run" in told
    assert "report: " not in told
    write_recipe(tmp_path, PARTS, coco(images=6))
    _run(tmp_path)
    assert (folder / "refused.html").read_text() == "mine"


@pytest.mark.slow
def test_findings_that_the_recipe_makes_errors_are_errors_on_the_page(tmp_path: Path) -> None:
    """Also in the second try, for which no input is read."""
    data = coco(images=6, boxes=[(1, 1), (2, 2), (3, 1)])
    data["annotations"][0]["area"] = 1
    write_recipe(tmp_path, PARTS, data, findings={"area_not_of_box": "error"})
    pages = []
    for _ in range(2):
        _refused(tmp_path)
        pages.append((tmp_path / "runs/test/refused.html").read_text("utf-8"))
        (tmp_path / "runs/test/refused.html").unlink()
    assert pages[0] == pages[1]
    assert "error in raw" in pages[0]
    assert "<b>6</b><span>images" in pages[0]


@pytest.mark.slow
def test_a_pipe_in_the_place_of_the_page_is_told_and_not_waited_for(run: Path) -> None:
    os.mkfifo(pipe := run.parents[1] / "pipe.html")
    done = command("report", run, "--to", pipe, cwd=run)
    pipe.unlink()
    assert done.returncode == 2
    assert "is a FIFO (named pipe), not a regular file" in done.stderr
