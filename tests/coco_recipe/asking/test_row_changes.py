"""Rows are known by picture and place, whatever ids and parts they have."""

import random
from typing import Any

import msgspec
import pytest

from coco_recipe import coco_json
from coco_recipe.asking.row_changes import changes
from coco_recipe.asking.row_figures import Moved, RowChanges, Table
from coco_recipe.dataset import Dataset
from coco_recipe.testing import coco


def _set(data: dict[str, Any]) -> Dataset:
    return coco_json.parse(msgspec.json.encode(data), home="raw")


def _compared(was: dict[str, Any], now: dict[str, Any]) -> RowChanges:
    return changes({"a": _set(was)}, {"b": _set(now)})


def _boxes(*boxes: tuple[int, list[float]], names: tuple[str, ...] = ("cat", "犬")) -> Any:
    """Return a picture with boxes, each of a category."""
    data = coco(images=1, boxes=[(1, category) for category, _ in boxes], names=names)
    for row, (_, box) in zip(data["annotations"], boxes, strict=True):
        row["bbox"] = box
    return data


def test_equal_data_sets_have_no_difference() -> None:
    found = _compared(coco(), coco())
    assert not found.differ
    assert found.annotations == Table(2, 2, 2, 0, 0, 0, 0)
    assert found.first == {}


def test_rows_with_other_ids_are_the_same_rows() -> None:
    was, now = coco(images=20, boxes=[(n, n % 2 + 1) for n in range(1, 21)]), coco()
    now = msgspec.json.decode(msgspec.json.encode(was))
    numbers = random.Random(3).sample(range(1000), 20)
    for row in now["images"]:
        row["id"] = numbers[row["id"] - 1]
    for n, row in enumerate(now["annotations"]):
        row |= {"id": 500 - n, "image_id": numbers[row["image_id"] - 1]}
    for row in now["categories"]:
        row["id"] += 10
    for row in now["annotations"]:
        row["category_id"] += 10
    random.Random(4).shuffle(now["images"])
    random.Random(5).shuffle(now["annotations"])
    found = _compared(was, now)
    assert (found.images.same, found.annotations.same) == (20, 20)
    assert found.annotations.renumbered == 20
    assert found.annotations.added == found.annotations.gone == found.annotations.changed == 0
    assert found.categories == (
        "cat has the id 11, was 1",
        "dog has the id 12, was 2",
    )
    assert found.differ


def test_a_box_that_moved_is_told_with_how_far() -> None:
    was = _boxes((1, [10, 10, 40, 20]), (2, [100, 0, 30, 30]))
    now = _boxes((1, [13, 10, 40, 20]), (2, [100, 0, 30, 30]))
    found = _compared(was, now)
    assert found.moved == Moved(1, 3.0, 3.0, pytest.approx(37 / 43, abs=1e-4))
    assert found.keys == {"annotations: bbox": 1}
    assert found.first["annotations changed"][0].what == "cat: moved by 3 px (IoU 0.86)"
    assert found.classes["cat"].changed == 1


def test_a_far_box_is_another_where_ids_are_others_and_the_same_where_they_were_kept() -> None:
    was = _boxes(*((1, [60.0 * n, 0, 20, 20]) for n in range(11)))
    now = msgspec.json.decode(msgspec.json.encode(was))
    now["annotations"][4]["bbox"] = [900, 0, 20, 20]
    kept = _compared(was, now)
    assert (kept.annotations.changed, kept.annotations.added) == (1, 0)
    for row in now["annotations"]:
        row["id"] += 1
    other = _compared(was, now)
    assert (other.annotations.added, other.annotations.gone, other.moved) == (1, 1, None)


def test_a_box_of_another_class_is_relabelled_not_gone() -> None:
    was = _boxes((1, [0, 0, 10, 10]), (2, [50, 50, 10, 10]))
    now = _boxes((2, [0, 0, 10, 10]), (2, [50, 50, 10, 10]))
    now["annotations"][0]["id"], now["annotations"][1]["id"] = 8, 9
    found = _compared(was, now)
    assert found.relabelled == {"cat -> 犬": 1}
    assert (found.annotations.added, found.annotations.gone) == (0, 0)
    assert (found.classes["cat"].was, found.classes["cat"].now) == (1, 0)


def test_of_two_boxes_each_finds_the_one_that_it_overlaps_most() -> None:
    was = _boxes((1, [0, 0, 100, 100]), (1, [10, 0, 100, 100]))
    now = _boxes((1, [11, 0, 100, 100]), (1, [1, 0, 100, 100]))
    for row in now["annotations"]:
        row["id"] += 20
    assert _compared(was, now).moved == Moved(2, 1.0, 1.0, pytest.approx(99 / 101, abs=1e-4))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("area", 7),
        ("iscrowd", 1),
        ("segmentation", [[0, 0, 1, 0, 1, 1]]),
        ("attributes", {"颜色": "红"}),
    ],
)
def test_another_value_of_a_row_is_told_by_its_key(key: str, value: Any) -> None:
    now = coco()
    now["annotations"][1][key] = value
    found = _compared(coco(), now)
    assert found.keys == {f"annotations: {key}": 1}
    assert key in found.first["annotations changed"][0].what


