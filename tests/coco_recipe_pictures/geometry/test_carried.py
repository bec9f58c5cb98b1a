"""moved: one annotation through one matrix, as a step like tile uses it."""

import pytest

np = pytest.importorskip("numpy")
from coco_recipe_pictures.geometry.carried import moved  # noqa: E402
from coco_recipe_pictures.geometry.instance import Instance  # noqa: E402

BEFORE = (40, 60)  # height and width in pixels
BOX = Instance((10.0, 8.0, 20.0, 12.0), None, None)


def _shift(x: float, y: float) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


def test_a_shift_moves_the_box_and_leaves_all_of_it() -> None:
    found = moved(BOX, _shift(3, -2), BEFORE, BEFORE)
    assert found.bbox == (13, 6, 20, 12)
    assert found.visibility == 1


def test_what_is_cut_off_is_no_longer_visible() -> None:
    found = moved(BOX, _shift(-20, 0), BEFORE, BEFORE)
    assert found.bbox == (0, 8, 10, 12)
    assert found.visibility == 0.5
    assert moved(BOX, _shift(100, 0), BEFORE, BEFORE).visibility == 0
