"""Work is done in its order beside the run, and what fails is told at the next event."""

import threading
import time

import pytest
from coco_recipe_trackers import background
from coco_recipe_trackers.background import Background


def test_work_is_done_in_order_by_the_end() -> None:
    done: list[int] = []
    work = Background()
    for n in range(50):
        work.do(lambda n=n: done.append(n))  # type: ignore[misc]
    work.finish()
    assert done == list(range(50))


def test_the_caller_doesnt_wait_for_a_slow_server() -> None:
    gate = threading.Event()
    work = Background()
    began = time.monotonic()
    work.do(lambda: gate.wait(10) and None)
    work.do(lambda: None)
    assert time.monotonic() - began < 5
    gate.set()
    work.finish()


def test_what_fails_is_raised_and_nothing_more_is_done() -> None:
    def fail() -> None:
        raise ConnectionError("the server is gone")

    done: list[int] = []
    work = Background()
    work.do(fail)
    work.do(lambda: done.append(1))
    with pytest.raises(ConnectionError, match="the server is gone"):
        work.finish()
    with pytest.raises(ConnectionError):
        work.do(lambda: None)
    assert done == []


def test_a_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PATIENCE_SECONDS", 0.05)
    gate = threading.Event()
    work = Background()
    work.do(lambda: gate.wait(10) and None)
    with pytest.raises(TimeoutError, match="after the run's end"):
        work.finish()
    gate.set()


def test_no_work_is_no_thread() -> None:
    Background().finish()
