import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, tree, write_recipe

from coco_recipe import events
from coco_recipe.errors import StepError
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
