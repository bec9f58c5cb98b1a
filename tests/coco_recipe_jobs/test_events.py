"""Events are lines that are read as they were written."""

import msgspec
import pytest
from coco_recipe_jobs import events

from coco_recipe import StepProblem

ALL = [
    events.Progress(3, 9, "epoch 1/3", {"loss": 0.25, "lr": 1e-05}),
    events.Note("帽", events.raw({"a": [1, None]})),
    events.Said("two\nlines"),
    events.Failed("set.x[2]: is odd", (StepProblem(("set", "x", 2), "is odd", "x: 4", "in"),)),
    events.Done(events.raw(None)),
]


@pytest.mark.parametrize("event", ALL, ids=lambda event: type(event).__name__)
def test_an_event_is_one_line(event: events.Event) -> None:
    line = events.written(event)
    assert line.count(b"\n") == 1
    found = events.read(line)
    assert type(found) is type(event)
    assert events.written(found) == line


def test_another_line_is_no_event() -> None:
    with pytest.raises(msgspec.ValidationError, match="Invalid value 'sang'"):
        events.read(b'{"event": "sang"}')
