"""However a step ends the process of a command, the exit code says that the work wasn't done."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builders import coco, process, write_recipe

PLUGIN = """
import ctypes, os, signal, subprocess, sys, threading, time
from coco_recipe import Dataset, Port, Step, hookimpl

def act(ctx, *, dataset):
    {todo}
    return {{"dataset": dataset}}

@hookimpl
def coco_recipe_steps():
    yield Step(
        name="act", run=act, inputs={{"dataset": Port(Dataset)}}, outputs={{"dataset": Dataset}}
    )
"""
ENDS = {
    "exit": ("os._exit(0)", 1),
    "code": ("os._exit(3)", 1),
    "thread": ("threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(20)", 1),
    "c": ("ctypes.CDLL(None).exit(0)", 1),
    "exec": ("os.execv('/bin/true', ['true'])", 1),
    "kill": ("os.kill(os.getpid(), signal.SIGKILL)", 137),
    "crash": ("ctypes.string_at(0)", 139),
    "fork": ("os.fork() or sys.exit(0); os.wait(); os._exit(0)", 1),
    "sys": ("sys.exit(0)", 1),
}
pytestmark = pytest.mark.slow


def _plugin(folder: Path, todo: str) -> Path:
    path = folder / "plugin.py"
    path.write_text(PLUGIN.format(todo=todo))
    return path


def _recipe(folder: Path) -> Path:
    steps = [
        {"id": "mine", "use": "act", "in": "raw"},
        {"id": "new", "use": "reindex", "in": "mine"},
    ]
    return write_recipe(folder, steps, coco())


@pytest.mark.parametrize("name", ENDS)
def test_a_step_that_ends_the_process_is_no_success(name: str, tmp_path: Path) -> None:
    todo, code = ENDS[name]
    plugin = _plugin(tmp_path, todo)
    done = process("run", _recipe(tmp_path), "--plugin", plugin, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert "step 'mine' (act)" in done.stderr
    assert not (tmp_path / "runs/test/steps/new").exists()
    if name != "sys":
        assert "the same command goes on from here" in done.stderr
    if name == "exit":
        _plugin(tmp_path, "pass")
        again = process("run", _recipe(tmp_path), "--plugin", plugin, cwd=tmp_path)
        assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("todo", "told"),
    [
        ("import json; json.dumps = lambda *given, **more: 'x'", "changed json.dumps, which"),
        ("os.closerange(3, 256)", "closed files of the process that it didn't open"),
        ("raise GeneratorExit", "GeneratorExit"),
    ],
)
def test_a_step_that_breaks_the_process_fails_and_says_how(
    todo: str, told: str, tmp_path: Path
) -> None:
    plugin = _plugin(tmp_path, todo)
    done = process("run", _recipe(tmp_path), "--plugin", plugin, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert f"step 'mine' (act): {told}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs/test/steps/mine").exists()
    assert not (tmp_path / "runs/test/steps/new").exists()


def test_a_thread_that_a_step_leaves_is_not_waited_for(tmp_path: Path) -> None:
    todo = (
        "import coco_recipe.guard; coco_recipe.guard._PATIENCE_SECONDS = 0.2; "
        "threading.Thread(target=time.sleep, args=(100,), name='mine').start()"
    )
    done = process("run", _recipe(tmp_path), "--plugin", _plugin(tmp_path, todo), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ended although a step has left mine at work" in done.stderr


def test_a_plan_that_runs_such_a_step_is_no_success_either(tmp_path: Path) -> None:
    plugin = _plugin(tmp_path, "os._exit(0)")
    done = process("plan", _recipe(tmp_path), "--plugin", plugin, cwd=tmp_path)
    assert done.returncode == 1
    assert "ended from within" in done.stderr


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("to_group", [False, True])
def test_a_signal_ends_both_processes(number: int, to_group: bool, tmp_path: Path) -> None:
    plugin = _plugin(
        tmp_path, "open('pid', 'w').write(str(os.getpid())); os.rename('pid', 'at'); time.sleep(60)"
    )
    command = [sys.executable, "-m", "coco_recipe.cli", "run", str(_recipe(tmp_path))]
    running = subprocess.Popen(
        [*command, "--plugin", str(plugin)],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "at").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        worker = int((tmp_path / "at").read_text())
        assert worker != running.pid
        (os.killpg if to_group else os.kill)(running.pid, number)
        _, told = running.communicate(timeout=5)
    finally:
        running.kill()
    assert running.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    if number != signal.SIGKILL:
        assert "the same command goes on from here" in told
    deadline = time.monotonic() + 5
    while _is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(worker)
