"""Whether enough of an annotation is left, with the reason why not."""

import pytest

np = pytest.importorskip("numpy")
from coco_recipe_pictures.geometry.carried import moved  # noqa: E402
from coco_recipe_pictures.geometry.instance import Instance  # noqa: E402
from coco_recipe_pictures.geometry.judging import judged  # noqa: E402

LIMITS = {"min_visibility": 0.0, "min_area_px": 0.0, "min_side_px": 0.0}
BOX = Instance((10.0, 8.0, 20.0, 12.0), None, None)


@pytest.mark.parametrize(
    ("x", "limits", "reason"),
    [
        (0, {"min_visibility": 1.0, "min_area_px": 240, "min_side_px": 12}, ""),
        (-20, {"min_visibility": 0.6}, "visibility is below min_visibility (0.6)"),
        (-20, {"min_area_px": 121}, "area is below min_area_px (121)"),
        (-20, {"min_side_px": 11}, "a side is below min_side_px (11)"),
        (-99, {}, "nothing of it is left in the copy"),
    ],
)
def test_too_little_is_told(x: float, limits: dict[str, float], reason: str) -> None:
    matrix = np.array([[1.0, 0, x], [0, 1, 0], [0, 0, 1]])
    left = judged(moved(BOX, matrix, (40, 60), (40, 60)), LIMITS | limits)
    assert left.reason == reason
