"""One run at a time in a run directory, whatever became of its lock file, on any file system."""

import errno
import fcntl
import os
import platform
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from builders import command
from projects import project_in, run_project

from coco_recipe import events
from coco_recipe.errors import HeldError, RunError
from coco_recipe.running import lock
from coco_recipe.running.lock import LEASE, LOCK, Holder, held

HOLD = """
import sys, time
from pathlib import Path
from coco_recipe.running.lock import held
with held(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.read()
"""
OTHER = Holder(4_194_300, platform.node(), "boot 1", 0.0)


def _silent(text: str) -> None:
    raise AssertionError(text)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the folder until its standard input is closed."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == "held\n"
        yield running
        running.kill()


def test_a_lock_file_is_empty_when_nobody_is_at_work(tmp_path: Path) -> None:
    for _ in range(2):
        with held(tmp_path, _silent):
            found = lock.read_holder(tmp_path / LOCK)
            assert found
            assert (found.pid, found.host) == (os.getpid(), platform.node())
            assert abs(found.since - time.time()) < 60
        assert (tmp_path / LOCK).read_bytes() == b""


@pytest.mark.parametrize("loss", ["nothing", "deleted", "replaced", "damaged"])
def test_who_holds_a_folder_is_told_and_no_loss_of_the_file_lets_another_in(
    loss: str, tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    path = tmp_path / LOCK
    if loss != "nothing":
        path.unlink()
    if loss == "replaced":
        path.touch()
    elif loss == "damaged":
        path.write_bytes(b"\0" * 99)
    who = rf" \(process {other.pid} on {platform.node()}, since 20.* UTC\)"
    with (
        pytest.raises(HeldError, match=f"at work here{who if loss == 'nothing' else ''}; wait"),
        held(tmp_path, _silent),
    ):
        pass
    other.kill()
    other.wait()
    with held(tmp_path, _silent):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("ends", [True, False])
def test_what_a_killed_run_had_started_is_waited_for_while_it_ends(
    ends: bool, tmp_path: Path, other: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "ENDING", 10.0 if ends else 0.5)
    (tmp_path / LOCK).write_bytes(msgspec.json.encode(OTHER))  # the process that started it is gone
    assert other.stdin
    if ends:
        threading.Timer(0.5, other.stdin.close).start()
        with held(tmp_path, _silent):
            assert other.wait() == 0
    else:
        with pytest.raises(HeldError, match=f"process {OTHER.pid}"), held(tmp_path, _silent):
            pass


@pytest.mark.slow
def test_who_waits_goes_on_when_the_folder_is_free(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    told: list[str] = []
    assert other.stdin
    threading.Timer(0.5, other.stdin.close).start()
    with held(tmp_path, told.append, wait=True):
        assert other.wait() == 0
    assert len(told) == 1
    assert f"process {other.pid}" in told[0]


@pytest.fixture(params=[errno.ENOSYS, errno.ENOLCK], ids=["ENOSYS", "ENOLCK"])
def no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without the kernel's locks."""

    def refuse(handle: int, how: int) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_lease_keeps_others_out_and_that_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    with held(tmp_path, told.append):
        (note,) = told
        assert "has no locks" in note
        assert LEASE in note
        with (
            pytest.raises(HeldError, match=rf"process {os.getpid()} on .*remove .*{LEASE}"),
            held(tmp_path, told.append),
        ):
            pass
    assert not (tmp_path / LEASE).exists()


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize("left", ["ended", "earlier", "elsewhere", "damaged"])
def test_a_lease_that_was_left_ends_with_its_process(left: str, tmp_path: Path) -> None:
    holder = {
        "ended": OTHER,
        "earlier": msgspec.structs.replace(OTHER, pid=os.getpid()),  # the pid is another's now
        "elsewhere": msgspec.structs.replace(OTHER, host="elsewhere"),
    }
    text = msgspec.json.encode(holder[left]) if left in holder else b"{"
    (tmp_path / LEASE).write_bytes(text)
    told: list[str] = []
    if left in ("ended", "earlier"):
        with held(tmp_path, told.append):
            pass
        assert not (tmp_path / LEASE).exists()
    else:
        with pytest.raises(HeldError, match=f"remove .*{LEASE}"), held(tmp_path, told.append):
            pass
        assert (tmp_path / LEASE).read_bytes() == text


@pytest.mark.usefixtures("no_locks")
def test_a_run_without_locks_says_so(tmp_path: Path) -> None:
    told: list[object] = []
    run_project(project_in(tmp_path), observers=[told.append])
    assert any(isinstance(event, events.Noted) and "no locks" in event.text for event in told)


@pytest.mark.slow
def test_a_run_directory_without_its_lock_file_is_used(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    for name in (LOCK, "provenance.jsonl"):
        (folder / "runs/test" / name).unlink()
        assert run_project(folder).ran == ()
        assert (folder / "runs/test" / LOCK).is_file()


@pytest.mark.slow
def test_a_held_run_directory_has_an_exit_code_of_its_own(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    folder = project_in(tmp_path / "x")
    done = command("run", folder / "recipe.yaml", "--out", tmp_path, cwd=folder)
    assert done.returncode == 3
    assert f"process {other.pid} on {platform.node()}" in done.stderr
    assert other.stdin
    threading.Timer(0.5, other.stdin.close).start()
    done = command("run", folder / "recipe.yaml", "--out", tmp_path, "--wait", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "waiting: " in done.stderr


def test_a_waiting_lock_lets_one_in_at_a_time(tmp_path: Path) -> None:
    inside, most = [0], [0]

    def work() -> None:
        with lock.waiting(tmp_path / "cache.lock"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == ([0], [1])


def test_a_waiting_lock_keeps_nobody_out_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", refused)
    with lock.waiting(tmp_path / "cache.lock"), lock.waiting(tmp_path / "cache.lock"):
        pass


@pytest.mark.parametrize("kind", ["a link", "a FIFO (named pipe)", "a folder"])
def test_what_stands_in_the_place_of_the_lock_file_is_left_as_it_is(
    kind: str, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    (run := tmp_path / "run").mkdir()
    place = run / LOCK
    if kind == "a link":
        place.symlink_to(mine)
    elif kind == "a folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    with pytest.raises(RunError, match=re.escape(f"is {kind}")), held(run, print):
        pass
    assert mine.read_text() == "mine"
