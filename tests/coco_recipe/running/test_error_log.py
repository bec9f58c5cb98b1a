"""A step that fails leaves error.log, which the message names; other ends of a run leave none."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, tree, write_recipe

from coco_recipe.errors import FindingsError, StepError
from coco_recipe.running import error_log, stages

PLUGIN = '''
import math, sys, time
from functools import partial
from coco_recipe import Dataset, Finding, Kind, Port, Step, hookimpl

DOUBT = Kind("doubt", "error", "is doubtful", "look")

def fail(how, item=0):
    if how == "numpy" and item == 0:
        import numpy
        numpy.random.default_rng(0).choice([], 2)
    if how == "solve" and item == 3:
        import numpy
        numpy.linalg.solve(numpy.zeros((2, 3)), numpy.zeros(2))
    if how == "refuse":
        raise ValueError("image 3 ('3.jpg') is odd; turn it")
    if how == "exit":
        sys.exit(0)
    if how == "interrupt":
        raise KeyboardInterrupt
    return item

def odd(ctx, *, dataset, how):
    """Fail in a way."""
    (ctx.workdir / "train.log").write_text("".join(f"epoch {n}\\n" for n in range(1, 101)))
    ctx.progress(2, 9, "loss 0.5")
    if how == "find":
        ctx.find(DOUBT, count=1)
    elif how == "solve":
        sum(ctx.map(partial(fail, how), range(8)))
    elif how == "wait":
        time.sleep(60)
    elif how != "fine":
        fail(how)
    if how == "leak":
        return {"dataset": dataset.replace(annotations=())}
    return {"dataset": dataset}

def draw(ctx, target, images, *, dataset, how):
    len(5)

def again(ctx, name, *, dataset, how):
    return [][1]

@hookimpl
def coco_recipe_findings():
    yield DOUBT

@hookimpl
def coco_recipe_steps():
    yield Step(name="odd", run=odd, preview=draw, replay=again, writes=True,
               inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset},
               params={"type": "object", "properties": {"how": {"type": "string"}}})
'''

Run = Callable[..., stages.RunResult]
REFUSED = "step 'x' (odd): image 3 ('3.jpg') is odd; turn it"


def _recipe(folder: Path, how: str) -> Path:
    (folder / "odd_ways.py").write_text(PLUGIN)
    return write_recipe(
        folder, [{"id": "x", "use": "odd", "in": "raw", "with": {"how": how}}], coco()
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(how: str, **options: Any) -> stages.RunResult:
        path = _recipe(tmp_path, how)
        planned = stages.prepare(path, plugin_files=[tmp_path / "odd_ways.py"])
        return stages.run(planned, out=tmp_path / "out", **options)

    return run


def _fails(run: Run, how: str, **options: Any) -> tuple[str, str]:
    """Return what a run that fails says, and its log."""
    with pytest.raises(StepError) as caught:
        run(how, **options)
    assert caught.value.log is not None
    return str(caught.value), caught.value.log.read_text("utf-8")


def test_what_a_library_raises_is_told_with_its_type_and_place(tmp_path: Path, run: Run) -> None:
    pytest.importorskip("numpy")
    said, log = _fails(run, "numpy")
    assert re.fullmatch(
        r"step 'x' \(odd\): ValueError: .* "
        r"\[numpy/random/_generator\.pyx:\d+, from odd_ways\.py:11\] "
        rf"\(details: {tmp_path}/out/error\.log\)",
        said,
    )
    assert re.search(rf'File "{tmp_path}/odd_ways.py", line 11, in fail', log)
    assert "\nstep: 'x' (odd) of " in log
    assert "\nprogress: 2 of 9  loss 0.5\n" in log
    assert re.search(r"\nversions: python \d.*, system .*, coco-recipe \d.*, numpy \d", log)
    lines = log.splitlines()
    assert lines[-40] == "epoch 61"
    assert lines[-1] == "epoch 100"
    assert "/steps/.x.partial/train.log, last written 20" in lines[-41]


@pytest.mark.slow
def test_the_log_has_the_workers_traceback_and_the_item_in_flight(run: Run) -> None:
    pytest.importorskip("numpy")
    said, log = _fails(run, "solve", jobs=2)
    assert said.startswith("step 'x' (odd): numpy.linalg.LinAlgError: ")
    assert re.search(r" \[numpy/linalg/_linalg\.py:\d+, from odd_ways\.py:14\] \(details: ", said)
    there, here = log.split("The above exception was the direct cause")
    assert "line 14, in fail" in there
    assert "while at work on 3\n" in there
    assert "in odd\n" in here
    assert _fails(run, "solve", jobs=1)[0] == said


def test_an_expected_error_is_told_in_one_line(tmp_path: Path, run: Run) -> None:
    said, log = _fails(run, "refuse")
    assert said == f"{REFUSED} (details: {tmp_path}/out/error.log)"
    assert "in fail\n" in log


def test_a_steps_exit_and_books_that_do_not_close_have_a_log_too(run: Run) -> None:
    said, log = _fails(run, "exit")
    assert "SystemExit: 0 [odd_ways.py:18]" in said
    assert "in fail\n" in log
    said, log = _fails(run, "leak")
    assert "the books don't close" in said
    assert "in _expect_closed\n" in log


def test_the_record_of_a_failed_run_has_no_clock_of_it(tmp_path: Path, run: Run) -> None:
    said, _ = _fails(run, "refuse")
    line = (tmp_path / "out/provenance.jsonl").read_text("utf-8").splitlines()[-1]
    assert REFUSED in line
    assert "error.log" not in line
    assert "error.log" in said


@pytest.mark.parametrize(
    ("how", "error"), [("interrupt", KeyboardInterrupt), ("find", FindingsError)]
)
def test_what_is_no_failure_of_a_step_leaves_no_log(
    how: str, error: type[BaseException], tmp_path: Path, run: Run
) -> None:
    _fails(run, "refuse")
    with pytest.raises(error):
        run(how)
    assert not (tmp_path / "out/error.log").exists()


@pytest.mark.slow
def test_the_next_run_removes_the_log_and_nothing_else_differs(tmp_path: Path, run: Run) -> None:
    run("fine")
    before = tree(tmp_path / "out")
    _fails(run, "refuse")
    assert (tmp_path / "out/error.log").exists()
    assert run("fine").ran == ()
    assert not (tmp_path / "out/error.log").exists()
    run("fine", force=True)
    assert tree(tmp_path / "out") == before


def test_a_file_of_the_users_by_that_name_is_kept(tmp_path: Path, run: Run) -> None:
    run("fine")
    for text in ("my notes", ""):
        (tmp_path / "out/error.log").write_text(text)
        _fails(run, "refuse")
    run("fine")
    assert {path.name: path.read_text() for path in (tmp_path / "out/kept").iterdir()} == {
        "error.log": "my notes",
        "error.log.2": "",
    }


def test_a_log_that_cannot_be_written_hides_no_error(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        error_log.files,
        "write_bytes",
        lambda path, data: full(path, data) if path.name == "error.log" else path.write_bytes(data),
    )
    with pytest.raises(StepError, match=r"is odd; turn it$") as caught:
        run("refuse")
    assert caught.value.log is None


def _command(folder: Path, how: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = _recipe(folder, how)
    first, *rest = arguments
    given = rest if first == "replay" else [str(path), *rest]
    return command(first, *given, "--plugin", "odd_ways.py", cwd=folder)


def test_traceback_prints_it_before_the_message(tmp_path: Path) -> None:
    done = _command(tmp_path, "refuse", "run", "-q")
    message = f"{REFUSED} (details: runs/test/error.log)"
    assert (done.returncode, done.stderr) == (1, f"{message}\n")
    done = _command(tmp_path, "refuse", "run", "-q", "--traceback")
    first, *lines, last = done.stderr.splitlines()
    assert (first, last) == ("Traceback (most recent call last):", message)
    assert any("in fail" in line for line in lines)


def test_preview_and_replay_tell_any_error_and_its_traceback(tmp_path: Path) -> None:
    assert _command(tmp_path, "fine", "run").returncode == 0
    for arguments, text in (
        (("preview", "x"), "TypeError: object of type 'int' has no len()"),
        (("replay", "runs/test", "train.log"), "IndexError: list index out of range"),
    ):
        done = _command(tmp_path, "fine", *arguments)
        assert done.returncode == 1
        assert done.stderr.startswith(f"step 'x' (odd): {text} [odd_ways.py:")
        done = _command(tmp_path, "fine", *arguments, "--traceback")
        assert done.stderr.startswith("Traceback (most recent call last):")
        assert text in done.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="the shell has Ctrl-C ignored here"
)
def test_ctrl_c_leaves_no_log(tmp_path: Path) -> None:
    assert _command(tmp_path, "refuse", "run").returncode == 1
    path = _recipe(tmp_path, "wait")
    arguments = ["-m", "coco_recipe.cli", "run", path, "--plugin", "odd_ways.py"]
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True
    )
    began = time.monotonic()
    while (
        "wait" not in (tmp_path / "runs/test/recipe.resolved.yaml").read_text()
        or not (tmp_path / "runs/test/steps/.x.partial/train.log").exists()
    ):
        assert time.monotonic() - began < 60
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    assert not (tmp_path / "runs/test/error.log").exists()
