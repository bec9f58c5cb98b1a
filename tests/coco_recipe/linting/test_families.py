"""Images and copies of them on two sides; for each rule recipes that trigger, and others."""

from pathlib import Path
from typing import Any

import linted
import pytest

ACROSS, BEFORE, AUGMENTED = (
    "families_across_parts",
    "augmented_before_split",
    "validation_augmented",
)
FLIP = {"pipeline": [{"HorizontalFlip": {}}]}


def _two(folder: Path, train: list[str], val: list[str]) -> Path:
    inputs = {"a": linted.data(train), "b": linted.data(val)}
    return linted.recipe(folder, [linted.exported(train="a", val="b")], inputs)


def _split(folder: Path, names: list[str], **more: Any) -> Path:
    split = {"id": "parts", "use": "split", "in": "raw", "with": {"every": 2, **more}}
    steps = [split, linted.exported(train="parts.train", val="parts.val")]
    return linted.recipe(folder, steps, {"raw": linted.data(names)})


def test_what_is_learnt_from_and_measured_on_is_found(tmp_path: Path) -> None:
    plugin = linted.learning(tmp_path)
    learn = {"id": "model", "use": "learn", "in": {"train": "raw", "val": "raw"}}
    rows = linted.data(["0.jpg", "1.jpg", "2.jpg", "3.jpg"])
    path = linted.recipe(tmp_path, [learn], {"raw": rows})
    (finding,) = linted.found(path, ACROSS, plugin_files=[plugin])
    assert finding.count == 4
    split = {"id": "parts", "use": "split", "in": "raw", "with": {"every": 2}}
    learn["in"] = {"train": "parts.train", "val": "parts.val"}
    path = linted.recipe(tmp_path, [split, learn], {"raw": rows})
    assert not linted.found(path, ACROSS, plugin_files=[plugin])


def test_folds_that_learn_from_one_another_are_right(tmp_path: Path) -> None:
    plugin = linted.learning(tmp_path)
    split = {"id": "parts", "use": "split", "in": "raw", "with": {"folds": 2}}
    learn = [
        {"id": f"model_{n}", "use": "learn", "in": {"train": f"parts.{a}", "val": f"parts.{b}"}}
        for n, (a, b) in enumerate([("fold_1", "fold_2"), ("fold_2", "fold_1")])
    ]
    rows = linted.data([f"{n}.jpg" for n in range(8)])
    path = linted.recipe(tmp_path, [split, *learn], {"raw": rows})
    assert not linted.found(path, ACROSS, plugin_files=[plugin])


def test_copies_of_one_original_by_what_files_record(tmp_path: Path) -> None:
    mark = {"coco_recipe": {"root": "raw/x.jpg", "source": "raw/x.jpg", "step": "more", "copy": 1}}
    inputs = {"a": linted.data(["1.jpg"], **mark), "b": linted.data(["2.jpg"], **mark)}
    path = linted.recipe(tmp_path, [linted.exported(train="a", val="b")], inputs)
    (finding,) = linted.found(path, ACROSS)
    assert "raw/x.jpg" in str(finding)


def test_copies_by_name_on_two_sides(tmp_path: Path) -> None:
    (finding,) = linted.found(_split(tmp_path, ["a.jpg", "a_flip.jpg", "b.jpg", "c.jpg"]), BEFORE)
    assert "of one original with 'a_flip.jpg'" in str(finding)
    roboflow = [f"a_jpg.rf.{digit * 32}.jpg" for digit in "12"]
    (finding,) = linted.found(_two(tmp_path, roboflow[:1], roboflow[1:]), BEFORE)
    assert finding.count == 1
    grouped = {"group_by": {"pattern": "^(.)"}}
    names = ["a.jpg", "b.jpg", "a_flip.jpg", "c.jpg"]
    assert not linted.found(_split(tmp_path, names, **grouped), BEFORE)
    assert not linted.found(_two(tmp_path, ["a.jpg", "a_flip.jpg"], ["b.jpg"]), BEFORE)


def test_a_division_without_regard_to_families_below_augment(tmp_path: Path) -> None:
    pytest.importorskip("albumentations")
    plugin = linted.learning(tmp_path)
    more = {"id": "more", "use": "augment", "in": "raw", "with": FLIP}
    out = linted.exported(train="parts.train", val="parts.val")
    rows = {"raw": linted.data(["a.jpg", "b.jpg"])}
    halve = {"id": "parts", "use": "halve", "in": "more"}
    path = linted.recipe(tmp_path, [more, halve, out], rows)
    (finding,) = linted.found(path, BEFORE, plugin_files=[plugin])
    assert "divides what 'more' made" in str(finding)
    halve |= {"use": "split", "with": {"every": 2}}
    path = linted.recipe(tmp_path, [more, halve, out], rows)
    assert not linted.found(path, BEFORE, plugin_files=[plugin])


def test_validation_data_that_is_augmented(tmp_path: Path) -> None:
    (finding,) = linted.found(_two(tmp_path, ["1.jpg"], ["aug_7.jpg", "8.jpg"]), AUGMENTED)
    assert finding.count == 1
    assert not linted.found(_two(tmp_path, ["aug_7.jpg"], ["8.jpg"]), AUGMENTED)


@pytest.mark.parametrize(("of", "is_found"), [("train", False), ("val", True)])
def test_an_augment_above_what_is_measured_on(tmp_path: Path, of: str, is_found: bool) -> None:
    pytest.importorskip("albumentations")
    split = {"id": "parts", "use": "split", "in": "raw", "with": {"every": 2}}
    more = {"id": "more", "use": "augment", "in": f"parts.{of}", "with": FLIP}
    merge = {"id": "all", "use": "merge", "in": {"datasets": [f"parts.{of}", "more"]}}
    parts = {"train": "parts.train", "val": "parts.val", of: "all"}
    rows = {"raw": linted.data(["a.jpg", "b.jpg"])}
    path = linted.recipe(tmp_path, [split, more, merge, linted.exported(**parts)], rows)
    assert bool(linted.found(path, AUGMENTED)) is is_found
