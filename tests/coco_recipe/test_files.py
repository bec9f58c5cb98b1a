"""Files that are whole or absent: hashing, writing, putting in place, linking."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from coco_recipe import files


def test_a_written_file_is_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "new/a.json"
    files.write_json(path, {"b": "é", "a": 1})
    assert path.read_text("utf-8") == '{\n  "a": 1,\n  "b": "é"\n}\n'
    assert [p.name for p in files.files_below(tmp_path)] == ["a.json"]
    assert files.sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert files.digest({"a": 1, "b": [1, 2]}) == files.digest({"b": [1, 2], "a": 1})
    assert files.digest({"a": [1, 2]}) != files.digest({"a": [2, 1]})


def test_a_name_that_is_free(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert files.free_name(path) == path
    path.symlink_to("nowhere")
    (tmp_path / "a.txt.2").mkdir()
    assert files.free_name(path).name == "a.txt.3"


def test_a_folder_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    final = tmp_path / "final"
    for text in ("old", "new"):
        made = tmp_path / "made"
        made.mkdir()
        (made / f"{text}.txt").write_text(text)
        files.put_in_place(made, final)
    assert os.listdir(tmp_path) == ["final"]
    assert os.listdir(final) == ["new.txt"]


@pytest.mark.parametrize("how", ["copy", "link", "symlink"])
def test_a_file_is_put_there_in_each_way(how: str, tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"text" * 1000)
    files.place(source, target, how)
    assert target.read_bytes() == source.read_bytes()
    assert target.is_symlink() is (how == "symlink")
    assert os.path.samefile(source, target) is (how != "copy")


def test_names_that_a_file_system_may_not_tell_apart_are_one() -> None:
    assert files.plain_name("E\u0301.JPG") == files.plain_name("é.jpg")
    assert files.plain_name("a.jpg") != files.plain_name("b.jpg")


def test_a_package_is_installed_or_not() -> None:
    assert files.is_installed("msgspec")
    assert not files.is_installed("no_such_package_anywhere")
    assert not files.is_installed("no_such_package.below")


def test_a_clone_is_whole_or_not_there(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"text")
    made = files.clone(source, target)
    assert target.exists() == made
    if made:  # not every file system can
        assert (target.read_bytes(), target.stat().st_nlink) == (b"text", 1)


def test_folders_without_a_file_go(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/d").mkdir()
    (tmp_path / "a/d/mine").write_text("mine")
    files.remove_empty(tmp_path / "a")
    assert [path.name for path in (tmp_path / "a").rglob("*")] == ["d", "mine"]


def test_what_stood_in_a_place_is_given_to_whom_it_may_concern(tmp_path: Path) -> None:
    final, seen = tmp_path / "step", []
    for text in ("old", "new"):
        made = tmp_path / "made"
        made.mkdir()
        (made / "file").write_text(text)
        files.put_in_place(made, final, lambda old: seen.append((old / "file").read_text()))
    assert (seen, (final / "file").read_text()) == (["old"], "new")


def test_files_are_flushed_one_by_one_where_no_thread_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: object) -> None:
        raise RuntimeError("can't start new thread")

    for n in range(3):
        (tmp_path / str(n)).write_text("a")
    flushed: list[int] = []
    monkeypatch.setattr(threading.Thread, "start", start)
    monkeypatch.setattr(os, "fsync", flushed.append)
    files.flush(tmp_path)
    assert len(flushed) == 4, "three files and their folder"
