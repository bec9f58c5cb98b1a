"""Ids and file names that a joined data set has free."""

import pytest
from coco_recipe_data.free_names import FreeIds, FreeNames


def test_an_id_stays_where_it_is_free_and_else_is_above_all() -> None:
    ids = FreeIds([3, 8, 3, 1])
    assert [ids.take(wanted) for wanted in (3, 3, 8, 1, 8)] == [3, 9, 8, 1, 10]


@pytest.mark.parametrize("other", ["a.jpg", "A.JPG", "a.JPG"])
def test_names_that_one_file_system_takes_for_one_are_told_apart(other: str) -> None:
    names = FreeNames("rename")
    assert names.take("a.jpg", "one") == "a.jpg"
    first, dot, suffix = other.partition(".")
    assert names.take(other, "two") == f"{first}_2{dot}{suffix}"
    assert names.take("a.jpg", "three") == "a_3.jpg"
    assert names.renamed == 2
    names.finish()


def test_clashes_are_refused_with_their_homes() -> None:
    names = FreeNames("error")
    for home in ("one", "two"):
        names.take("x/a.png", home)
    names.take("y/a.png", "two")
    with pytest.raises(ValueError, match=r"^1 file name collides: x/a.png \(one and two\)"):
        names.finish()
