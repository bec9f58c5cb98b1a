"""What can cover an object is in the pinned library."""

import pytest

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")
from coco_recipe_albumentations import catalogue, covers  # noqa: E402


def test_what_can_cover_is_in_the_pinned_library() -> None:
    assert set(catalogue.load()[1]) >= covers.COVERS
