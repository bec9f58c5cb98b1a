"""Streams, locale, signals and plugins' prints around a command."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, process, write_recipe

from coco_recipe.commands import surroundings
from coco_recipe.testing import draw

CLEAN = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
EVIL = "c\x1b[2Jat\u202egnp"
PLUGIN = """
import time
from coco_recipe import Dataset, Port, Step, hookimpl
print("loaded")

def slow(ctx, *, dataset):
    "Wait."
    print("at work")
    {work}
    return {{"dataset": dataset}}

@hookimpl
def coco_recipe_steps():
    print("asked")
    yield Step(
        name="slow", run=slow, inputs={{"dataset": Port(Dataset)}}, outputs={{"dataset": Dataset}}
    )
"""


def _plugin(folder: Path, work: str = "pass") -> None:
    (folder / "mine.py").write_text(PLUGIN.format(work=work))
    write_recipe(folder, [{"id": "wait", "use": "slow", "in": "raw"}], coco())


def _shell(script: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    script = script.replace("coco-recipe", f"{sys.executable} -P -m coco_recipe.cli")
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("form", ["text", "json", "github"])
@pytest.mark.parametrize("name", ["run", "plan", "check", "validate"])
def test_names_of_data_reach_no_terminal_as_they_are(name: str, form: str, tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 2)], (EVIL, "dog"))
    data["images"][0]["file_name"] = f"{EVIL}.jpg"
    data["annotations"][0]["bbox"] = [1, 2, 0, 10]
    write_recipe(tmp_path, [CLEAN], data)
    done = command(name, "recipe.yaml", "--format", form, cwd=tmp_path)
    for text in (done.stdout, done.stderr):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "Traceback" not in text
    if form == "json" and done.stdout.startswith(("[", "{")):
        json.loads(done.stdout)


def test_a_file_that_is_not_there_is_told_safely(tmp_path: Path) -> None:
    for words in (["run", f"{EVIL}.yaml"], ["check", EVIL], [EVIL], ["run", f"--{EVIL}"]):
        done = command(*words, cwd=tmp_path)
        assert done.returncode in (1, 2)
        assert "\x1b" not in done.stderr + done.stdout
        assert "\\u202e" in done.stderr + done.stdout


def test_what_a_plugin_prints_is_no_result(tmp_path: Path) -> None:
    _plugin(tmp_path)
    for name, rest in (("validate", ()), ("plan", ("--format", "json")), ("run", ("-q",))):
        done = command(name, "recipe.yaml", "--plugin", "mine.py", *rest, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "asked" in done.stderr
        assert "asked" not in done.stdout
        assert "at work" not in done.stdout
    assert done.stdout == "runs/test\n"
    assert "at work" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_signal_ends_the_run_within_seconds_and_says_how_to_go_on(
    name: str, code: int, tmp_path: Path
) -> None:
    _plugin(tmp_path, 'print("at work", flush=True); time.sleep(60)')
    run = subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "coco_recipe.cli",
            "run",
            "recipe.yaml",
            "--plugin",
            "mine.py",
        ],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert run.stderr
    while "at work" not in run.stderr.readline():
        assert run.poll() is None
    began = time.monotonic()
    run.send_signal(getattr(signal, name))
    _, told = run.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert run.returncode == code
    how = "interrupted" if name == "SIGINT" else f"ended by {name}"
    assert told.splitlines()[-1] == f"{how}; the same command goes on from here"
    assert "Traceback" not in told


@pytest.mark.slow
def test_nohup_holds(tmp_path: Path) -> None:
    _plugin(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGHUP)")
    done = _shell("trap '' HUP; coco-recipe run recipe.yaml --plugin mine.py", tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", ">&- <&- 2>&-"])
def test_closed_streams_hurt_nothing(closed: str, tmp_path: Path) -> None:
    write_recipe(tmp_path, [CLEAN], coco())
    done = _shell(f"coco-recipe run recipe.yaml {closed}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    json.loads((tmp_path / "runs/test/steps/clean/dataset.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "zh_CN.GBK", "PYTHONUTF8": "0"},
    ],
    ids=str,
)
def test_any_locale_holds_names_of_any_script(variables: Any, tmp_path: Path) -> None:
    data = coco(1, [(1, 1)], ("瓶盖", "dog"))
    data["images"][0]["file_name"] = "图 片.jpg"
    draw(tmp_path / "图", data)
    export = {"id": "out", "use": "export_coco", "in": {"all": "raw"}}
    given = {"raw": {"annotations": "raw.json", "images": "图"}}
    write_recipe(tmp_path, [export], data, inputs=given, name="瓶")
    done = _shell(
        "coco-recipe run recipe.yaml && coco-recipe plan recipe.yaml", tmp_path, **variables
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs/瓶/steps/out/all/图 片.jpg").is_file()


@pytest.mark.slow
def test_without_a_home_all_works(tmp_path: Path) -> None:
    write_recipe(tmp_path, [CLEAN], coco())
    assert _shell("unset HOME; coco-recipe run recipe.yaml", tmp_path).returncode == 0


def test_the_streams_and_handlers_of_a_process_are_given_back() -> None:
    streams = sys.stdout, sys.stderr
    handler = signal.getsignal(signal.SIGTERM)
    with surroundings.prepared():
        assert sys.stdout is not streams[0]
        assert signal.getsignal(signal.SIGTERM) is not handler
    assert (sys.stdout, sys.stderr) == streams
    assert signal.getsignal(signal.SIGTERM) is handler


@pytest.mark.slow
def test_the_process_of_a_command_starts_as_quickly_as_before(tmp_path: Path) -> None:
    heavy = ("cv2", "numpy", "rich", "jsonschema")
    code = f"import sys, coco_recipe.cli; print(sorted(sys.modules.keys() & set({heavy})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert process("--help", cwd=tmp_path).returncode == 0
