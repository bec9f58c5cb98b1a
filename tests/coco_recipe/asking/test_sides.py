"""Boxes are counted by their sides, the same with numpy and without."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coco_recipe.asking import sides

SIDE = st.one_of(st.integers(-5, 2000), st.floats(-10, 3000, allow_nan=False), st.just(0))
ROWS = st.lists(
    st.tuples(SIDE, SIDE, st.integers(0, 15), st.integers(0, 3)),
    max_size=20,
)


def _boxes(rows: list[tuple[float, float, int, int]]) -> sides.Boxes:
    widths, heights = (array("d", [row[n] for row in rows]) for n in (0, 1))
    return sides.Boxes((), (), widths, heights, bytes(row[2] for row in rows))


def test_sizes_are_cocos_and_sides_are_rounded() -> None:
    rows = [(32, 31.99, 1, 0), (32, 32, 2, 0), (96, 96, 10, 0), (5, 0, 4, 0), (7, 14, 8, 2)]
    found = list(sides.by_hand(_boxes(rows), [row[3] for row in rows], 3))
    assert found[0] == sides.Sides(
        boxes=4,
        sizes=(2, 1, 1),
        forms=(1, 2, 1, 1),
        widths=(5, 5, 32, 32, 96),
        heights=(0, 0, 32, 32, 96),
        aspects=(1, 1, 1, 1, 1),
    )
    assert found[1] == sides.Sides(0, (0, 0, 0), (0, 0, 0, 0), (), (), ())
    assert found[2].aspects == (0.5,) * 5


@pytest.mark.slow
@settings(deadline=None)  # numpy is loaded by the first of them
@given(ROWS)
def test_numpy_counts_the_same(rows: list[tuple[float, float, int, int]]) -> None:
    pytest.importorskip("numpy")
    boxes, groups = _boxes(rows), array("q", [row[3] for row in rows])
    expected = list(sides.by_hand(boxes, groups, 4))
    assert list(sides.by_numpy(boxes, groups, 4)) == expected == sides.of(boxes, groups, 4)
