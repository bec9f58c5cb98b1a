"""The examples of guests are installed in a new environment, run, and keep their promises."""

import csv
import json
import shutil
import sys
from pathlib import Path

import pytest
from builders import REPOSITORY
from environments import new_environment, printed

from coco_recipe.testing import broken_promises, coco, dataset

EXAMPLES = REPOSITORY / "examples"
GUESTS = ("step", "observer", "backend", "trainer")


@pytest.mark.slow
def test_the_guests_are_installed_and_run_together(tmp_path: Path) -> None:
    pytest.importorskip("albumentations")
    for guest in GUESTS:
        shutil.copytree(EXAMPLES / guest, tmp_path / guest)
    program = new_environment(tmp_path / "new", [tmp_path / guest for guest in GUESTS])
    shutil.copy(EXAMPLES / "recipe.yaml", tmp_path)
    printed(program, "demo", "demo", "--images", "12", cwd=tmp_path)
    assert printed(program, "run", "recipe.yaml", cwd=tmp_path) == "runs/guests\n"
    run = tmp_path / "runs/guests"
    published = json.loads((run / "dataset/annotations/instances_all.json").read_text())
    assert len(published["images"]) == 12
    assert (run / "steps/few/dropped.jsonl").is_file()
    learnt = json.loads((run / "steps/learnt/typical_boxes.json").read_text())
    assert all(len(box) == 4 for box in learnt.values())
    rows = list(csv.reader((tmp_path / "runs/guests.csv").open(encoding="utf-8")))
    assert rows == [
        ["step", "done", "figure", "value"],
        ["learnt", "1", "loss", "0.5"],
        ["learnt", "2", "loss", "0.0"],
    ]


@pytest.mark.parametrize("guest", GUESTS)
def test_an_example_is_short_and_explains_itself(guest: str) -> None:
    (module,) = (EXAMPLES / guest).glob("*.py")
    text = module.read_text()
    assert len(text.splitlines()) < 60
    assert text.startswith('"""')


@pytest.mark.parametrize(
    ("guest", "module", "given"),
    [("step", "keep_largest", {"most": 1}), ("trainer", "typical_boxes", {"epochs": 2})],
)
def test_a_step_keeps_its_promises(
    guest: str, module: str, given: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(EXAMPLES / guest)
    data = coco(images=2, boxes=[(1, 1), (1, 2), (2, 1)])
    step = __import__(module).STEP
    try:
        assert broken_promises(step, tmp_path / "bench", dataset=dataset(data), **given) == ()
    finally:
        del sys.modules[module]
