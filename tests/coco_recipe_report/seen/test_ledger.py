"""Rows of ledgers and findings are shown where they are, also where ids repeat."""

import json
from pathlib import Path

from builders import coco
from coco_recipe_report.seen.ledger import MOST_ROWS, found_rows, lost_rows

from coco_recipe import manifest
from coco_recipe.testing import dataset


def test_the_first_rows_of_each_reason_have_their_places(tmp_path: Path) -> None:
    rows = dataset(coco(images=3, boxes=[(1, 1), (2, 1), (3, 2)]))
    lines = [
        {"kind": "annotation", "id": 2, "image_id": 2, "reason": "small", "visibility": 0.25},
        {"kind": "image", "id": 3, "file_name": "3.jpg", "reason": "empty"},
        {"kind": "category", "id": 2, "name": "dog", "reason": "named"},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "dropped.jsonl").write_text(text)
    dropped = tuple(manifest.Dropped(str(line["kind"]), str(line["reason"]), 1) for line in lines)
    record = manifest.StepRecord(step="s", use="u", dropped=dropped)
    box, image, category = lost_rows(tmp_path, record, [rows])
    assert box.rows[0].told == "annotation 2, 25% visible"
    assert box.rows[0].shot
    assert box.rows[0].shot.name == "2.jpg"
    assert box.rows[0].shot.crop
    assert image.rows[0].shot
    assert len(image.rows[0].shot.marks) == 1
    assert (category.rows[0].told, category.rows[0].shot) == ("dog", None)


def test_a_long_ledger_is_read_no_further_than_is_shown(tmp_path: Path) -> None:
    line = '{"kind": "image", "id": 1, "file_name": "1.jpg", "reason": "x"}\n'
    (tmp_path / "dropped.jsonl").write_text(line * 50 + "no json")
    record = manifest.StepRecord(step="s", use="u", dropped=(manifest.Dropped("image", "x", 50),))
    (found,) = lost_rows(tmp_path, record, [])
    assert (len(found.rows), found.count) == (MOST_ROWS, 50)


def test_a_finding_names_an_id_that_repeats_by_its_image_too() -> None:
    data = coco(images=2, boxes=[(1, 1), (2, 1)])
    data["annotations"][1]["id"] = 1
    first = (
        manifest.FindingRow("annotation 1", "2.jpg", 7),
        manifest.FindingRow("image 1 ('1.jpg')", "1.jpg"),
        manifest.FindingRow("the file", ""),
    )
    finding = manifest.FindingRecord(kind="k", place="raw", first=first)
    other = manifest.FindingRecord(kind="k", place="elsewhere", first=first)
    (rows, unknown) = found_rows([finding, other], {"raw": [dataset(data)]})
    assert [row.shot.name if row.shot else None for row in rows] == ["2.jpg", "1.jpg", None]
    assert rows[0].told == "annotation 1: 7"
    assert [row.shot for row in unknown] == [None, None, None]


def test_of_rows_with_one_id_none_is_shown_for_another() -> None:
    """The finding is of the row that has no image; the other is sound."""
    data = coco(images=2, boxes=[(1, 1), (2, 1), (2, 2)])
    data["annotations"][1] |= {"id": 1, "image_id": 99}
    first = (manifest.FindingRow("annotation 1", ""), manifest.FindingRow("annotation 3", ""))
    finding = manifest.FindingRecord(kind="k", place="raw", first=first)
    ((repeated, sound),) = found_rows([finding], {"raw": [dataset(data)]})
    assert repeated.shot is None
    assert sound.shot
