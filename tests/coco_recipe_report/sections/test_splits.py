"""Parts have their table and pictures; pairs that a step wrote are shown."""

import json
from dataclasses import replace
from pathlib import Path

from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.sections import splits
from coco_recipe_report.seen.collected import Collected

from coco_recipe import RunFacts


def test_tables_and_pictures(facts: RunFacts, seen: Collected, camera: Camera) -> None:
    found = splits.gather(facts, seen, camera)
    assert [step for step, _ in found.tables] == ["parts"]
    assert [name for name, _ in found.galleries] == ["raw", "train", "val"]
    assert all(one.data for _, pictures in found.galleries for one in pictures)
    assert {name for name, _ in found.keys} >= {"瓶盖", "cow"}


def test_pairs(run: Path, facts: RunFacts, seen: Collected, camera: Camera, tmp_path: Path) -> None:
    folder = tmp_path / "steps" / "parts"
    folder.mkdir(parents=True)
    picture = sorted((run.parents[1] / "images").glob("*.png"))[0]
    line = {"a": str(picture), "b": str(picture), "distance": 0}
    (folder / "pairs.jsonl").write_text(json.dumps(line) + "\n")
    found = splits.gather(replace(facts, folder=tmp_path), seen, camera)
    ((step, (pair,)),) = found.pairs
    assert step == "parts"
    assert "distance 0" in pair.told
    assert [bool(one.data) for one in pair.pictures] == [True, True]
