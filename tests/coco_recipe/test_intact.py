"""What a plugin's code changes of the process is put back; what the run works with is told."""

import builtins
import gc
import inspect
import json
import locale
import os
import pathlib
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coco_recipe import coco_json, intact
from coco_recipe.dataset import Dataset
from coco_recipe.errors import StepError

LABEL = "step 'mine' (act)"
REPLACED: dict[str, tuple[Any, str, Any]] = {
    "os.replace": (os, "replace", lambda *names: None),
    "os.fsync": (os, "fsync", None),
    "time.time": (time, "time", lambda: "now"),
    "json.dumps": (json, "dumps", json.loads),
    "builtins.open": (builtins, "open", None),
    "builtins.len": (builtins, "len", lambda rows: 0),
    "pathlib.Path.write_bytes": (pathlib.Path, "write_bytes", lambda path, data: 0),
    "msgspec.json.encode": (msgspec.json, "encode", lambda value: b"{}"),
    "coco_recipe.coco_json.write": (coco_json, "write", lambda *given: None),
    "coco_recipe.dataset.Dataset.replace": (Dataset, "replace", None),
}


@pytest.mark.parametrize("name", REPLACED)
def test_a_function_that_is_replaced_is_told_and_put_back(name: str) -> None:
    owner, attribute, other = REPLACED[name]
    before = vars(owner)[attribute]
    with (
        pytest.raises(StepError, match=f"^step 'mine' \\(act\\): changed {name}, which the run"),
        intact.kept(LABEL, of=__name__),
    ):
        setattr(owner, attribute, other)
    assert vars(owner)[attribute] is before


def test_many_are_counted_and_what_is_gone_comes_back() -> None:
    modules = dict(sys.modules)

    def act() -> None:
        for place in ("os", "json", "re", "sys", "io", "types", "enum"):
            del sys.modules[place]
        del os.fsync

    with (
        pytest.raises(StepError, match=r"changed sys.modules\['.*'\] and \d+ more, which"),
        intact.kept(LABEL, of=__name__),
    ):
        act()
    assert os.fsync
    assert sys.modules == modules


def test_what_a_library_replaces_stays_and_so_do_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_a_library(something: object) -> str:
        return ""

    of_a_library.__module__ = "torch.package.package_importer"
    monkeypatch.setattr(inspect, "getfile", inspect.getfile)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    with intact.kept(LABEL, of="my_plugin.steps"):
        inspect.getfile = of_a_library  # type: ignore[assignment]
        sys.excepthook = lambda *told: None
    assert inspect.getfile is of_a_library
    assert sys.excepthook is not sys.__excepthook__


def _expected_streams() -> Any:
    return sys.stdin, sys.stdout, sys.stderr


STATE: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "umask": (lambda: os.umask(0o777), intact._umask),
    "timer": (
        lambda: signal.setitimer(signal.ITIMER_REAL, 30, 30),
        lambda: signal.getitimer(signal.ITIMER_REAL),
    ),
    "handler": (
        lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
        lambda: signal.getsignal(signal.SIGTERM),
    ),
    "mask": (
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1}),
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
    ),
    "environment": (lambda: os.environ.update(HOME="/", OTHER="1"), lambda: dict(os.environ)),
    "recursion": (lambda: sys.setrecursionlimit(5000), sys.getrecursionlimit),
    "locale": (
        lambda: locale.setlocale(locale.LC_ALL, "C"),
        lambda: locale.setlocale(locale.LC_ALL),
    ),
    "garbage": (gc.disable, gc.isenabled),
    "stdout": (lambda: setattr(sys, "stdout", None), _expected_streams),
    "stderr": (lambda: setattr(sys, "stderr", None), _expected_streams),
    "folder": (lambda: os.chdir("/"), Path.cwd),
}


@pytest.fixture
def another_locale() -> Iterator[None]:
    before = locale.setlocale(locale.LC_ALL)
    yield
    locale.setlocale(locale.LC_ALL, before)


@pytest.mark.parametrize("name", STATE)
@pytest.mark.usefixtures("another_locale")
def test_the_state_of_the_process_is_put_back_in_silence(name: str) -> None:
    change, read = STATE[name]
    before = read()
    with intact.kept(LABEL, of=__name__):
        change()
    assert read() == before


def test_it_is_put_back_where_the_step_fails() -> None:
    before = os.replace

    def act() -> None:
        os.replace = None  # type: ignore[assignment]
        os.umask(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), intact.kept(LABEL, of=__name__):
        act()
    assert os.replace is before
    assert intact._umask() != 0


def test_a_timer_whose_handler_raises_does_no_harm() -> None:
    def ring(*given: object) -> None:
        raise ZeroDivisionError

    with intact.kept(LABEL, of=__name__):
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    time.sleep(0.01)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


@pytest.mark.parametrize("of", [None, __name__])
def test_a_step_that_closes_files_of_others_is_told(of: str | None) -> None:
    here = os.open(".", os.O_RDONLY)
    os.close(here)  # the lowest free number, which is taken next
    with (
        pytest.raises(StepError, match="closed files of the process that it didn't open"),
        intact.kept(LABEL, of=of),
    ):
        os.close(here)
