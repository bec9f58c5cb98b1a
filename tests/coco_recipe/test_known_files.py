"""A file is read again unless the system says that it is untouched."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from coco_recipe import files, known_files
from coco_recipe.known_files import KnownFiles

LATER = 10 * 10**9
ONE = files.sha256_of(b"one")


def _later() -> int:
    return time.time_ns() + LATER


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read."""
    found: list[str] = []
    sha256 = files.sha256

    def reading(path: str) -> str:
        found.append(Path(path).name)
        return sha256(path)

    monkeypatch.setattr(files, "sha256", reading)
    return found


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "猫.jpg"
    path.write_bytes(b"one")
    return path


def _known(tmp_path: Path, **options: Callable[[], int] | bool) -> KnownFiles:
    return KnownFiles(tmp_path / "cache/known", **options)  # type: ignore[arg-type]


def test_an_untouched_file_is_read_once(tmp_path: Path, picture: Path, read: list[str]) -> None:
    for rehash in (False, False, True, False):
        known = _known(tmp_path, now_ns=_later, rehash=rehash)
        assert known.sha256(picture) == files.sha256_of(b"one")
        known.save()
    assert read == ["猫.jpg", "猫.jpg"]


def _rewrite(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace(path: Path) -> None:
    before = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"two")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, path)


@pytest.mark.parametrize("change", [_rewrite, _replace])
def test_other_bytes_with_the_old_times_are_found(
    change: Callable[[Path], None], tmp_path: Path, picture: Path
) -> None:
    known = _known(tmp_path, now_ns=_later)
    known.sha256(picture)
    known.save()
    change(picture)
    assert picture.stat().st_size == 3
    assert known.changed({str(picture): ONE}) == [str(picture)]
    assert _known(tmp_path, now_ns=_later).sha256(picture) == files.sha256_of(b"two")


def test_a_file_that_was_just_changed_is_read_each_time(
    tmp_path: Path, picture: Path, read: list[str]
) -> None:
    known = _known(tmp_path)
    known.sha256(picture)
    known.sha256(picture)
    known.save()
    assert not (tmp_path / "cache").exists()
    _known(tmp_path, now_ns=_later).sha256(picture)
    assert len(read) == 3


@pytest.mark.parametrize("jump", [-(10**18), -LATER, 3 * 10**16])
def test_a_clock_that_jumps_costs_time_only(
    jump: int, tmp_path: Path, picture: Path, read: list[str]
) -> None:
    for change in (None, _rewrite):
        known = _known(tmp_path, now_ns=lambda: time.time_ns() + jump)
        assert known.sha256(picture) == files.sha256_of(picture.read_bytes())
        known.save()
        if change:
            change(picture)
    os.utime(picture, ns=(0, -(10**18)))
    known = _known(tmp_path, now_ns=lambda: time.time_ns() + jump)
    assert known.sha256(picture) == files.sha256_of(b"two")


@pytest.mark.parametrize("damage", ["flip", "cut", "zeros", "folder", "gone"])
def test_a_damaged_record_costs_time_only(
    damage: str, tmp_path: Path, picture: Path, read: list[str]
) -> None:
    known = _known(tmp_path, now_ns=_later)
    known.sha256(picture)
    known.save()
    place = tmp_path / "cache/known"
    text = place.read_bytes()
    place.unlink()
    if damage == "folder":
        place.mkdir()
    elif damage != "gone":
        cases = {
            "flip": text[:-9] + bytes([text[-9] ^ 1]) + text[-8:],
            "cut": text[:-1],
            "zeros": bytes(len(text)),
        }
        place.write_bytes(cases[damage])
    known = _known(tmp_path, now_ns=_later)
    assert known.sha256(picture) == files.sha256_of(b"one")
    known.save()
    assert len(read) == 2


def test_a_file_that_is_gone_or_a_folder_is_told(tmp_path: Path, picture: Path) -> None:
    known = _known(tmp_path, now_ns=_later)
    known.sha256(picture)
    assert known.changed({str(picture): ONE}) == []
    picture.unlink()
    assert known.changed({str(picture): ONE}) == [str(picture)]
    with pytest.raises(OSError, match=r"猫\.jpg"):
        known.sha256(picture)


def test_bytes_that_changed_while_they_were_read_are_seen(tmp_path: Path, picture: Path) -> None:
    known = _known(tmp_path, now_ns=_later)
    stamp = known_files.stamp_of(picture)
    _rewrite(picture)
    known.put(picture, stamp, files.sha256_of(b"one"))
    assert known.changed({str(picture): ONE}) == [str(picture)]


def test_only_what_a_run_has_seen_stays_on_record(
    tmp_path: Path, picture: Path, read: list[str]
) -> None:
    other = shutil.copy(picture, tmp_path / "other.jpg")
    for paths in ([picture, other], [picture], [other]):
        known = _known(tmp_path, now_ns=_later)
        for path in paths:
            known.sha256(path)
        known.save()
    assert read == ["猫.jpg", "other.jpg", "other.jpg"]


def test_without_a_home_there_is_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "none")
    assert known_files.place_of(Path("runs/x")) is None
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    one, other = known_files.place_of(Path("runs/x")), known_files.place_of(Path("runs/y"))
    assert one
    assert one.parent == Path("/cache/coco-recipe/files")
    assert one != other
