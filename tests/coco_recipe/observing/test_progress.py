from pathlib import Path

import pytest

from coco_recipe import events
from coco_recipe.findings import Finding, Kind
from coco_recipe.manifest import StepRecord
from coco_recipe.observing.progress import Display

STARTED = events.RunStarted("caps", Path("runs/caps"), ("parts", "more"))
FINDING = Finding.of(Kind("odd", "warning", "rows are odd", "look"), "raw", [], count=2)
SHOWN: list[tuple[events.Event, str]] = [
    (events.StepStarted("more", "not done yet"), "[2/2] more  runs: not done yet\n"),
    (
        events.StepReused("parts", StepRecord(step="parts", use="split")),
        "[1/2] parts  unchanged, reused\n",
    ),
    (events.Noted("x is put back"), "note: x is put back\n"),
    (events.Found(FINDING), "warning: raw: 2 rows are odd (odd)\n    hint: look\n"),
    (events.Found(FINDING, stops=True), ""),  # the error tells it
    (events.StepFailed("more", "no luck"), ""),  # so does this one
    (events.RunEnded("done"), ""),
]


@pytest.mark.parametrize(("event", "line"), SHOWN)
def test_an_event_is_shown_in_a_line_or_not_at_all(
    event: events.Event, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for quiet in (False, True):
        with Display(quiet=quiet) as display:
            display(STARTED)
            display(event)
        assert capsys.readouterr().err == ("" if quiet else line)


def test_what_is_wrong_with_an_observer_is_shown_even_in_quiet(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Display(quiet=True) as display:
        display(events.ObserverFailed("'bell'", "no bell", ""))
    assert capsys.readouterr().err == (
        "warning: observer 'bell' failed, and is told nothing more: no bell\n"
    )


def test_tenths_are_shown_once_with_the_first_figures(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"loss": 0.123456, "lr": 1e-5, "a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    with Display(tenths=True) as display:
        display(STARTED)
        for done in (1, 5, 9, 19, 20, 21):
            display(events.Progress("more", done, 100, figures, "epoch 1/3"))
    status = "epoch 1/3  loss 0.1235  lr 1e-05  a 1  b 2  c 3"
    assert capsys.readouterr().err == f"more  10 %  {status}\nmore  20 %  {status}\n"


def test_a_line_of_a_step_that_takes_long_says_when_it_will_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Display(tenths=True) as display:
        display(STARTED)
        display(events.StepStarted("parts", "not done yet"))
        for done in (400, 410, 500):  # the first 400 were done by an interrupted run
            display(events.Progress("parts", done, 1000))
            now[0] += 60 if done == 400 else 3000
    assert capsys.readouterr().err.splitlines()[1:] == [
        "parts  40 %",
        "parts  50 %  ETA 4:15:00",  # 100 in 3060 s, and 500 are left
    ]


def test_each_step_counts_its_own_tenths_and_a_quick_one_shows_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Display(tenths=True, quick_seconds=2) as display:
        display(STARTED)
        for step, seconds in (("parts", 0.1), ("more", 1.5)):
            display(events.StepStarted(step, "not done yet"))
            for done in range(11):
                display(events.Progress(step, done, 10))
                now[0] += seconds
    lines = [line for line in capsys.readouterr().err.splitlines() if "%" in line]
    assert [line.split()[:2] for line in lines] == [["more", str(10 * n)] for n in range(2, 11)]


def test_what_a_step_says_before_it_knows_how_much_there_is_stands_in_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Display(tenths=True) as display:
        display(STARTED)
        display(events.Progress("more", 0, 0, text="the log is runs/caps/train.log"))
        display(events.Progress("more", 7, 0))
    assert capsys.readouterr().err == "more  the log is runs/caps/train.log\n"
