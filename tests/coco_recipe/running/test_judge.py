from typing import Any

import pytest

from coco_recipe import FindingsError, events
from coco_recipe.findings import Choice, Finding, Kind
from coco_recipe.observing.observers import Named, Observers
from coco_recipe.running.judge import Judge


@pytest.mark.parametrize(
    ("choices", "strict", "stopping", "shown"),
    [
        ({}, False, ["bad"], ["odd", "bad"]),
        ({}, True, ["odd", "bad"], ["odd", "bad"]),
        ({"bad": "warning"}, False, [], ["odd", "bad"]),
        ({"bad": "ignore"}, True, ["odd"], ["odd"]),
        ({"odd": "error", "bad": "ignore"}, False, ["odd"], ["odd"]),
    ],
)
def test_findings_stop_a_run_as_the_recipe_says(
    choices: dict[str, Choice], strict: bool, stopping: list[str], shown: list[str]
) -> None:
    told: list[Any] = []
    judge = Judge(choices, strict, Observers([Named.of(told.append)]))
    found = [
        Finding.of(Kind("odd", "warning", "rows are odd", ""), "raw", [], count=1),
        Finding.of(Kind("bad", "error", "rows are bad", ""), "raw", [], count=1),
    ]
    stopped: list[str] = []
    try:
        judge(found)
    except FindingsError as error:
        stopped = [finding.kind.name for finding in error.findings]  # type: ignore[attr-defined]
    assert stopped == stopping
    assert all(isinstance(event, events.Found) for event in told)
    assert [event.finding.kind.name for event in told] == shown
    assert [event.finding.kind.name for event in told if event.stops] == stopping
