"""What is no regular file is named at once, and never waited for."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from coco_recipe import regular

NAMES = ("a folder", "a FIFO (named pipe)", "a socket", "a device")


@pytest.fixture
def others(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """A path of each kind that is no regular file."""
    found = {name: tmp_path / str(n) for n, name in enumerate(NAMES[:3])}
    found["a folder"].mkdir()
    os.mkfifo(found["a FIFO (named pipe)"])
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(found["a socket"]))
        yield found | {"a device": Path("/dev/zero")}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_link", [False, True])
def test_what_is_no_file_is_named_and_not_opened(
    name: str, is_link: bool, others: dict[str, Path], tmp_path: Path
) -> None:
    path = others[name]
    if is_link:
        (tmp_path / "link").symlink_to(path)
        path = tmp_path / "link"
    assert regular.other_kind(path) == name
    with pytest.raises(regular.NotRegularError) as caught:
        regular.opened(path)
    assert caught.value.strerror == f"is {name}, not a regular file"
    assert caught.value.filename == str(path)


def test_a_file_is_read_and_nothing_is_named_of_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12")
    assert regular.read(tmp_path / "a") == b"12"
    assert regular.other_kind(tmp_path / "a") == ""
    assert regular.other_kind(tmp_path / "gone") == regular.other_kind(Path("a\0")) == ""
    with pytest.raises(FileNotFoundError):
        regular.opened(tmp_path / "gone")
    with pytest.raises(OSError, match="not a regular file"):
        regular.opened(tmp_path)
    assert len(os.listdir("/proc/self/fd")) < 60, "what is refused must be closed again"


def test_a_file_larger_than_the_memory_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hole"
    path.touch()
    os.truncate(path, 2**43)
    with pytest.raises(
        OSError, match=f"it has {2**43} bytes, for which there is no memory: .*hole"
    ):
        regular.read(path)
