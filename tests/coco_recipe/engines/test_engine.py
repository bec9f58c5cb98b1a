"""What every engine promises; the functions that workers run stand here, at module level."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, process, recorded, write_recipe

from coco_recipe.engines import engine, worker
from coco_recipe.engines.local import WINDOW
from coco_recipe.errors import RunError, StepError

STARTS = ["forkserver", "spawn"]
BAD = 7
IN_PROC = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"
)


def _double(number: int) -> int:
    return 2 * number


def _slow_head(number: int) -> int:
    time.sleep(0.5 if number == 0 else 0)
    return number


def _pid(_: int) -> int:
    return os.getpid()


def _signal_at_bad(number: int, *, code: int) -> int:
    if number == BAD:
        os.kill(os.getpid(), code)
    return number


def _exit_at_bad(number: int) -> int:
    if number == BAD:
        os._exit(3)
    return number


def _die_once(number: int, *, folder: Path) -> int:
    """End the worker the first time that an item is tried."""
    if not (folder / str(number)).exists():
        (folder / str(number)).touch()
        os._exit(1)
    return number


class _Odd(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def _raise(kind: str) -> str:
    class Local(Exception):
        pass

    def forever() -> None:
        forever()

    if kind == "RecursionError":
        forever()
    raise {
        "ValueError": ValueError("it is bad"),
        "Local": Local("hidden"),
        "_Odd": _Odd("a", "b"),
        "SystemExit": SystemExit(0),
        "KeyboardInterrupt": KeyboardInterrupt(),
        "MemoryError": MemoryError("full"),
        "OSError": FileNotFoundError(2, "gone", "a.jpg"),
    }[kind]


def _big(size: int) -> bytes:
    return bytes(size)


def _environment(_: int) -> bool:
    """Say whether this process was started with the workers' environment: glibc reads its part at the start alone."""
    started = Path("/proc/self/environ").read_bytes().split(b"\0")
    return all(f"{name}={value}".encode() in started for name, value in worker.ENVIRONMENT.items())


def _hands_a_function(_: int) -> Callable[[], None]:
    return lambda: None


@pytest.mark.parametrize("name", ["local", "local:spawn"])
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_the_order_of_the_items(name: str, jobs: int) -> None:
    assert list(engine.parse(name, jobs).map(_double, range(50))) == list(range(0, 100, 2))


def test_no_items_start_no_worker() -> None:
    assert list(engine.local(2).map(_double, [])) == []


def test_one_job_is_this_process_and_two_are_two_others() -> None:
    assert set(engine.local(1).map(_pid, range(3))) == {os.getpid()}
    others = set(engine.local(2).map(_pid, range(40)))
    assert os.getpid() not in others
    assert len(others) <= 2


def test_few_items_are_taken_ahead_even_if_the_first_is_slow() -> None:
    taken, most = 0, 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    for done, number in enumerate(engine.local(2).map(_slow_head, items())):
        assert number == done
        most = max(most, taken - done)
    assert taken == 1000
    assert 4 <= most <= 2 * WINDOW


def test_items_and_results_larger_than_a_pipe_do_not_block_each_other() -> None:
    results = engine.local(2).map(len, (bytes(3_000_000) for _ in range(8)))
    assert list(results) == [3_000_000] * 8
    assert [len(data) for data in engine.local(2).map(_big, [3_000_000] * 8)] == [3_000_000] * 8


@pytest.mark.parametrize(
    ("function", "how"),
    [
        (partial(_signal_at_bad, code=signal.SIGSEGV), r"signal 11"),
        (partial(_signal_at_bad, code=signal.SIGKILL), "signal 9"),
        (_exit_at_bad, "exit code 3"),
    ],
)
def test_the_item_that_ends_its_worker_is_named_and_all_others_are_done(
    function: Callable[[int], int], how: str
) -> None:
    def lost(item: int, reason: str) -> tuple[int, str]:
        return item, reason

    results = list(engine.local(2).map(function, range(40), lost))  # type: ignore[arg-type]
    assert results == [*range(BAD), (BAD, f"a worker process died ({how})"), *range(BAD + 1, 40)]