def test_numbers_that_are_written_otherwise_are_equal() -> None:
    was, now = coco(), coco()
    was["annotations"][0]["segmentation"] = [[0, 0, 1, 0, 1, 1]]
    now["annotations"][0]["segmentation"] = [[0.0, 0.0, 1.0, 0, 1, 1]]
    now["annotations"][0]["bbox"] = [float(side) for side in now["annotations"][0]["bbox"]]
    assert not _compared(was, now).differ


def test_an_image_that_went_to_another_part_is_told() -> None:
    data = coco(images=4, boxes=[(n, 1) for n in range(1, 5)])

    def part(*ids: int) -> Dataset:
        images = [row for row in data["images"] if row["id"] in ids]
        rows = [row for row in data["annotations"] if row["image_id"] in ids]
        return _set({**data, "images": images, "annotations": rows})

    found = changes(
        {"train": part(1, 2, 3), "val": part(4)}, {"train": part(1, 2), "val": part(3, 4)}
    )
    assert found.keys == {"images: part": 1}
    assert [row.what for row in found.first["images changed"]] == ["from train to val"]
    assert found.annotations.same == 4


def test_parts_are_no_difference_to_a_data_set_without_parts() -> None:
    whole = _set(coco())
    parts = {"train": whole, "val": _set(coco(images=0, boxes=[]))}
    found = changes(parts, {"": whole})
    assert (found.images.changed, found.keys) == (0, {})
    assert not found.differ


def test_an_untouched_picture_is_known_by_its_original_and_by_its_bare_name() -> None:
    was, now = coco(images=2), coco(images=2)
    now["images"][0] |= {"file_name": "train/other.jpg", "coco_recipe": {"root": "raw/1.jpg"}}
    now["images"][1]["file_name"] = "deep\\2.jpg"
    found = _compared(was, now)
    assert (found.images.added, found.images.gone) == (0, 0)
    assert found.keys == {"images: file_name": 2}


def test_pictures_of_one_bare_name_are_not_taken_for_one_another() -> None:
    was, now = coco(images=2, boxes=[]), coco(images=2, boxes=[])
    for n in (0, 1):
        was["images"][n]["file_name"] = f"a{n}/x.jpg"
        now["images"][n]["file_name"] = f"b{n}/x.jpg"
    assert _compared(was, now).images == Table(2, 2, 0, 0, 2, 2, 0)


def test_rows_of_a_picture_that_came_or_went_come_and_go_with_it() -> None:
    found = _compared(coco(images=1, boxes=[(1, 1)]), coco(images=3, boxes=[(1, 1), (3, 2)]))
    assert (found.images.added, found.annotations.added) == (2, 1)
    back = _compared(coco(images=3, boxes=[(1, 1), (3, 2)]), coco(images=1, boxes=[(1, 1)]))
    assert (back.images.gone, back.annotations.gone) == (2, 1)


def test_a_picture_of_another_size_and_new_categories_are_told() -> None:
    now = coco(names=("cat", "dog", "鸟"))
    now["images"][0]["width"] = 65
    now["categories"][0]["supercategory"] = "animal"
    found = _compared(coco(), now)
    assert found.first["images changed"][0].what == "width 64 -> 65"
    assert found.categories == ('cat: supercategory "cat" -> "animal"', "鸟 is added")


def test_another_order_of_categories_is_told() -> None:
    """A trainer numbers classes by it."""
    was, now = coco(), coco()
    now["categories"].reverse()
    first, second = (row["name"] for row in was["categories"])
    found = _compared(was, now)
    told = f"the order is another: number 1 of those in both is {second}, was {first}"
    assert found.categories == (told,)
    assert found.differ
    del now["categories"][0]
    assert _compared(was, now).categories == (f"{second} is gone",)


def test_rows_that_are_wrong_are_compared_as_they_are() -> None:
    """Repeated ids, a row without an image, one without a class or a box, images without rows."""
    data = coco(images=2, boxes=[(1, 1), (1, 1), (9, 2), (2, 7)])
    data["annotations"][1]["id"] = 1
    del data["annotations"][1]["bbox"]
    found = _compared(data, data)
    assert not found.differ
    more = msgspec.json.decode(msgspec.json.encode(data))
    more["annotations"].pop(2)
    found = _compared(data, more)
    assert found.annotations.gone == 1
    assert found.first["annotations gone"][0].file_name == ""
    assert found.images.same == 2


def test_empty_sets_are_compared() -> None:
    empty: dict[str, Any] = {"images": [], "annotations": [], "categories": []}
    assert not _compared(empty, empty).differ
    assert _compared(empty, coco()).images.added == 3


def test_so_many_rows_of_a_kind_are_named() -> None:
    many = coco(images=9, boxes=[])
    found = changes({"a": _set(coco(images=0, boxes=[]))}, {"a": _set(many)}, most=2)
    assert len(found.first["images added"]) == 2
    assert found.images.added == 9
