import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from builders import coco, tree, write_recipe
from projects import project_in, run_project

from coco_recipe import events, manifest
from coco_recipe.errors import RunError, StepError
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
        "input": "raw",
        "file_name": "2.jpg",
        "category": "dog",
    } in ledger


LEAKY = '''
from coco_recipe import (
    Dataset,
    Port,
    Step,
    hookimpl,
)

def leak(ctx, *, dataset):
    """Lose a row without a word."""
    return {"dataset": dataset.replace(annotations=dataset.annotations[1:])}

@hookimpl
def coco_recipe_steps():
    yield Step(name="leak", run=leak, inputs={"dataset": Port(Dataset)},
               outputs={"dataset": Dataset})
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


def test_a_stray_file_of_a_committed_step_is_told_and_not_published(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    (folder / "runs/test/steps/d/all").mkdir()
    (folder / "runs/test/steps/d/all/9.jpg").write_bytes(b"stray")
    told: list[Any] = []
    run_project(folder, observers=[told.append])
    notes = [str(event.text) for event in told if isinstance(event, events.Noted)]
    assert any("isn't of step 'd'" in note and "kept/d/all/9.jpg" in note for note in notes)
    assert (folder / "runs/test/kept/d/all/9.jpg").read_bytes() == b"stray"
    assert not (folder / "runs/test/dataset/all/9.jpg").exists()


@pytest.mark.slow
def test_a_damaged_log_is_written_anew_and_that_of_another_recipe_is_not(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    log = folder / "runs/test/provenance.jsonl"
    before = manifest.read_log(log.parent)
    for text in (bytes(500), log.read_bytes()[:-9], log.read_bytes().replace(b"recipe", b"recipf")):
        log.write_bytes(text)
        run_project(folder)
        after = manifest.read_log(log.parent)
        assert before
        assert after
        assert before[1] == after[1]
    log.write_bytes(bytes(500))
    (folder / "runs/test/recipe.yaml").write_text("name: of somebody else")
    (folder / "runs/test/recipe.resolved.yaml").unlink()
    with pytest.raises(RunError, match=r"not known whose run directory this is.*--out"):
        run_project(folder)


HEAVY = '''
from coco_recipe import Checkpoint, Port, Step, hookimpl


def look(ctx, *, {port}):
    """See whether the module is there."""
    return {{}}


@hookimpl
def coco_recipe_steps():
    yield Step(
        name="look",
        run=look,
        inputs={{"{port}": Port({kind})}},
        outputs={{}},
        imports=("heavy_module_of_a_step", "that_is_not_there"),
    )
'''


@pytest.mark.parametrize("rows", [False, True])
def test_modules_of_steps_are_imported_while_files_are_hashed_unless_copies_check_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: bool
) -> None:
    port, kind = ("dataset", "Dataset") if rows else ("checkpoint", "Checkpoint")
    plugin = HEAVY.format(port=port, kind=kind).replace("Checkpoint, Port", f"{kind}, Port")
    (tmp_path / "heavy.py").write_text(plugin)
    (tmp_path / "heavy_module_of_a_step.py").write_text("")
    (tmp_path / "w.pth").write_bytes(b"weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    given: dict[str, Any] = {} if rows else {"inputs": {"raw": {"checkpoint": "w.pth"}}}
    path = write_recipe(tmp_path, [{"id": "a", "use": "look", "in": "raw"}], coco(), **given)
    planned = stages.prepare(path, plugin_files=[tmp_path / "heavy.py"])
    assert stages.run(planned, out=tmp_path / "out").ran == ("a",)
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join(10)
    assert (sys.modules.pop("heavy_module_of_a_step", None) is None) == rows
