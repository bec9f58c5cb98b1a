"""Classes that a part lacks, and rows that trainers skip; with recipes that don't trigger."""

from pathlib import Path

import linted

CLASSES, SKIPPED = "classes_missing_from_parts", "rows_that_trainers_skip"
NAMES = [f"{n}.jpg" for n in range(8)]


def _recipe(folder: Path, classes: list[str], **split: object) -> Path:
    steps = [
        {"id": "parts", "use": "split", "in": "raw", "with": split},
        linted.exported(train="parts.train", val="parts.val"),
    ]
    return linted.recipe(folder, steps, {"raw": linted.data(NAMES, classes)})


def test_classes_that_a_part_lacks(tmp_path: Path) -> None:
    path = _recipe(tmp_path, ["rare", "cap", "odd", "cap", "odd"], every=2)
    by_place = {finding.place: finding for finding in linted.found(path, CLASSES)}
    assert {row.name for row in by_place["parts.train"].first} == {"class 'rare'", "class 'odd'"}
    assert "parts.val" not in by_place
    path = _recipe(tmp_path, ["cap", "rare", "cap", "rare"], every=2)
    (finding,) = linted.found(path, CLASSES)
    assert finding.place == "parts.val"
    stratified = {"fractions": {"train": 0.5, "val": 0.5}, "method": "stratified"}
    assert not linted.found(_recipe(tmp_path, ["rare", "cap", "rare"], **stratified), CLASSES)


def test_rows_that_the_trainer_skips(tmp_path: Path) -> None:
    plugin = linted.learning(tmp_path)
    rows = linted.data(NAMES)
    rows["annotations"][0]["bbox"] = [3, 3, 0.5, 9]
    rows["images"][1]["height"] = 20
    learn = {"id": "model", "use": "learn", "in": {"train": "raw"}}
    path = linted.recipe(tmp_path, [learn], {"raw": rows})
    (finding,) = linted.found(path, SKIPPED, plugin_files=[plugin])
    assert [row.name for row in finding.first] == ["image 2 ('1.jpg')", "annotation 1"]
    path = linted.recipe(tmp_path, [learn], {"raw": linted.data(NAMES)})
    assert not linted.found(path, SKIPPED, plugin_files=[plugin])
