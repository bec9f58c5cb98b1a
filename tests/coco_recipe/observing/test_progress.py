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
    figures = {"loss": 0.123456, "lr": 1e-5, "loss_cls": 1.0, "loss_bbox": 2.0}
    with Display(tenths=True) as display:
        display(STARTED)
        for done in (1, 5, 9, 19, 20, 21):
            display(events.Progress("more", done, 100, figures, "epoch 1/3"))
    status = "epoch 1/3  loss 0.1235  lr 1e-05  loss_cls 1"
    assert capsys.readouterr().err == f"more  10 %  {status}\nmore  20 %  {status}\n"
