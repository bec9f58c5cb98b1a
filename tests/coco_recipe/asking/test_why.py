"""why says what it doesn't know: rows, steps and runs that aren't there, inputs that changed."""

import json
from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe.asking.why import why
from coco_recipe.errors import RunError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    data = coco(boxes=[(1, 1), (2, 2), (3, 1)])
    data["annotations"][0]["area"] = 5
    steps = [
        {"id": "mended", "use": "repair", "in": "raw", "with": {"area": "recompute"}},
        {"id": "parts", "use": "split", "in": "mended", "with": {"every": 3}},
    ]
    write_recipe(tmp_path, steps, data)
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0
    return tmp_path / "runs" / "test"


def test_without_a_step_that_publishes_the_inputs_are_asked(run: Path) -> None:
    (track,) = why(run, annotation=1).tracks
    assert [event.what for event in track.events[1:]] == ["area: 5 -> 100", "into part val"]
    assert [event.port for event in track.events] == ["", "dataset", "val"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"annotation": 99}, "there is no annotation 99 in what was published"),
        ({"image": "9.jpg"}, "there is no image '9.jpg'"),
        ({"annotation": 1, "at": "part"}, "did you mean 'parts'"),
        ({"annotation": 99, "at": "parts"}, "there is no annotation 99 at 'parts'"),
    ],
)
def test_what_isnt_there_is_told(run: Path, asked: dict[str, object], told: str) -> None:
    with pytest.raises(RunError, match=told):
        why(run, **asked)  # type: ignore[arg-type]


def test_a_run_whose_recipe_moved_is_asked_with_its_new_place(run: Path, tmp_path: Path) -> None:
    moved = tmp_path / "搬"
    moved.mkdir()
    for name in ("recipe.yaml", "raw.json"):
        (tmp_path / name).rename(moved / name)
    words = ("why", run, "--annotation", "1")
    told = command(*words, cwd=tmp_path)
    assert (told.returncode, "say where it is now: --recipe FILE" in told.stderr) == (2, True)
    assert command(*words, "--recipe", moved / "recipe.yaml", cwd=tmp_path).returncode == 0


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not the directory of a finished run"):
        why(tmp_path, annotation=1)


def test_an_input_that_has_changed_since_is_told(run: Path) -> None:
    raw = run.parents[1] / "raw.json"
    assert not why(run, annotation=1).notes
    raw.write_text(raw.read_text("utf-8").replace("2026", "2027"), "utf-8")
    assert "the input 'raw' has changed since the run" in why(run, annotation=1).notes[0]


def test_rows_are_followed_to_a_step_that_isnt_done(run: Path) -> None:
    (run / "steps" / "parts" / "manifest.json").unlink()
    answer = why(run, annotation=1)
    assert [event.step for event in answer.tracks[0].events] == ["raw", "mended"]
    assert "rows aren't followed into steps that aren't done: 'parts'" in answer.notes[0]
    with pytest.raises(RunError, match="step 'parts' isn't done"):
        why(run, annotation=1, at="parts")
    (run / "steps" / "mended" / "manifest.json").unlink()
    with pytest.raises(RunError, match="no step is done"):
        why(run, annotation=1)


def test_a_run_that_failed_is_asked_for_what_it_did_not_for_what_another_left(run: Path) -> None:
    folder = run.parents[1]
    data = coco(boxes=[(1, 1), (2, 2), (3, 1)])
    data["annotations"][0]["area"] = 5
    steps = [
        {"id": "mended", "use": "repair", "in": "raw", "with": {"area": "recompute"}},
        {"id": "few", "use": "filter_categories", "in": "mended", "with": {"drop": [7]}},
        {"id": "parts", "use": "split", "in": "few", "with": {"every": 3}},
    ]
    write_recipe(folder, steps, data)
    assert command("run", "recipe.yaml", cwd=folder).returncode == 1
    answer = why(run, annotation=1)
    assert [event.step for event in answer.tracks[0].events] == ["raw", "mended"]
    assert "'few', 'parts'" in answer.notes[0]


def test_rows_of_a_wrong_type_that_a_step_mended_are_followed(tmp_path: Path) -> None:
    data = coco()
    data["annotations"][0]["id"] = "1"
    steps = [{"id": "mended", "use": "repair", "in": "raw", "with": {"ids": "to_int"}}]
    write_recipe(tmp_path, steps, data)
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0
    (track,) = why(tmp_path / "runs" / "test", annotation=1).tracks
    assert track.events[0].what.startswith("annotation 1 on 1.jpg, cat, box ")


def test_the_command_prints_a_line_for_each_step(run: Path) -> None:
    done = command("why", run, "--annotation", "1", cwd=run)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["raw", "mended", "parts"]
    told = json.loads(command("why", run, "--annotation", "1", "--format", "json", cwd=run).stdout)
    assert told[0]["events"][1]["what"] == "area: 5 -> 100"
    assert command("why", run, cwd=run).returncode == 2
