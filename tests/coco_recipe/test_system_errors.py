"""A full disk, a quota, a read-only folder: one error with place, figures and a way on."""

import contextlib
import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import Done, coco, command, process, tree, write_recipe

from coco_recipe import failure, files, system_errors
from coco_recipe.errors import StepError, SystemRefusalError
from coco_recipe.testing import draw

NUMBERS = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE]
STEPS = [
    {
        "id": "more",
        "use": "augment",
        "in": "raw",
        "with": {"copies": 4, "format": "png", "pipeline": [{"HorizontalFlip": {"p": 1}}]},
    },
    {"id": "out", "use": "export_coco", "in": {"all": "more"}, "with": {"to": "published"}},
]


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a small file system, or skip the test where that isn't permitted."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _again(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def _recipe(folder: Path, number: int = 4) -> None:
    data = coco(number)
    data["images"] = [row | {"width": 400, "height": 300} for row in data["images"]]
    draw(folder / "images", data)
    write_recipe(
        folder, STEPS, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )


def _run(folder: Path, out: Path) -> Done:
    return command("run", "recipe.yaml", "--out", out, "--jobs", "0", "-q", cwd=folder)


@pytest.mark.parametrize("number", NUMBERS, ids=errno.errorcode.get)
def test_what_the_machine_refuses_names_the_file_and_says_how_to_go_on(
    number: int, tmp_path: Path
) -> None:
    error = OSError(number, os.strerror(number))
    with pytest.raises(SystemRefusalError) as caught, system_errors.writing(tmp_path / "a", 2000):
        raise error
    text = str(caught.value)
    assert text.startswith(f"{tmp_path}/a: ")
    assert text.endswith("the same command goes on from here")
    assert failure.told(caught.value) == text
    assert ("2.0 kB to write, " in text) == (number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
    assert isinstance(caught.value, OSError), "what passes over an OSError passes over this one"


def test_another_error_of_the_system_is_raised_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), system_errors.writing(tmp_path / "a"):
        (tmp_path / "gone").read_bytes()
    with pytest.raises(StepError), system_errors.told_plainly(tmp_path):
        raise StepError("mine")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (2.5e9, "2.5 GB"), (3e15, "3000.0 TB")],
)
def test_sizes_are_told_for_people(number: float, text: str) -> None:
    assert system_errors.size(number) == text


@pytest.mark.slow
@pytest.mark.parametrize("size", ["4k", "16k", "24k", "32k", "40k", "48k", "64k", "80k"])
def test_a_full_disk_is_one_error_and_the_same_command_goes_on(size: str, tmp_path: Path) -> None:
    pytest.importorskip("albumentations")
    _recipe(tmp_path)
    assert _run(tmp_path, tmp_path / "whole/run").returncode == 0
    with mounted(tmp_path / "small", f"size={size}") as small:
        done = _run(tmp_path, small / "run")
        assert done.returncode in (1, 2), done.stderr
        assert done.stderr.count("the same command goes on from here") == 1
        assert "the disk is full" in done.stderr
        assert "0 bytes free" in done.stderr or "kB free" in done.stderr
        assert "Traceback" not in done.stderr
        assert str(small / "run") in done.stderr
        _again(small, "size=8m")
        done = _run(tmp_path, small / "run")
        assert done.returncode == 0, done.stderr
        assert tree(small / "run") == tree(tmp_path / "whole/run")


@pytest.mark.slow
def test_a_disk_without_inodes_is_told_as_such(tmp_path: Path) -> None:
    pytest.importorskip("albumentations")
    _recipe(tmp_path)
    with mounted(tmp_path / "small", "nr_inodes=12") as small:
        done = _run(tmp_path, small / "run")
        assert done.returncode in (1, 2)
        assert "no more files can be made here (no inodes left)" in done.stderr
        _again(small, "nr_inodes=1000")
        assert _run(tmp_path, small / "run").returncode == 0