@pytest.mark.parametrize("start", STARTS)
def test_without_a_way_to_lose_an_item_the_error_names_it_when_its_turn_comes(start: str) -> None:
    done = []
    with pytest.raises(StepError, match=r"^a worker process died \(signal 11\) on 7$"):
        done.extend(
            _until_error(
                engine.local(2, start).map(partial(_signal_at_bad, code=signal.SIGSEGV), range(40)),
                done,
            )
        )
    assert done == list(range(BAD))


def _until_error(results: Iterator[int], done: list[int]) -> list[int]:
    for number in results:
        done.append(number)
    return []


def test_an_item_whose_worker_died_by_chance_is_tried_again(tmp_path: Path) -> None:
    assert list(engine.local(2).map(partial(_die_once, folder=tmp_path), range(6))) == list(
        range(6)
    )


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


def _pid_after_a_while(number: int) -> tuple[int, int]:
    time.sleep(0.005)
    return number, os.getpid()


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("ValueError", ValueError, "it is bad"),
        ("OSError", FileNotFoundError, "gone: 'a.jpg'"),
        ("Local", StepError, "Local: hidden"),
        ("_Odd", StepError, "_Odd: ab"),
        ("SystemExit", StepError, "SystemExit: 0"),
        ("KeyboardInterrupt", StepError, "KeyboardInterrupt"),
        ("MemoryError", MemoryError, "full"),
        ("RecursionError", RecursionError, "maximum recursion"),
    ],
)
def test_what_a_worker_raises_arrives_with_its_traceback(
    kind: str, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as caught:
        list(engine.local(2).map(_raise, [kind]))
    assert "in _raise" in str(caught.value.__cause__)


def test_a_result_that_cannot_be_sent_is_an_error() -> None:
    with pytest.raises(Exception, match=r"[Cc]an't (get|pickle) local object"):
        list(engine.local(2).map(_hands_a_function, range(3)))


@IN_PROC
def test_workers_start_with_their_environment_and_the_parent_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("NO_ALBUMENTATIONS_UPDATE", raising=False)
    before = dict(os.environ)
    for start in STARTS:
        assert set(engine.local(2, start).map(_environment, range(4))) == {True}
    if importlib.util.find_spec("distributed"):
        assert set(engine.parse("dask", 2).map(_environment, range(4))) == {True}
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "text",
    ["", "local:", "local:fork", "ray", "dask:", "dask://", "dask://host", "dask://h:x", "daskx"],
)
def test_an_unknown_engine_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(
        RunError,
        match=r"no engine '.*'; allowed are local, local:forkserver, local:spawn, dask or dask://",
    ):
        engine.parse(text, 2)


WORK = """
import os, time

def work(number):
    os.write(1, b"%d\\n" % number)  # in one piece: print sends two where PYTHONUNBUFFERED is set, and workers share the pipe
    if number >= 2:
        {busy}
    return number
"""
PARENT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts jobs in the background without it
import sys, time
from coco_recipe.engines import engine
import work_of_parent

for number in engine.local(2, sys.argv[1]).map(work_of_parent.work, range(10 if {are_busy} else 2), preload=("numpy",)):
    if not {are_busy}:
        print("idle", flush=True)
        time.sleep(60)
