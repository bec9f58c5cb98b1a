"""What every engine promises; the functions that workers run stand here, at module level."""

import importlib.util
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from builders import coco, command, write_recipe

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


def _big(size: int) -> bytes:
    return bytes(size)


def _environment(_: int) -> bool:
    """Say whether this process was started with the workers' environment: glibc reads its part at
    the start alone.
    """
    started = Path("/proc/self/environ").read_bytes().split(b"\0")
    return all(f"{name}={value}".encode() in started for name, value in worker.ENVIRONMENT.items())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["local", "local:spawn"])
@pytest.mark.parametrize("jobs", [0, 1, 2, 3])
def test_results_come_in_the_order_of_the_items(name: str, jobs: int) -> None:
    assert list(engine.parse(name, jobs).map(_double, range(50))) == list(range(0, 100, 2))


def test_no_items_start_no_worker() -> None:
    assert list(engine.local(2).map(_double, [])) == []


@pytest.mark.slow
def test_no_job_is_this_process_and_one_and_two_are_others() -> None:
    assert set(engine.local(0).map(_pid, range(3))) == {os.getpid()}
    alone = set(engine.local(1).map(_pid, range(3)))
    assert len(alone) == 1
    assert os.getpid() not in alone
    others = set(engine.local(2).map(_pid, range(40)))
    assert os.getpid() not in others
    assert len(others) <= 2


@pytest.mark.slow
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


@pytest.mark.slow
def test_items_and_results_larger_than_a_pipe_do_not_block_each_other() -> None:
    results = engine.local(2).map(len, (bytes(3_000_000) for _ in range(8)))
    assert list(results) == [3_000_000] * 8
    assert [len(data) for data in engine.local(2).map(_big, [3_000_000] * 8)] == [3_000_000] * 8


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_an_item_whose_worker_died_by_chance_is_tried_again(tmp_path: Path) -> None:
    assert list(engine.local(2).map(partial(_die_once, folder=tmp_path), range(6))) == list(
        range(6)
    )


@pytest.mark.slow
@IN_PROC
def test_workers_start_with_their_environment_and_the_parent_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
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


def test_an_engine_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [{"id": "x", "use": "reindex", "in": "raw"}], coco())
    done = command("run", path, "--engine", "ray", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no engine 'ray'" in done.stderr
    assert not (tmp_path / "runs").exists()


def _variable(_: int) -> str | None:
    return os.environ.get("FAR_LIBRARY")


@pytest.mark.slow
def test_workers_have_the_variables_that_steps_need_and_the_parent_has_not() -> None:
    for name in ("local:forkserver", "local:spawn", "dask"):
        if name == "dask" and not importlib.util.find_spec("distributed"):
            continue
        there = engine.parse(name, 2, environment={"FAR_LIBRARY": "quiet"})
        assert set(there.map(_variable, range(4))) == {"quiet"}
    assert "FAR_LIBRARY" not in os.environ
