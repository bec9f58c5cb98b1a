"""A plan as an experiment: its parts, what stands against what, and the rows behind them."""

from pathlib import Path
from typing import Any

import linted

from coco_recipe.running import experiment, stages
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.running.session import Session

SPLIT = {
    "id": "parts",
    "use": "split",
    "in": "raw",
    "with": {"fractions": {"train": 0.5, "val": 0.25, "test": 0.25}, "method": "shuffle"},
}


def _planned(folder: Path, steps: list[dict[str, Any]]) -> experiment.Planned:
    rows = {"raw": linted.data([f"{n}.jpg" for n in range(8)])}
    path = linted.recipe(folder, steps, rows)
    planned = stages.prepare(path, (), [linted.learning(folder)])
    session = Session.open(planned, with_pixels=False)
    return experiment.Planned(
        planned, session.inputs.facts, Rehearsal.ahead(planned, session.values)
    )


def _names(found: experiment.Planned) -> set[tuple[str, str]]:
    return {(one.name, other.name) for one, other in found.opposed()}


def test_what_is_learnt_stands_against_what_is_measured_on(tmp_path: Path) -> None:
    learn = {"id": "model", "use": "learn", "in": {"val": "parts.val", "train": "parts.train"}}
    found = _planned(tmp_path, [SPLIT, learn])
    assert _names(found) == {("parts.train", "parts.val")}
    assert {part.role for part in found.parts()} == {"train", "val"}
    assert [step.id for step in found.above("model")] == ["parts"]


def test_parts_that_are_written_stand_against_one_another(tmp_path: Path) -> None:
    out = linted.exported(val="parts.val", train="parts.train", test="parts.test")
    assert _names(_planned(tmp_path, [SPLIT, out])) == {
        ("parts.train", "parts.val"),
        ("parts.train", "parts.test"),
        ("parts.val", "parts.test"),
    }


def test_parts_that_nothing_reads_are_those_that_are_divided_off(tmp_path: Path) -> None:
    found = _planned(tmp_path, [SPLIT])
    assert ("parts.train", "parts.val") in _names(found)
    assert len(_names(found)) == 3


def test_rows_behind_what_is_written_are_those_that_it_starts_from(tmp_path: Path) -> None:
    tiles = {"id": "tiles", "use": "tile", "in": "parts.train"}
    tiles["with"] = {"slice_width": 32, "slice_height": 32}
    half = {"id": "half", "use": "halve", "in": "tiles"}
    found = _planned(tmp_path, [SPLIT, tiles, half, linted.exported(train="tiles", val="raw")])
    assert found.rows(("tiles", "dataset")) is None
    (behind,) = found.rows_behind(("tiles", "dataset")) or ()
    assert len(behind.images) == 4
    assert found.rows_behind(("half", "train")) is None  # it may have any of them
    assert found.rows_behind(("raw", "")) == [found.rows(("raw", ""))]


def test_rules_that_look_at_the_recipe_are_told_by_a_run(tmp_path: Path) -> None:
    learn = {"id": "model", "use": "learn", "in": {"train": "raw"}}
    session = Session.open(_planned(tmp_path, [SPLIT, learn]).plan, with_pixels=False)
    assert [one.kind.name for one in session.inputs.findings] == ["unread_steps"]


def test_severities_are_the_recipe_s_and_ignored_rules_are_not_asked(tmp_path: Path) -> None:
    rows = {"raw": linted.data(["0.jpg", "1.jpg"])}
    steps = [{"id": "model", "use": "learn", "in": {"train": "raw", "val": "raw"}}]
    name = "families_across_parts"
    for choice, severities in (("error", ["error"]), ("ignore", [])):
        path = linted.recipe(tmp_path, steps, rows, findings={name: choice})
        found = linted.found(path, name, plugin_files=[linted.learning(tmp_path)])
        assert [one.severity for one in found] == severities
