"""Steps that are worked while rows are checked: the run takes what they gave, or does it anew."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, tree, write_recipe

from coco_recipe.dataset import Dataset
from coco_recipe.planning.plan import Plan
from coco_recipe.running import ahead, execute, opening, stages
from coco_recipe.running.ahead import Ahead
from coco_recipe.testing import dataset

STEPS: list[dict[str, Any]] = [
    {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "ids", "use": "reindex", "in": "few"},
    {"id": "two", "use": "merge", "in": {"datasets": ["ids"]}},
    {"id": "out", "use": "export_coco", "in": {"all": "ids"}, "with": {"images": "none"}},
]


def _planned(folder: Path, steps: list[dict[str, Any]] = STEPS) -> Plan:
    return stages.prepare(write_recipe(folder, steps, coco()))


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps whose functions are called."""
    called: list[str] = []
    work = execute.work

    def counted(step: Any, *more: Any) -> Any:
        called.append(step.id)
        return work(step, *more)

    monkeypatch.setattr(execute, "work", counted)
    monkeypatch.setattr(ahead, "work", counted)
    return called


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows take long to check."""
    monkeypatch.setattr(opening, "_is_checked", lambda reading: True)


def test_a_step_is_worked_once_and_the_bytes_are_the_same(
    tmp_path: Path, worked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recipe(tmp_path, STEPS, coco())
    assert command("run", "recipe.yaml", "--out", "plain", cwd=tmp_path).returncode == 0
    assert worked == ["few", "ids", "two", "out"]
    monkeypatch.setattr(opening, "_is_checked", lambda reading: True)
    assert command("run", "recipe.yaml", "--out", "ahead", cwd=tmp_path).returncode == 0
    assert worked[4:] == ["few", "ids", "two", "out"]
    assert tree(tmp_path / "plain") == tree(tmp_path / "ahead")
    assert (tmp_path / "ahead/steps/ids/ids.json").is_file()


def test_only_steps_in_memory_are_worked_and_only_while_there_is_time(
    tmp_path: Path, worked: list[str]
) -> None:
    planned, inputs = _planned(tmp_path), {("raw", ""): dataset()}
    Ahead().work(planned, inputs, lambda: True)
    assert worked == ["few", "ids", "two"]
    Ahead().work(planned, inputs, lambda: False)
    Ahead().work(planned, inputs, iter([True, False]).__next__)
    assert worked == ["few", "ids", "two", "few"]


def test_what_was_worked_of_other_values_is_not_taken(tmp_path: Path) -> None:
    planned, value = _planned(tmp_path), dataset()
    few, ids, two, _ = planned.steps
    done = Ahead()
    done.work(planned, {("raw", ""): value}, lambda: True)
    assert done.take(few, {"dataset": dataset()}) is None
    of_few = _outputs(planned, value)
    assert done.take(ids, {"dataset": of_few}) is None
    done = Ahead()
    done.work(planned, {("raw", ""): value}, lambda: True)
    given = done.take(few, {"dataset": value})
    assert given
    then = done.take(ids, {"dataset": given.outputs["dataset"]})
    assert then
    assert done.take(two, {"datasets": (then.outputs["dataset"],)})
    assert done.take(few, {"dataset": value}) is None


def _outputs(planned: Plan, value: Dataset) -> Any:
    done = Ahead()
    done.work(planned, {("raw", ""): value}, lambda: True)
    found = done.take(planned.steps[0], {"dataset": value})
    assert found
    return found.outputs["dataset"]


def test_a_step_that_fails_is_left_to_the_run(tmp_path: Path, always: None) -> None:
    wrong = {**STEPS[0], "with": {"drop": [7]}}  # an id is looked up when the step runs
    write_recipe(tmp_path, [wrong, *STEPS[1:]], coco())
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode != 0
    assert done.stderr.count("there is no category 7") == 1


def test_what_was_worked_of_unsound_rows_is_forgotten(
    tmp_path: Path, worked: list[str], always: None
) -> None:
    data = coco()
    data["images"][1]["id"] = 1
    write_recipe(tmp_path, STEPS, data)
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "(repeated_image_ids)" in done.stderr
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").rglob("manifest.json"))
    (tmp_path / "raw.json").write_text(json.dumps(coco()))
    before = len(worked)
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0
    assert worked[before:] == ["few", "ids", "two", "out"]


def test_nothing_of_it_stays_among_temporary_files(
    tmp_path: Path, always: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    write_recipe(tmp_path, STEPS, coco())
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0
    assert list(scratch.iterdir()) == []


def test_without_a_place_for_temporary_files_the_run_does_all_itself(
    tmp_path: Path, worked: list[str], always: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    planned = _planned(tmp_path)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    Ahead().work(planned, {("raw", ""): dataset()}, lambda: True)
    assert worked == []