@pytest.mark.slow
def test_a_limit_of_file_sizes_is_told_as_such(tmp_path: Path) -> None:
    pytest.importorskip("albumentations")
    _recipe(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        done = _run(tmp_path, tmp_path / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.returncode in (1, 2)
    assert "the file is larger than a file may be here" in done.stderr
    assert "raise the limit (ulimit -f)" in done.stderr
    assert _run(tmp_path, tmp_path / "run").returncode == 0


@pytest.mark.slow
def test_too_many_open_files_are_told_as_such(tmp_path: Path) -> None:
    pytest.importorskip("albumentations")
    _recipe(tmp_path)
    assert _run(tmp_path, tmp_path / "other").returncode == 0  # all is imported now
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    last = max(map(int, os.listdir("/proc/self/fd")))
    held = [os.open(os.devnull, os.O_RDONLY)]  # no number below the limit is left
    while held[-1] <= last:
        held.append(os.open(os.devnull, os.O_RDONLY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[-1] + 2, before[1]))
    try:
        done = _run(tmp_path, tmp_path / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for handle in held:
            os.close(handle)
    assert done.returncode in (1, 2)
    assert "too many files are open; raise the limit (ulimit -n)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failure_on_a_full_disk_needs_no_line_in_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    clean = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    write_recipe(tmp_path, [clean], coco())
    monkeypatch.setattr(os, "fsync", full)
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert done.stderr.count("the disk is full") == 1
    assert [path for path in files.files_below(tmp_path / "runs") if ".partial" in path.name] == []


def _is_file(folder: Path) -> None:
    (folder / "runs").write_text("mine")


def _is_dangling(folder: Path) -> None:
    (folder / "runs").symlink_to("gone/away")


def _has_long_name(folder: Path) -> None:
    (folder / "runs").mkdir()
    (folder / "runs/test").symlink_to("x" * 300)


def _is_loop(folder: Path) -> None:
    (folder / "runs").symlink_to("runs")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_is_file, "a file stands where a folder must be"),
        (_is_dangling, "runs"),
        (_is_loop, "links lead in a circle"),
    ],
)
@pytest.mark.parametrize("name", ["run", "plan", "validate"])
def test_what_stands_in_the_way_of_the_run_directory_is_told(
    make: object, told: str, name: str, tmp_path: Path
) -> None:
    clean = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    write_recipe(tmp_path, [clean], coco())
    assert callable(make)
    make(tmp_path)
    done = command(name, "recipe.yaml", cwd=tmp_path)
    if name == "run":
        assert done.returncode == 2, done.stderr
        assert told in done.stderr
        assert "runs" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_in_the_place_of_a_step_s_folder_is_told(tmp_path: Path) -> None:
    write_recipe(tmp_path, [{"id": "new", "use": "reindex", "in": "raw"}], coco())
    assert command("run", "recipe.yaml", "--jobs", "0", cwd=tmp_path).returncode == 0
    (tmp_path / "runs/test/steps/.new.partial").write_text("mine")
    done = command("run", "recipe.yaml", "--jobs", "0", "--force", cwd=tmp_path)
    assert done.returncode == 1
    assert ".new.partial: a file stands where a folder must be; " in done.stderr
    assert (tmp_path / "runs/test/steps/.new.partial").read_text() == "mine"


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    clean = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    write_recipe(tmp_path, [clean], coco())
    done = command("run", "recipe.yaml", "--out", "x" * 300, cwd=tmp_path)
    assert done.returncode == 2
    assert "the name is too long" in done.stderr


@pytest.mark.slow
def test_a_folder_that_may_not_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    clean = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    write_recipe(tmp_path, [clean], coco())
    with mounted(tmp_path / "small", "size=1m") as small:
        _again(small, "ro")
        done = command("run", "recipe.yaml", "--out", small / "run", cwd=tmp_path)
        assert done.returncode == 2
        assert f"{small}/run" in done.stderr
        assert "the file system is read-only; choose another folder (--out)" in done.stderr


@pytest.mark.slow
def test_a_current_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    code = "cd gone; rmdir ../gone; exec python -m coco_recipe.cli run ../recipe.yaml"
    clean = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    write_recipe(tmp_path, [clean], coco())
    done = subprocess.run(
        ["bash", "-c", code.replace("python", sys.executable)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "the current folder was removed" in done.stderr
    assert "Traceback" not in done.stderr
    assert process("--help", cwd=tmp_path).returncode == 0
