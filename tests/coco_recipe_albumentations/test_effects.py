"""Every transform with a border mode is tried, or can't be traced."""

import pytest

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")
from coco_recipe_albumentations import catalogue, effects  # noqa: E402
from pixel_truth import BORDERED  # noqa: E402


def test_every_transform_with_a_border_mode_is_tried() -> None:
    """ThinPlateSpline isn't followed with any border."""
    _, entries = catalogue.load()
    assert (
        set(BORDERED)
        == {name for name, one in entries.items() if "border_mode" in one.arguments}
        - effects.UNTRACEABLE
    )
