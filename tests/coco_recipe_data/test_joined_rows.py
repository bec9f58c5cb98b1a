"""Rows of one table of several data sets: equal ones once, others under a free id."""

from typing import Any

import pytest
from coco_recipe_data.joined_rows import JoinedRow, join_loose, join_table, with_later
from coco_recipe_data.uses import Use

from coco_recipe import Dataset

PARTS = [Dataset((), (), (), home, {}, {}) for home in ("one", "two")]


def _joined(*tables: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[Any, Any]]]:
    found = [{"people": rows} for rows in tables]
    rows, maps = join_table("people", ["person_id"], found, [{}, {}], PARTS, ())
    return [row.row for row in rows], maps


def test_equal_rows_are_one_and_others_get_a_free_id() -> None:
    ann, bob, eve = ({"id": 1, "name": name} for name in ("Ann", "Bob", "Eve"))
    rows, maps = _joined([ann, bob | {"id": 2}], [ann, eve | {"id": 2}, bob | {"id": 5}])
    assert rows == [ann, bob | {"id": 2}, eve | {"id": 6}, bob | {"id": 5}]
    assert maps == [{1: 1, 2: 2}, {1: 1, 2: 6, 5: 5}]


def test_texts_get_a_number_behind_them() -> None:
    rows, maps = _joined([{"id": "p", "of": 1}, {"id": "p_2"}], [{"id": "p", "of": 2}])
    assert maps[1] == {"p": "p_3"}
    assert rows[-1] == {"id": "p_3", "of": 2}


def test_rows_that_name_their_own_table_follow_its_new_ids() -> None:
    tree = [{"id": 1, "name": "a"}, {"id": 2, "parent_id": 1}]
    rows, maps = _joined(tree, [{"id": 1, "name": "b"}, {"id": 2, "parent_id": 1}])
    assert maps[1] == {1: 3, 2: 4}
    assert rows[2:] == [{"id": 3, "name": "b"}, {"id": 4, "parent_id": 3}]


def test_an_id_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^'people' of two: the id 1 is there twice"):
        _joined([], [{"id": 1, "of": 1}, {"id": 1, "of": 2}])


def test_ids_that_are_known_later_follow_with_their_own_data_set() -> None:
    rows = [JoinedRow(0, {"id": 1, "camera_id": 1}), JoinedRow(1, {"id": 2, "camera_id": 1})]
    ids = [{"camera_id": {1: 1}, "id": {1: 7}}, {"camera_id": {1: 4}}]
    assert with_later(rows, ["camera_id"], ids) == [
        {"id": 1, "camera_id": 1},
        {"id": 2, "camera_id": 4},
    ]


def test_numbers_without_a_table_are_renumbered_unless_the_videos_are_the_same() -> None:
    uses = [[Use("annotation 1", "track_id", n) for n in found] for found in ((1, 2), (2, 3))]
    assert join_loose("track_id", PARTS, uses, [{}, {}], ()) == [{}, {2: 4}]
    same = [{"video_id": {1: 1}}, {"video_id": {9: 1}}]
    assert join_loose("track_id", PARTS, uses, same, ()) == [{}, {}]
    some = [{"video_id": {1: 1}}, {"video_id": {9: 1, 8: 2}}]
    with pytest.raises(ValueError, match=r"^two: shares some of its videos"):
        join_loose("track_id", PARTS, uses, some, ())