"""


def _parent(folder: Path, start: str, busy: str) -> tuple["subprocess.Popen[str]", str]:
    """Start a parent with two workers, in a session of its own; return it when they are idle or busy, and its mark."""
    mark = f"MARK={uuid.uuid4().hex}"
    (folder / "parent.py").write_text(PARENT.format(are_busy=bool(busy)))
    (folder / "work_of_parent.py").write_text(WORK.format(busy=busy or "pass"))
    parent = subprocess.Popen(
        [sys.executable, str(folder / "parent.py"), start],
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=os.environ | dict([mark.split("=")]) | {"PYTHONPATH": str(folder)},
    )
    seen: set[str] = set()
    assert parent.stdout
    while not ({"2", "3"} <= seen if busy else "idle" in seen):
        line = parent.stdout.readline()
        assert line, parent.stderr and parent.stderr.read()
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


@IN_PROC
@pytest.mark.parametrize("busy", ["", "time.sleep(60)", "while True: pass"])
@pytest.mark.parametrize("start", STARTS)
def test_no_process_outlives_a_parent_that_is_killed(start: str, busy: str, tmp_path: Path) -> None:
    parent, mark = _parent(tmp_path, start, busy)
    assert len(_alive(mark)) >= 4  # the parent, two workers, the resource tracker
    parent.kill()
    parent.wait()
    assert _wait_until_gone(mark) == []


@IN_PROC
@pytest.mark.parametrize("start", STARTS)
def test_an_interrupt_from_the_terminal_ends_all_within_seconds_and_only_the_parent_speaks(
    start: str, tmp_path: Path
) -> None:
    parent, mark = _parent(tmp_path, start, "time.sleep(60)")
    os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: every process of the group
    _, text = parent.communicate(timeout=10)
    assert text.count("Traceback") == text.count("KeyboardInterrupt") == 1
    assert _wait_until_gone(mark) == []


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


PLUGIN = '''
from dataclasses import dataclass
from coco_recipe import Dataset, Port, Step, hookimpl

@dataclass(frozen=True)
class Row:
    number: int

def twice(row):
    return Row(2 * row.number)

def check(ctx, *, dataset):
    """Have rows made by workers."""
    ctx.note("rows", [row.number for row in ctx.map(twice, map(Row, range(5)))])
    return {"dataset": dataset}

@hookimpl
def coco_recipe_steps():
    yield Step(name="check", run=check, inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset})
'''


@pytest.mark.parametrize("name", ["local", "local:spawn", "dask"])
def test_a_plugin_file_has_its_functions_and_records_in_workers(name: str, tmp_path: Path) -> None:
    if name == "dask":
        pytest.importorskip("distributed")
    (tmp_path / "mine.py").write_text(PLUGIN)
    path = write_recipe(tmp_path, [{"id": "x", "use": "check", "in": "raw"}], coco())
    done = process(
        "run", path, "--plugin", "mine.py", "--jobs", "2", "--engine", name, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert recorded(tmp_path / "runs/test/steps/x").notes["rows"] == [0, 2, 4, 6, 8]


def test_an_engine_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [{"id": "x", "use": "reindex", "in": "raw"}], coco())
    done = command("run", path, "--engine", "ray", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no engine 'ray'" in done.stderr
    assert not (tmp_path / "runs").exists()


def _summary(number: int) -> dict[str, Any]:
    return {"number": number, "square": number**2}


def test_dask_gives_what_local_workers_give_and_names_the_item_at_fault() -> None:
    pytest.importorskip("distributed")
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(30):
            taken += 1
            yield number

    results = engine.dask(None, 2).map(_summary, items())
    first = next(results)
    assert taken <= 10
    assert [first, *results] == list(engine.local(2).map(_summary, range(30)))
    with pytest.raises(ValueError, match="it is bad"):
        list(engine.dask(None, 2).map(_raise, ["ValueError"]))


def test_dask_loses_the_item_that_ends_its_workers_and_does_the_others() -> None:
    pytest.importorskip("distributed")
    results = list(
        engine.dask(None, 2).map(
            partial(_signal_at_bad, code=signal.SIGKILL), range(20), lambda item, reason: -item
        )
    )
    assert results == [*range(BAD), -BAD, *range(BAD + 1, 20)]


def _pretend_another_numpy() -> None:
    import numpy as np

    np.__version__ = "0.1"


def test_a_scheduler_that_is_already_there_does_the_work() -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        address = cluster.scheduler_address.removeprefix("tcp://")
        there = engine.parse(f"dask://{address}", 1)
        assert list(there.map(_double, range(20), preload=("numpy",))) == list(range(0, 40, 2))
        with distributed.Client(cluster) as client:
            client.run(_pretend_another_numpy)
        with pytest.raises(
            StepError,
            match=r"the Dask worker .* has numpy 0\.1 \(here [\d.]+\); its results could differ",
        ):
            list(there.map(_double, range(20), preload=("numpy",)))
