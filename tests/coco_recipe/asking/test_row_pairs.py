"""Rows of a picture find their equals; what is equal in all isn't told at all."""

from typing import Any

from coco_recipe.asking.row_classes import Classes
from coco_recipe.asking.row_matching import pairs_of, pictures
from coco_recipe.asking.row_pairs import Paired, paired
from coco_recipe.testing import coco, dataset

Boxes = list[tuple[int, int, list[float]]]  # id, category id, box


def _data(boxes: Boxes) -> Any:
    data = coco(images=1, boxes=[(1, category) for _, category, _ in boxes])
    for row, (id_, _, box) in zip(data["annotations"], boxes, strict=True):
        row |= {"id": id_, "bbox": box}
    return {"": dataset(data)}


def _paired(was: Boxes, now: Boxes) -> list[Paired]:
    before, after = _data(was), _data(now)
    both = pairs_of(list(pictures(before)), list(pictures(after)))
    return list(paired(both, Classes(before, after)))


def _ids(found: list[Paired]) -> tuple[set[tuple[int, int]], set[int], set[int]]:
    return (
        {(one.id, other.id) for rows in found for one, other in rows.kept},
        {row.id for rows in found for row in rows.gone},
        {row.id for rows in found for row in rows.added},
    )


def test_equal_pictures_are_left_out() -> None:
    boxes: Boxes = [(1, 1, [0, 0, 9, 9]), (2, 2, [3, 3, 9, 9])]
    assert _paired(boxes, boxes) == []


def test_rows_are_found_by_class_and_box_in_any_order() -> None:
    was: Boxes = [(1, 1, [0, 0, 9, 9]), (2, 1, [20, 20, 9, 9]), (3, 2, [0, 0, 9, 9])]
    now: Boxes = [(7, 2, [0, 0, 9, 9]), (8, 1, [20, 20, 9, 9]), (9, 1, [0, 0, 9, 9])]
    assert _ids(_paired(was, now)) == ({(1, 9), (2, 8), (3, 7)}, set(), set())


def test_the_rest_is_found_by_overlap_of_the_same_class_first() -> None:
    was: Boxes = [(1, 1, [0, 0, 10, 10]), (2, 2, [50, 0, 10, 10]), (3, 1, [0, 30, 5, 5])]
    now: Boxes = [
        (4, 2, [0, 0, 10, 9]),  # overlaps more, but is of another class
        (5, 1, [1, 0, 10, 10]),
        (6, 1, [51, 0, 10, 10]),
        (7, 2, [40, 40, 5, 5]),
    ]
    assert _ids(_paired(was, now)) == ({(1, 5), (2, 6)}, {3}, {4, 7})


def test_far_rows_are_found_by_id_where_ids_were_kept() -> None:
    same: Boxes = [(n, 1, [9 * n, 0, 8, 8]) for n in range(1, 5)]
    found = _paired([*same, (9, 2, [0, 30, 5, 5])], [*same, (9, 2, [50, 40, 5, 5])])
    assert (9, 9) in _ids(found)[0]
    others: Boxes = [(n + 20, category, box) for n, category, box in same]
    found = _paired([*same, (9, 2, [0, 30, 5, 5])], [*others, (9, 2, [50, 40, 5, 5])])
    assert _ids(found)[1:] == ({9}, {9})
