"""Images are counted by class and by pairs of classes, the same with numpy and without."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coco_recipe.asking import standing

BOXES = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 6)), max_size=40)


def test_each_image_counts_once_for_a_class_and_a_pair() -> None:
    found = standing.by_hand([1, 1, 1, 2, 2, 3], [0, 0, 1, 1, 0, 2])
    assert found.images == {0: 2, 1: 2, 2: 1}
    assert found.pairs == {(0, 1): 2}


@settings(deadline=None)  # numpy is loaded by the first of them
@given(BOXES)
def test_numpy_counts_the_same(boxes: list[tuple[int, int]]) -> None:
    pytest.importorskip("numpy")
    image_ids, classes = [one[0] for one in boxes], [one[1] for one in boxes]
    expected = standing.by_hand(image_ids, classes)
    assert standing.by_numpy(image_ids, classes) == expected == standing.of(image_ids, classes)
