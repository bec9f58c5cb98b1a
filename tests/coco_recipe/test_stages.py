import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, tree, write_recipe

from coco_recipe import events, files
from coco_recipe.errors import RecipeError, RunError, StepError
from coco_recipe.running import stages

CLEAN = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
NUMBERED = {"id": "numbered", "use": "reindex", "in": "clean"}


def _run(path: Path, folder: Path, **options: Any) -> tuple[stages.RunResult, dict[str, str]]:
    reasons: dict[str, str] = {}

    def note(event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            reasons[event.step] = event.reason

    return stages.run(stages.prepare(path), out=folder, observers=[note], **options), reasons


def test_a_finished_run_is_not_made_again(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN, NUMBERED], coco())
    first, _ = _run(path, tmp_path / "out")
    before = tree(tmp_path / "out")
    second, _ = _run(path, tmp_path / "out")
    assert (first.ran, second.ran, second.reused) == (
        ("clean", "numbered"),
        (),
        ("clean", "numbered"),
    )
    assert tree(tmp_path / "out") == before


def test_a_changed_parameter_runs_its_step_and_what_follows_and_says_why(tmp_path: Path) -> None:
    _run(write_recipe(tmp_path, [CLEAN, NUMBERED], coco()), tmp_path / "out")
    path = write_recipe(tmp_path, [CLEAN, NUMBERED | {"with": {"images": 0}}])
    result, reasons = _run(path, tmp_path / "out")
    assert reasons["numbered"] == "parameter images changed: 1 -> 0"
    assert reasons["clean"] == "its rows live in memory, and a later step needs them"
    assert result.reused == ()


def test_comments_and_a_moved_folder_run_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = write_recipe(tmp_path / "a", [CLEAN, NUMBERED], coco())
    _run(path, tmp_path / "a" / "out")
    path.write_text("# a comment\n" + path.read_text())
    (tmp_path / "a").rename(tmp_path / "b")
    result, _ = _run(tmp_path / "b" / "recipe.yaml", tmp_path / "b" / "out")
    assert result.ran == ()


@pytest.mark.parametrize("damage", ["remove", "change"])
def test_a_damaged_result_is_made_again(damage: str, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN, NUMBERED], coco())
    _run(path, tmp_path / "out")
    before = tree(tmp_path / "out")
    victim = tmp_path / "out/steps/numbered/dataset.json"
    victim.unlink() if damage == "remove" else victim.write_text("{}")
    _, reasons = _run(path, tmp_path / "out")
    assert (
        reasons["numbered"] == f"dataset.json {'is gone' if damage == 'remove' else 'has changed'}"
    )
    assert tree(tmp_path / "out") == before


def test_an_input_is_the_one_whose_hash_the_recipe_has_or_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"weights")
    write_recipe(tmp_path, [CLEAN], coco())
    for name, key in (("raw.json", "annotations"), ("w.pth", "checkpoint")):
        given = {
            "raw": {"annotations": "raw.json"},
            "more": {key: name, "sha256": files.sha256(tmp_path / name)},
        }
        _run(write_recipe(tmp_path, [CLEAN], inputs=given), tmp_path / "out")
        given["more"]["sha256"] = given["more"]["sha256"][:8]
        path = write_recipe(tmp_path, [CLEAN], inputs=given)
        _run(path, tmp_path / "out")
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b" ")
        with pytest.raises(
            RecipeError,
            match=rf"recipe.yaml:1:\d+: inputs.more.sha256: the SHA-256 of .*{name} is \w{{8}}, not",
        ):
            _run(path, tmp_path / "out")


def test_what_was_dropped_is_counted_and_named(tmp_path: Path) -> None:
    _run(write_recipe(tmp_path, [CLEAN], coco()), tmp_path / "out")
    lines = [
        json.loads(line) for line in (tmp_path / "out/provenance.jsonl").read_text().splitlines()
    ]
    assert {"kind": "annotation", "reason": "category 'dog' is dropped", "count": 1} in lines[1][
        "dropped"
    ]
    assert lines[1]["counts"]["in"]["dataset"] == {
        "images": 3,
        "annotations": 2,
        "categories": {"cat": 1, "dog": 1},
    }
    ledger = [
        json.loads(line)
        for line in (tmp_path / "out/steps/clean/dropped.jsonl").read_text().splitlines()
    ]
    assert {
        "kind": "annotation",
        "id": 2,
        "image_id": 2,
        "category_id": 2,
        "reason": "category 'dog' is dropped",
    } in ledger


