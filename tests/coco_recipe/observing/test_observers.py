"""What observers are told, and that the run doesn't mind what they do."""

import csv
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from builders import REPOSITORY, coco, command, tree, write_recipe

import coco_recipe
from coco_recipe import FindingsError, StepError, events
from coco_recipe.errors import PluginError
from coco_recipe.running import stages

PLUGIN = '''"""A plugin: step ``descend`` reports a falling loss, ``odd`` fails in several ways."""
import os, signal
from coco_recipe import (
    Dataset,
    Kind,
    Port,
    Row,
    Step,
    hookimpl,
)

MANY = Kind("many_boxes", "warning", "images have many boxes", "look at them")


def halved(number):
    return number / 2


def descend(ctx, *, dataset):
    """Report a loss for each of four rounds."""
    for done, loss in enumerate(ctx.map(halved, [4, 3, 2, 1]), 1):
        ctx.progress(done, 4, "round", figures={"loss": loss, "rate": 0.1})
    ctx.note("last", [loss])
    return {"dataset": dataset}


def odd(ctx, *, dataset, how):
    """Fail."""
    ctx.progress(1, 2)
    if how == "interrupted":
        os.kill(os.getpid(), signal.SIGINT)
    if how == "wrong figure":
        ctx.progress(2, 2, figures={"loss": "high"})
    if how == "found":
        ctx.find(MANY, [Row("image 1", [7])])
        return {"dataset": dataset}
    raise ValueError("no luck")


PORTS = {"inputs": {"dataset": Port(Dataset)}, "outputs": {"dataset": Dataset}}
HOW = {"type": "object", "properties": {"how": {"type": "string"}}}


@hookimpl
def coco_recipe_steps():
    yield Step(name="descend", run=descend, **PORTS)
    yield Step(name="odd", run=odd, params=HOW, **PORTS)


@hookimpl
def coco_recipe_findings():
    yield MANY
'''
DESCEND = {"id": "d", "use": "descend", "in": "raw"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "losses.py").write_text(PLUGIN)
    write_recipe(tmp_path, [DESCEND, {"id": "n", "use": "reindex", "in": "d"}], coco())
    return tmp_path


def _run(folder: Path, *observers: events.Observer, **options: Any) -> None:
    planned = stages.prepare(folder / "recipe.yaml", plugin_files=[folder / "losses.py"])
    stages.run(planned, out=folder / "out", observers=observers, **options)


def _odd(folder: Path, how: str) -> None:
    step = {"id": "x", "use": "odd", "in": "d", "with": {"how": how}}
    write_recipe(folder, [DESCEND, step, {"id": "n", "use": "reindex", "in": "x"}])


def _names(told: list[events.Event]) -> list[str]:
    return [type(event).__name__ for event in told if not isinstance(event, events.Progress)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_observer_is_told_everything_in_order(folder: Path, jobs: int) -> None:
    told: list[events.Event] = []
    _run(folder, told.append, jobs=jobs)
    assert _names(told) == [
        "RunStarted",
        *["StepStarted", "StepDone"] * 2,
        "RunEnded",
    ]
    assert told[0] == events.RunStarted("test", folder / "out", ("d", "n"))
    assert [
        (event.done, event.total, dict(event.figures), event.text)
        for event in told
        if isinstance(event, events.Progress)
    ] == [(n, 4, {"loss": (5 - n) / 2, "rate": 0.1}, "round") for n in range(1, 5)]
    assert told[-1] == events.RunEnded("done", ("d", "n"), ())
    again: list[events.Event] = []
    _run(folder, again.append, jobs=jobs)
    assert _names(again) == ["RunStarted", "StepReused", "StepReused", "RunEnded"]
    assert [event.record for event in again if isinstance(event, events.StepReused)] == [
        event.record for event in told if isinstance(event, events.StepDone)
    ]
    assert again[-1] == events.RunEnded("done", (), ("d", "n"))


def test_the_failure_of_a_step_and_the_end_of_its_run_are_told(folder: Path) -> None:
    _odd(folder, "fails")
    told: list[events.Event] = []
    with pytest.raises(StepError):
        _run(folder, told.append)
    assert _names(told) == [
        *("RunStarted", "StepStarted", "StepDone", "StepStarted", "StepFailed", "RunEnded")
    ]
    failed, ended = told[-2:]
    assert isinstance(failed, events.StepFailed)
    assert (failed.step, failed.problem) == ("x", "step 'x' (odd): no luck")
    assert failed.log == folder / "out/error.log"
    assert failed.traceback.splitlines()[-1] == "ValueError: no luck"
    assert isinstance(ended, events.RunEnded)
    assert (ended.outcome, ended.ran) == ("failed", ("d",))
    assert "step 'x' (odd): no luck" in ended.problem


def test_a_figure_that_is_no_number_is_the_steps_fault(folder: Path) -> None:
    _odd(folder, "wrong figure")
    with pytest.raises(StepError, match=r"step 'x' \(odd\): .*'high'"):
        _run(folder)


def test_an_interrupted_run_ends_too(folder: Path) -> None:
    _odd(folder, "interrupted")
    told: list[events.Event] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            _run(folder, told.append)
    finally:
        signal.signal(signal.SIGINT, before)
    assert _names(told)[-2:] == ["StepStarted", "RunEnded"]
    assert told[-1] == events.RunEnded("interrupted", ("d",), ())


@pytest.mark.parametrize("strict", [False, True])
def test_findings_are_told_with_whether_they_stop_the_run(folder: Path, strict: bool) -> None:
    _odd(folder, "found")
    told: list[events.Event] = []
    if strict:
        with pytest.raises(FindingsError):
            _run(folder, told.append, strict=True)
    else:
        _run(folder, told.append)
    (found,) = (event for event in told if isinstance(event, events.Found))
    assert (found.finding.kind.name, found.finding.place, found.stops) == (
        *("many_boxes", "x"),
        strict,
    )
    with pytest.raises(TypeError, match="can't be changed"):
        found.finding.first[0].value.append(8)
    assert ("StepFailed" in _names(told)) is strict


def test_what_is_wrong_with_an_input_ends_a_run_that_has_begun(folder: Path) -> None:
    (folder / "raw.json").write_text("[]")
    told: list[events.Event] = []
    with pytest.raises(coco_recipe.DatasetError):
        _run(folder, told.append)
    assert _names(told) == ["RunStarted", "RunEnded"]
    assert isinstance(told[-1], events.RunEnded)
    assert told[-1].outcome == "failed"
    assert "raw.json" in told[-1].problem


def test_the_example_of_the_documentation_writes_the_figures_of_a_run(folder: Path) -> None:
    text = (REPOSITORY / "docs/observers.md").read_text("utf-8")
    code, *_ = re.findall(r"```python\n(.*?)```", text, re.S)
    (folder / "curves.py").write_text(code)
    plugins = ["--plugin", "losses.py", "--plugin", "curves.py"]
    done = command("run", "recipe.yaml", "--jobs", "2", *plugins, cwd=folder)
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader((folder / "runs/test.csv").open(newline="")))
    assert rows == [
        ["step", "done", "figure", "value"],
        *(
            ["d", str(n), name, str(value)]
            for n in range(1, 5)
            for name, value in (("loss", (5 - n) / 2), ("rate", 0.1))
        ),
    ]
    plain = command("run", "recipe.yaml", "--plugin", "losses.py", "--out", "plain", cwd=folder)
    assert plain.returncode == 0, plain.stderr
    assert tree(folder / "plain") == tree(folder / "runs/test")


