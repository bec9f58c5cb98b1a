"""Boxes are counted by their sides, the same with numpy and without."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coco_recipe.asking import sides

SIDE = st.one_of(st.integers(-5, 2000), st.floats(-10, 3000, allow_nan=False), st.just(0))
BOXES = st.lists(st.tuples(SIDE, SIDE, SIDE, SIDE), max_size=20)


def test_sizes_are_cocos_and_sides_are_rounded() -> None:
    found = sides.by_hand([(0, 0, 32, 31.99), (0, 0, 32, 32), (0, 0, 96, 96), (0, 0, 5, 0)])
    assert found.sizes == {0: 2, 1: 1, 2: 1}
    assert found.widths == {320: 2, 960: 1, 50: 1}
    assert found.heights == {320: 2, 960: 1, 0: 1}
    assert found.aspects == {100: 3}


@settings(deadline=None)  # numpy is loaded by the first of them
@given(BOXES)
def test_numpy_counts_the_same(boxes: list[sides.Box]) -> None:
    pytest.importorskip("numpy")
    assert sides.by_numpy(boxes) == sides.by_hand(boxes) == sides.of(boxes)
