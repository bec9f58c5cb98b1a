"""Copies that bring each class near a number of boxes."""

from collections import Counter

from coco_recipe_pictures.augment.balance import solve
from hypothesis import given
from hypothesis import strategies as st

NAMES = ["a", "b", "c"]


def _solve(
    contents: list[dict[str, int]], targets: dict[str, int], max_copies: int = 10
) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]]:
    before: Counter[str] = Counter()
    for content in contents:
        before.update(content)
    found = solve(contents, targets, NAMES, max_copies=max_copies, before=before)
    return found.of, {name: tuple(row.values()) for name, row in found.table.items()}


def test_an_image_with_the_rare_class_alone_is_preferred_to_one_with_neighbours() -> None:
    copies, table = _solve([{"a": 1, "b": 3}, {"a": 1}], {"a": 6}, max_copies=4)
    assert copies == (0, 4)
    assert table == {"a": (2, 6, 6), "b": (3, 3, 3), "c": (0, 0, 0)}


def test_a_rare_class_rises_with_its_neighbours_and_the_table_says_by_how_much() -> None:
    copies, table = _solve([{"a": 1, "b": 3}, {"b": 1}], {"a": 4})
    assert copies == (3, 0)
    assert table["b"] == (4, 4, 13)


def test_no_image_has_more_copies_than_allowed_and_the_work_is_shared() -> None:
    copies, table = _solve([{"a": 1}, {"a": 1}, {"b": 1}], {"a": 100, "b": 2}, max_copies=3)
    assert copies == (3, 3, 1)
    assert table["a"] == (2, 100, 8)
    assert _solve([{"a": 1}, {"a": 1}, {"a": 1}], {"a": 6})[0] == (1, 1, 1)


def test_a_class_that_has_enough_gets_no_copies() -> None:
    assert _solve([{"a": 5}], {"a": 3})[0] == (0,)


@given(
    st.lists(st.dictionaries(st.sampled_from(NAMES), st.integers(1, 4)), max_size=8),
    st.dictionaries(st.sampled_from(NAMES), st.integers(1, 30)),
    st.integers(1, 5),
)
def test_a_target_is_missed_only_where_every_image_that_could_help_is_used_up(
    contents: list[dict[str, int]], targets: dict[str, int], most: int
) -> None:
    copies, table = _solve(contents, targets, most)
    for name, target in targets.items():
        if table[name][2] < target:
            assert all(
                n == most for n, content in zip(copies, contents, strict=True) if name in content
            )
    assert all(n <= most for n in copies)
