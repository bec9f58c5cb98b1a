"""Every bad input is refused or taken as it must be, with its place, and does nothing else."""

import importlib.util
import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import bad_inputs
import pytest
from builders import command

from coco_recipe.engines import beside
from coco_recipe.running import mask_parts

CASES = list(bad_inputs.cases())
SECONDS, KILOBYTES = 10, 2**20
WATCHED = ("socket.connect", "socket.bind", "socket.getaddrinfo", "os.system")
_seen: list[str] = []


def _watch(event: str, _: tuple[Any, ...]) -> None:
    if event in WATCHED:
        _seen.append(event)


sys.addaudithook(_watch)


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for top, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in ("runs", "run", ".cache", "__pycache__")]
        for name in files:
            path = os.path.join(top, name)
            stamp = os.lstat(path)
            found[path] = stamp.st_size, stamp.st_mtime_ns
    return found


def test_there_are_enough_cases_of_every_class() -> None:
    classes = Counter(case.id.partition("/")[0] for case in CASES)
    assert len(CASES) >= 320
    assert {name: number for name, number in classes.items() if number < 5} == {}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_bad_input(
    case: bad_inputs.Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in case.needs:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    # a copy of this process, which has imported all that tests import, costs 0.2 s each
    monkeypatch.setattr(beside, "copies", lambda: 1)
    monkeypatch.setattr(mask_parts, "copies", lambda: 1)
    monkeypatch.delenv("COLUMNS", raising=False)
    arguments = case.make(tmp_path)
    before, memory = _files(tmp_path), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _seen.clear()
    began = time.process_time()
    done = command(*arguments, cwd=tmp_path)
    seconds = time.process_time() - began
    told = done.stdout + done.stderr
    assert "Traceback" not in told
    assert "BUG" not in told
    assert "\x1b" not in told
    assert "failed, and the run has no page" not in told
    assert done.returncode in ((1, 2) if case.outcome == "refuse" else (0,)), told
    for words in case.told:
        assert words in told
    if case.outcome == "warn":
        assert "warning: " in told
    if case.outcome == "refuse":
        assert [*tmp_path.glob("runs/*/steps/[!.]*")] == [], "nothing may be committed"
    if case.outcome == "quarantine":
        assert list(tmp_path.glob("runs/*/steps/*/dropped.jsonl"))
    assert _files(tmp_path) == before, "nothing outside of the run directory may change"
    assert _seen == [], "nothing may be run or asked"
    assert not list(tmp_path.rglob("marker"))
    assert seconds < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < KILOBYTES
