"""What a step wrote of its rows is read as it is; what it didn't write says nothing."""

import json
from pathlib import Path
from typing import Any

from coco_recipe.asking.ledgers import Ledger


def _write(folder: Path, name: str, *lines: Any) -> None:
    (folder / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


def test_a_step_that_wrote_nothing_changed_no_id(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.new_ids(0, "images", 7) is None
    assert ledger.old_ids(0, "annotations", 7) == [7]
    assert (ledger.part_of(1), ledger.file_name(1), ledger.image_of(1)) == ("", "", None)
    assert not ledger.lost("images", 1)
    assert not ledger.applied("a.jpg")


def test_rows_that_shared_an_id_have_one_each_in_order(tmp_path: Path) -> None:
    _write(tmp_path, "ids.json", {"annotations": {"base": 1, "old": [5, 9, 5, None]}})
    ledger = Ledger(tmp_path)
    assert [ledger.new_ids(0, "annotations", old) for old in (5, 9, 7)] == [[1, 3], [2], []]
    assert [ledger.old_ids(0, "annotations", new) for new in (0, 3, 4, 5)] == [[], [5], [], []]
    assert ledger.new_ids(0, "images", 5) is None


def test_each_data_set_of_a_merge_has_ids_of_its_own(tmp_path: Path) -> None:
    pairs = [{"images": {"old": [1], "new": [1]}}, {"images": {"old": [1, 2], "new": [7, 8]}}]
    _write(tmp_path, "ids.json", {"datasets": pairs})
    ledger = Ledger(tmp_path)
    assert [ledger.new_ids(1, "images", old) for old in (1, 2, 3)] == [[7], [8], []]
    assert ledger.old_ids(0, "images", 7) == []
    assert ledger.old_ids(1, "images", 8) == [2]


def test_figures_stand_beside_a_reason(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "dropped.jsonl",
        {"kind": "annotation", "id": 3, "reason": "too little", "visibility": 0.25, "area": 9.5},
        {"kind": "image", "id": 3, "reason": "bad", "file_name": "a.jpg"},
        {"kind": "category", "id": 3, "reason": "odd", "name": "x"},
    )
    ledger = Ledger(tmp_path)
    assert [lost.reason for lost in ledger.lost("annotations", 3)] == [
        "too little (25% visible, 9.5 px²)"
    ]
    assert [lost.reason for lost in ledger.lost("images", 3)] == ["bad"]


def test_mends_are_told_with_old_and_new(tmp_path: Path) -> None:
    line = {"row": "annotation 7", "key": "area", "old": None, "new": 5}
    _write(tmp_path, "repaired.jsonl", line)
    assert Ledger(tmp_path).mended("annotation 7") == ["area: null -> 5"]


def test_a_file_that_is_no_data_set_is_passed_over(tmp_path: Path) -> None:
    _write(tmp_path, "metrics.json", [1, 2])
    rows = {"images": [{"id": 4, "file_name": "a"}], "annotations": [{"id": 1, "image_id": 4}]}
    _write(tmp_path, "dataset.json", rows)
    ledger = Ledger(tmp_path)
    assert (ledger.image_of(1), ledger.file_name(4), ledger.image_ids("a")) == (4, "a", [4])