def _change_the_notes(event: events.Event) -> None:
    if isinstance(event, events.StepDone):
        event.record.notes["last"].append("mine")


def _change_the_step(event: events.Event) -> None:
    if isinstance(event, events.StepStarted):
        event.step = "mine"  # type: ignore[misc]


def _change_the_figures(event: events.Event) -> None:
    if isinstance(event, events.Progress):
        event.figures["loss"] = 0.0  # type: ignore[index]


def _exit(event: events.Event) -> None:
    raise SystemExit(0)


class Broken:
    """Fails when the run ends."""

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.RunEnded):
            raise OSError(28, "No space left on device")


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("observer", "name", "problem"),
    [
        (_change_the_notes, "_change_the_notes", "TypeError: what a run shows can't be changed"),
        (_change_the_step, "_change_the_step", "FrozenInstanceError"),
        (_change_the_figures, "_change_the_figures", "TypeError: what a run shows can't be"),
        (_exit, "_exit", "SystemExit: 0"),
        (Broken(), "Broken", "OSError: [Errno 28] No space left on device"),
    ],
)
def test_an_observer_that_fails_is_named_once_and_the_run_is_the_same(
    observer: events.Observer, name: str, problem: str, jobs: int, folder: Path
) -> None:
    told: list[events.Event] = []
    _run(folder, observer, told.append, jobs=jobs)
    (failed,) = (event for event in told if isinstance(event, events.ObserverFailed))
    assert failed.observer == f"'{name}'"
    assert problem in failed.problem
    assert failed.traceback.startswith("Traceback")
    before = tree(folder / "out")
    _run(folder, told.append, force=True)
    assert tree(folder / "out") == before
    plain = {event.step: event for event in told if isinstance(event, events.StepDone)}
    assert plain["d"].record.notes == {"last": [0.5]}


def test_a_failing_observer_of_a_plugin_is_a_warning_and_nothing_else(folder: Path) -> None:
    (folder / "bell.py").write_text(
        "from coco_recipe import hookimpl\n"
        "def ring(event):\n    raise LookupError('there is no bell')\n"
        "@hookimpl\ndef coco_recipe_observers():\n    yield ring\n"
    )
    plugins = ["--plugin", "losses.py", "--plugin", "bell.py"]
    for quiet in ([], ["--quiet"]):
        done = command("run", "recipe.yaml", *plugins, *quiet, cwd=folder)
        assert done.returncode == 0, done.stderr
        told = [line for line in done.stderr.splitlines() if "observer" in line]
        assert told == [
            "warning: observer 'ring' of bell.py failed, and is told nothing more: "
            "LookupError: there is no bell [bell.py:3]"
        ]


def test_an_observer_may_be_given_from_python_and_its_failure_is_a_python_warning(
    folder: Path,
) -> None:
    told: list[events.Event] = []
    options: dict[str, Any] = {"plugins": [folder / "losses.py"], "jobs": 1}
    coco_recipe.run(
        folder / "recipe.yaml",
        out=folder / "out",
        observers=[told.append],
        progress=True,
        **options,
    )
    assert _names(told)[-1] == "RunEnded"
    with pytest.warns(UserWarning, match="observer '_exit' failed"):
        coco_recipe.run(folder / "recipe.yaml", out=folder / "out", observers=[_exit], **options)


@pytest.mark.parametrize("shown", [True, False])
def test_nobody_else_being_left_the_log_of_python_has_it(
    shown: bool, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[events.Event] = []
    _run(folder, _exit, *([told.append] if shown else []))
    assert ("observer '_exit' failed" in caplog.text) is not shown


def test_what_a_plugin_gives_must_be_callable(folder: Path) -> None:
    (folder / "losses.py").write_text(
        "from coco_recipe import hookimpl\n"
        "@hookimpl\ndef coco_recipe_observers():\n    yield 'curves.csv'\n"
    )
    with pytest.raises(PluginError, match="which can't be called"):
        _run(folder)
