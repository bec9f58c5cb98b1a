"""What became of rows is counted, and the first of each kind are named."""

from typing import Any

from coco_recipe.asking.row_classes import Classes
from coco_recipe.asking.row_figures import Moved
from coco_recipe.asking.row_matching import pictures
from coco_recipe.asking.row_telling import Told
from coco_recipe.testing import coco, dataset


def _told(was: dict[str, Any], now: dict[str, Any], most: int = 5) -> tuple[Told, Any, Any]:
    before, after = {"": dataset(was)}, {"": dataset(now)}
    told = Told(Classes(before, after), most)
    return told, list(pictures(before)), list(pictures(after))


def test_a_row_that_is_as_it_was_is_told_for_its_id_alone() -> None:
    data = coco()
    data["annotations"][0]["id"] = 7
    told, (was, *_), (now, *_) = _told(coco(), data)
    told.kept(was, now, was.rows[0], now.rows[0])
    assert dict(told.number) == {"annotations renumbered": 1}
    assert (dict(told.first), told.moved()) == ({}, None)


def test_class_place_and_keys_are_told_together() -> None:
    data = coco(boxes=[(1, 2), (2, 2)])
    data["annotations"][0] |= {"bbox": [5, 2, 10, 10], "iscrowd": 1}
    start = coco()
    start["annotations"][0]["bbox"] = [1, 2, 10, 10]
    told, (was, *_), (now, *_) = _told(start, data)
    told.kept(was, now, was.rows[0], now.rows[0])
    assert told.moved() == Moved(1, 4, 4, 0.4286)
    assert dict(told.relabelled) == {"cat -> dog": 1}
    assert told.keys.total() == 3
    (row,) = told.first["annotations changed"]
    assert row.what == "cat -> dog; moved by 4 px (IoU 0.43); iscrowd 0 -> 1"
    assert told.table("annotations", 2, 2).changed == 1


def test_rows_go_and_come_with_their_pictures_and_only_the_first_are_named() -> None:
    told, old, new = _told(coco(boxes=[(1, 1)] * 4), coco(boxes=[(2, 2)] * 3), most=2)
    told.picture_gone(old[0])
    told.picture_added(new[1])
    assert told.table("annotations", 4, 3).gone == 4
    assert told.by_class == {"cat": {"gone": 4}, "dog": {"added": 3}}
    assert [row.what for row in told.first["annotations gone"]] == ["cat, gone"] * 2


def test_a_picture_is_told_by_part_name_and_size() -> None:
    data = coco()
    data["images"][0] |= {"width": 640, "id": 5, "file_name": "new.jpg"}
    data["annotations"] = []
    told, (was, *_), (now, *_) = _told(coco(), data)
    told.picture_kept(was, now)
    (row,) = told.first["images changed"]
    assert row.what == "file name was 1.jpg; width 64 -> 640"
    assert told.number["images renumbered"] == 1
