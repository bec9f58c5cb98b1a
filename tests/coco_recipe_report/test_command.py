"""The command writes a page where it is told to, and leaves what isn't ours."""

from pathlib import Path

import pytest
from builders import command


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    assert command("report", "nowhere", cwd=tmp_path).returncode == 2
    done = command("report", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "is not the directory of a finished run" in done.stderr


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coco_recipe_report.command.NEEDED", ("jinja2", "not_there"))
    done = command("report", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "needs not_there: pip install 'coco-recipe[augment]'" in done.stderr


@pytest.mark.slow
def test_it_names_the_page_which_is_that_of_the_run(run: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.html"
    done = command("report", run, "--to", target, cwd=tmp_path)
    assert done.stdout.strip() == str(target), done.stderr
    assert target.read_bytes() == (run / "report.html").read_bytes()
    assert command("report", run, run, "--to", "a.html", cwd=tmp_path).returncode == 2


@pytest.mark.slow
def test_a_file_of_the_users_is_left_as_it_is(run: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.html"
    mine.write_bytes(b"<!doctype html>\n<p>mine")
    done = command("report", run, "--to", mine, cwd=tmp_path)
    assert done.returncode == 2
    assert "is there already, and no page of a run" in done.stderr
    assert mine.read_bytes() == b"<!doctype html>\n<p>mine"
