"""An input that changes while a run is at work: what was hashed is what was used, or nothing is."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import project_in, run_project

from coco_recipe import events
from coco_recipe.errors import CocoRecipeError

pytestmark = pytest.mark.slow

BYTES = b"\xff\xd8 picture 9"


def _written(path: Path) -> None:
    path.write_bytes(BYTES)


def _with_old_times(path: Path) -> None:
    before = path.stat()
    path.write_bytes(BYTES)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced(path: Path) -> None:
    before = path.stat()
    path.with_suffix(".new").write_bytes(BYTES)
    os.utime(path.with_suffix(".new"), ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(path.with_suffix(".new"), path)


def _removed(path: Path) -> None:
    path.unlink()


CHANGES = (_written, _with_old_times, _replaced, _removed)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("how", ["copy", "link", "symlink", "none"])
def test_a_picture_that_changes_is_told_and_nothing_is_committed(
    how: str, change: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = project_in(tmp_path, images=how)

    def observer(event: object) -> None:
        if isinstance(event, events.StepStarted):
            change(folder / "images/2.jpg")

    with pytest.raises(CocoRecipeError, match=r"(images/2\.jpg.* changed|no file .*images/2\.jpg)"):
        run_project(folder, observers=[observer])
    assert not (folder / "runs/test/steps/d").exists()
    assert not (folder / "runs/test/dataset/all/2.jpg").exists()
    if change is not _removed:
        run_project(folder)
        if how != "none":
            assert (folder / "runs/test/dataset/all/2.jpg").read_bytes() == BYTES


@pytest.mark.parametrize("change", CHANGES)
def test_an_annotation_file_that_changes_is_told(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = project_in(tmp_path)
    before = (folder / "raw.json").read_bytes()

    def observer(event: object) -> None:
        if isinstance(event, events.StepStarted):
            change(folder / "raw.json")

    with pytest.raises(CocoRecipeError, match=r"raw\.json changed while the run was at work"):
        run_project(folder, observers=[observer])
    assert not (folder / "runs/test/steps/d").exists()
    (folder / "raw.json").write_bytes(before)
    run_project(folder)


def test_a_touched_file_of_the_same_bytes_is_the_same(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    old = time.time() - 100

    def observer(event: object) -> None:
        if isinstance(event, events.StepStarted):
            for path in (folder / "raw.json", *(folder / "images").iterdir()):
                os.utime(path, (old, old))

    assert run_project(folder, observers=[observer]).ran == ("d",)
    assert run_project(folder).ran == ()
