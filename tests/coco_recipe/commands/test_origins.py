"""The command whence: words, JSON, and an exit code where nothing is known."""

import json
import shutil
from pathlib import Path

from builders import command
from projects import project_in, run_project


def test_a_published_file_tells_recipe_data_and_versions(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    name = "runs/test/dataset/annotations/instances_all.json"
    done = command("whence", name, cwd=folder)
    assert done.returncode == 0, done.stderr
    for told in ("recipe    test", "step      d (export_coco)", "data      raw: annotations "):
        assert told in done.stdout
    assert "  versions  " in done.stdout
    assert "coco-recipe 0." in done.stdout
    assert max(map(len, done.stdout.splitlines()[1:])) <= 80 + len(str(tmp_path))
    found = json.loads(command("whence", name, "--format", "json", cwd=folder).stdout)
    assert found["origins"][0]["recipe"] == "test"


def test_an_unknown_file_says_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(b"weights")
    done = command("whence", "a.pth", cwd=tmp_path)
    assert (done.returncode, "name where runs are (--in)" in done.stderr) == (1, True)
    assert command("whence", "gone.pth", cwd=tmp_path).returncode == 2


def test_runs_are_looked_for_where_they_are_named(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    shutil.copy(folder / "runs/test/dataset/all/1.jpg", tmp_path / "x.jpg")
    done = command("whence", "x.jpg", "--in", folder / "runs", cwd=tmp_path)
    assert "steps/d/all/1.jpg" in done.stdout