LEAKY = '''
from coco_recipe import Dataset, Port, Step, hookimpl

def leak(ctx, *, dataset):
    """Lose a row without a word."""
    return {"dataset": dataset.replace(annotations=dataset.annotations[1:])}

@hookimpl
def coco_recipe_steps():
    yield Step(name="leak", run=leak, inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset})
'''


def test_a_step_whose_books_do_not_close_fails(tmp_path: Path) -> None:
    (tmp_path / "leak.py").write_text(LEAKY)
    path = write_recipe(tmp_path, [{"id": "x", "use": "leak", "in": "raw"}], coco())
    planned = stages.prepare(path, plugin_files=[tmp_path / "leak.py"])
    with pytest.raises(
        StepError, match=r"step 'x' \(leak\): the books don't close: 2 annotations in \+ 0 made"
    ):
        stages.run(planned, out=tmp_path / "out")
    assert "failed" in (tmp_path / "out/provenance.jsonl").read_text()
    assert not (tmp_path / "out/steps/x").exists()


def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN], coco())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x")
    with pytest.raises(RunError, match="is not empty and was not made by coco-recipe"):
        stages.run(stages.prepare(path), out=tmp_path / "mine")
    with pytest.raises(RunError, match="lie in one another"):
        stages.run(
            stages.prepare(
                write_recipe(
                    tmp_path, [CLEAN], inputs={"raw": {"annotations": "raw.json", "images": "mine"}}
                )
            ),
            out=tmp_path / "mine/out",
        )


def test_exit_codes_and_streams(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN], coco())
    done = command("run", path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "runs/test\n")
    assert "nothing to do" in command("run", path, cwd=tmp_path).stderr
    bad = write_recipe(tmp_path, [CLEAN | {"with": {"drop": ["cow"]}}])
    assert command("run", bad, cwd=tmp_path).returncode == 2
    assert "there is no category 'cow'" in command("run", bad, cwd=tmp_path).stderr
    by_id = write_recipe(
        tmp_path, [CLEAN | {"with": {"drop": [7]}}]
    )  # ids are looked up only when the step runs
    assert command("run", by_id, cwd=tmp_path).returncode == 1
    path = write_recipe(tmp_path, [CLEAN])
    (tmp_path / "raw.json").write_text("[]")
    assert command("run", path, cwd=tmp_path).returncode == 1
    assert command("run", tmp_path / "none.yaml", cwd=tmp_path).returncode == 2
    assert command("nonsense", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("words", [["steps"], ["schema"], ["--help"]])
def test_a_reader_that_has_gone_is_no_fault_of_ours(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "coco_recipe.cli", *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_log_that_is_not_of_this_recipe_is_written_although_nothing_is_to_do(
    tmp_path: Path,
) -> None:
    path, log = (
        write_recipe(tmp_path, [CLEAN, NUMBERED | {"in": "raw"}], coco()),
        tmp_path / "runs/test/provenance.jsonl",
    )
    command("run", path, cwd=tmp_path)
    whole = log.read_bytes()
    assert "nothing to do" in command("run", path, cwd=tmp_path).stderr
    assert log.read_bytes() == whole
    for left in (
        b"",
        b"{",
        whole.partition(b"\n")[0],
        whole[:-9],
        whole.replace(b"numbered", b"noticed"),
    ):
        log.write_bytes(left)  # as if killed between the last step and its line
        assert "nothing to do" in command("run", path, cwd=tmp_path).stderr
        assert log.read_bytes().splitlines()[1:] == whole.splitlines()[1:]
    path.write_text(path.read_text() + "  # a comment")
    moved = path.rename(tmp_path / "moved.yaml")
    assert "nothing to do" in command("run", moved, cwd=tmp_path).stderr
    assert json.loads(log.read_bytes().splitlines()[0])["clock"]["recipe"] == str(moved)
    assert (tmp_path / "runs/test/recipe.yaml").read_text().endswith("comment")
    command("run", write_recipe(tmp_path, [CLEAN]).rename(moved), cwd=tmp_path)
    assert log.read_bytes().splitlines()[1:] == whole.splitlines()[1:2]
    assert "numbered" not in (tmp_path / "runs/test/recipe.resolved.yaml").read_text()


def test_plan_counts_what_each_step_leaves_without_writing(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN, NUMBERED], coco())
    rows = json.loads(command("plan", path, "--format", "json", cwd=tmp_path).stdout)
    assert [(row["step"], row["runs"], row["why"]) for row in rows] == [
        ("clean", True, "not done yet"),
        ("numbered", True, "not done yet"),
    ]
    assert rows[1]["out"]["dataset"] == {"images": 3, "annotations": 1, "categories": {"cat": 1}}
    assert not (tmp_path / "runs").exists()
