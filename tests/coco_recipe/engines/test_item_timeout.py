"""An item that takes too long is named, and its worker replaced; only time at work counts."""

import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from coco_recipe.engines import engine, local
from coco_recipe.errors import StepError

BAD = 7


def _hang_at_bad(number: int, *, how: str) -> int:
    if number == BAD and how == "sleep":
        time.sleep(600)
    while number == BAD and how == "loop":
        pass
    return number


def _stop_once(number: int, *, folder: Path) -> int:
    """Stop the worker, as somebody outside may, the first time that an item is tried."""
    if number == BAD and not (folder / "stopped").exists():
        (folder / "stopped").touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    return number


def _stop_always(number: int) -> int:
    if number == BAD:
        os.kill(os.getpid(), signal.SIGSTOP)
    return number


def _slow(number: int) -> int:
    time.sleep(0.3)
    return number


@pytest.mark.slow
@pytest.mark.parametrize("how", ["sleep", "loop"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_item_that_hangs_is_named_within_seconds(how: str, jobs: int) -> None:
    began = time.monotonic()
    found = engine.local(jobs, item_timeout=1).map(partial(_hang_at_bad, how=how), range(12))
    assert [next(found) for _ in range(BAD)] == list(range(BAD))
    told = r"was at work for more than 1 s \(--item-timeout\) on 7"
    with pytest.raises(StepError, match=told):
        next(found)
    assert time.monotonic() - began < 1 + 5


@pytest.mark.slow
def test_an_item_that_hangs_is_left_out_where_the_step_says_so_and_the_others_are_made() -> None:
    hangs = partial(_hang_at_bad, how="sleep")
    found = engine.local(2, item_timeout=1).map(hangs, range(12), lambda item, why: why)
    assert [text for text in found if isinstance(text, str)] == [
        "a worker process was at work for more than 1 s (--item-timeout)"
    ]


@pytest.mark.slow
def test_a_worker_that_was_stopped_is_replaced_and_its_item_tried_again(tmp_path: Path) -> None:
    stops = partial(_stop_once, folder=tmp_path)
    assert list(engine.local(2, item_timeout=1).map(stops, range(12))) == list(range(12))
    assert (tmp_path / "stopped").exists()


@pytest.mark.slow
def test_an_item_whose_worker_is_stopped_each_time_is_named() -> None:
    with pytest.raises(StepError, match=r"was stopped from outside \(SIGSTOP\) on 7"):
        list(engine.local(1, item_timeout=0.5).map(_stop_always, range(12)))


@pytest.mark.slow
def test_many_items_that_together_take_longer_are_sound() -> None:
    assert list(engine.local(1, item_timeout=1).map(_slow, range(6))) == list(range(6))


@pytest.mark.slow
def test_who_takes_results_slowly_costs_no_worker_its_time() -> None:
    found = engine.local(1, item_timeout=1).map(_slow, range(4))
    assert next(found) == 0
    time.sleep(3)
    assert list(found) == [1, 2, 3]


@pytest.mark.slow
def test_time_in_which_all_of_us_are_stopped_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A terminal's Ctrl-Z stops parent and workers alike, and the clock goes on."""
    jumped = threading.Event()
    real = time.monotonic
    monkeypatch.setattr(local.time, "monotonic", lambda: real() + 3600 * jumped.is_set())
    found = engine.local(1, item_timeout=5).map(_slow, range(4))
    assert next(found) == 0
    jumped.set()
    assert list(found) == [1, 2, 3]


@pytest.mark.slow
def test_zero_lets_an_item_take_its_time() -> None:
    assert list(engine.local(1, item_timeout=0).map(_slow, range(2))) == [0, 1]


@pytest.mark.slow
def test_a_dask_worker_that_hangs_is_ended_too() -> None:
    pytest.importorskip("distributed")
    pytest.importorskip("cryptography")
    hangs = partial(_hang_at_bad, how="loop")
    with pytest.raises(StepError, match=r"for more than 1 s \(--item-timeout\) on 7"):
        list(engine.parse("dask", 1, item_timeout=1).map(hangs, range(9)))
