"""A plan says what each step would do in its run directory, and what is known of it now."""

from pathlib import Path

import pytest
from builders import coco, write_recipe

from coco_recipe.api import run
from coco_recipe.asking import planned_rows
from coco_recipe.running import stages
from coco_recipe.running.session import Session

STEPS = [
    {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "more", "use": "reindex", "in": "clean"},
]


def test_before_and_after_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_recipe(tmp_path, STEPS, coco(3, [(1, 1), (2, 2)]))
    found = planned_rows.planned(Session.open(stages.prepare(path)))
    assert [row.name for row in found.inputs] == ["raw"]
    assert [(row.name, row.runs, row.why) for row in found.steps] == [
        ("clean", True, "not done yet"),
        ("more", True, "not done yet"),
    ]
    counts = found.recorded("clean")["out"]["dataset"]
    assert (counts.images, counts.annotations) == (3, 1)
    assert found.recorded("more")["why"] == "not done yet"
    run(path, jobs=0, report=False)
    again = planned_rows.planned(Session.open(stages.prepare(path)))
    assert [(row.runs, row.why) for row in again.steps] == [(False, planned_rows.UNCHANGED)] * 2
    assert again.recorded("more")["accepted"] == {}


def test_versions_with_which_a_result_is_kept_are_told() -> None:
    assert planned_rows.unchanged({}) == "unchanged"
    told = planned_rows.unchanged({"numpy": ("1.0", "2.0")})
    assert told == "unchanged, kept by --accept-versions (numpy 1.0 -> 2.0)"
