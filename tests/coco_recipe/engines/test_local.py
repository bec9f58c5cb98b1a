"""Processes of this machine: none outlives its parent, and one that dies costs no item."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from coco_recipe.engines import engine

STARTS = ["forkserver", "spawn"]


IN_PROC = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"
)


@pytest.mark.slow
def test_workers_that_are_killed_at_random_cost_no_item() -> None:
    results = engine.local(2).map(_pid_after_a_while, range(60))
    victims = []
    for number, (index, pid) in enumerate(results):
        assert index == number
        if number in (5, 20, 35):
            os.kill(pid, signal.SIGKILL)
            victims.append(pid)
    assert number == 59
    assert len(set(victims)) == 3


@pytest.mark.skipif(os.name != "posix", reason="needs limits of a process")
def test_too_few_open_files_are_told_before_a_worker_is_half_started(
    capfd: pytest.CaptureFixture[str],
) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 8, before[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            list(engine.local(1, start="spawn").map(_pid_after_a_while, range(2)))
        assert os.dup(0) == lowest, "nothing that was opened for it is left open"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        os.close(lowest)
    assert capfd.readouterr().err == ""


def _pid_after_a_while(number: int) -> tuple[int, int]:
    time.sleep(0.005)
    return number, os.getpid()


WORK = """
import os, time

def work(number):
    # in one piece: print sends two where PYTHONUNBUFFERED is set, and workers share the pipe
    os.write(1, b"%d\\n" % number)
    if number >= 2:
        {busy}
    return number
"""


PARENT = """
import signal
# a shell starts jobs in the background without it
signal.signal(signal.SIGINT, signal.default_int_handler)
import sys, time
from coco_recipe.engines import engine
import work_of_parent

there, items = engine.local(2, sys.argv[1]), range(10 if {are_busy} else 2)
for number in there.map(work_of_parent.work, items, preload=("numpy",)):
    if not {are_busy}:
        print("idle", flush=True)
        time.sleep(60)
"""


def _parent(folder: Path, start: str, busy: str) -> tuple["subprocess.Popen[str]", str]:
    """Start a parent with two workers, in a session of its own; return it when they are idle or
    busy, and its mark.
    """
    mark = f"MARK={uuid.uuid4().hex}"
    (folder / "parent.py").write_text(PARENT.format(are_busy=bool(busy)))
    (folder / "work_of_parent.py").write_text(WORK.format(busy=busy or "pass"))
    parent = subprocess.Popen(
        [sys.executable, str(folder / "parent.py"), start],
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.STDOUT,  # what workers print goes there
        start_new_session=True,
        env=os.environ | dict([mark.split("=")]) | {"PYTHONPATH": str(folder)},
    )
    seen: set[str] = set()
    assert parent.stdout
    while not ({"2", "3"} <= seen if busy else "idle" in seen):
        line = parent.stdout.readline()
        assert line, f"the parent ended, after {seen}"
        seen.add(line.strip())
    return parent, mark


def _alive(mark: str) -> list[str]:
    """Return the commands of the living processes that have the mark in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if (
                    mark.encode() in (folder / "environ").read_bytes()
                    and "\nState:\tZ" not in (folder / "status").read_text()
                ):
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return found


def _wait_until_gone(mark: str) -> list[str]:
    until = time.monotonic() + 20
    while _alive(mark) and time.monotonic() < until:
        time.sleep(0.05)
    return _alive(mark)


@pytest.mark.slow
@IN_PROC
@pytest.mark.parametrize("busy", ["", "time.sleep(60)", "while True: pass"])
@pytest.mark.parametrize("start", STARTS)
def test_no_process_outlives_a_parent_that_is_killed(start: str, busy: str, tmp_path: Path) -> None:
    parent, mark = _parent(tmp_path, start, busy)
    assert len(_alive(mark)) >= 4  # the parent, two workers, the resource tracker
    parent.kill()
    parent.wait()
    assert _wait_until_gone(mark) == []


@pytest.mark.slow
@IN_PROC
@pytest.mark.parametrize("start", STARTS)
def test_an_interrupt_from_the_terminal_ends_all_within_seconds_and_only_the_parent_speaks(
    start: str, tmp_path: Path
) -> None:
    parent, mark = _parent(tmp_path, start, "time.sleep(60)")
    os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: every process of the group
    text, _ = parent.communicate(timeout=10)
    assert text.count("Traceback") == text.count("KeyboardInterrupt") == 1
    assert _wait_until_gone(mark) == []


@pytest.mark.slow
@IN_PROC
def test_a_forkserver_that_has_imported_heavy_packages_has_one_thread() -> None:
    pytest.importorskip("albumentations")
    code = (
        "import os\nfrom coco_recipe.engines import engine\n"
        "list(engine.local(2).map(abs, range(4), preload=('albumentations', 'cv2', 'numpy')))\n"
        "from multiprocessing.forkserver import _forkserver\n"
        "print(len(os.listdir(f'/proc/{_forkserver._forkserver_pid}/task')))\n"
        "print('cv2' in open(f'/proc/{_forkserver._forkserver_pid}/maps').read())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["1", "True"]
