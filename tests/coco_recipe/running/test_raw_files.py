"""verify --inputs says which raw files aren't those that a run read."""

from pathlib import Path

import pytest
from builders import command
from projects import project_in, run_project

from coco_recipe.running import raw_files


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = project_in(tmp_path)
    run_project(folder)
    return folder


def _wrong(project: Path) -> dict[str, str]:
    return {Path(one.file).name: one.what for one in raw_files.verify(project / "runs/test")}


def test_raw_files_that_are_as_they_were_are_not_told(project: Path) -> None:
    assert _wrong(project) == {}
    assert command("verify", "runs/test", "--inputs", cwd=project).returncode == 0


def test_a_picture_that_changed_is_named(project: Path) -> None:
    (project / "images/2.jpg").write_bytes(b"\xff\xd8 another")
    assert _wrong(project) == {"2.jpg": "has changed"}
    done = command("verify", "runs/test", "--inputs", cwd=project)
    assert done.returncode == 1
    assert "images/2.jpg: has changed" in done.stdout
    assert command("verify", "runs/test", cwd=project).returncode == 0


def test_a_picture_or_a_file_that_is_gone_is_named(project: Path) -> None:
    (project / "images/2.jpg").unlink()
    assert "image 2 ('2.jpg')" in _wrong(project)["images"]
    (project / "raw.json").write_text("{}")
    assert _wrong(project) == {"raw.json": "has changed"}
    (project / "raw.json").unlink()
    assert [*_wrong(project)] == ["recipe.resolved.yaml"]
