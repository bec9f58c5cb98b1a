"""Ids are numbered, the same with numpy and without."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coco_recipe.asking import numbered

IDS = st.one_of(st.integers(-20, 60), st.sampled_from([-(2**63), 2**63 - 1]))


@settings(deadline=None)  # numpy is loaded by the first of them
@given(st.lists(IDS, max_size=30), st.sets(st.integers(-20, 60), max_size=40))
def test_numpy_numbers_the_same(ids: list[int], known: set[int]) -> None:
    pytest.importorskip("numpy")
    numbers = {id_: n for n, id_ in enumerate(known)}
    expected = numbered.by_hand(ids, numbers)
    assert numbered.by_numpy(array("q", ids), numbers) == expected
    assert (expected is None) == (not known.issuperset(ids))


def test_unknown_ids_are_asked_for_in_order_and_once() -> None:
    numbers, asked = {5: 0}, list[int]()

    def unknown(id_: int) -> int:
        asked.append(id_)
        return len(asked)

    assert [*numbered.numbers_of(array("q", [9, 5, 7, 9]), numbers, unknown)] == [1, 0, 2, 1]
    assert asked == [9, 7]


@pytest.mark.parametrize("far", [10**12, 2**70])
def test_ids_that_lie_far_apart_need_no_table(far: int) -> None:
    ids = [far, 1, far]
    given = ids if far > 2**63 else array("q", ids)
    assert [*numbered.numbers_of(given, {1: 0, far: 1}, lambda _: -1)] == [1, 0, 1]
