"""Outlines that are traced from pixels."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")
from coco_recipe_pictures.geometry import rings  # noqa: E402


@pytest.mark.slow
@given(st.integers(0, 2**32), st.floats(0.8, 5))
@settings(max_examples=60, deadline=None)
def test_a_smooth_ring_has_the_area_of_the_pixels_that_it_was_traced_from(
    seed: int, grain: float
) -> None:
    mask = cv2.GaussianBlur(np.random.default_rng(seed).random((40, 40)), (0, 0), grain) > 0.5
    for ring in rings.outline(mask):
        soft = rings.smooth(ring, 0.5)
        assert rings.signed_area(soft) == pytest.approx(rings.signed_area(ring), rel=0.021)
        assert (
            (soft.min(axis=0) - ring.min(axis=0)).max()
            < 1.5
            > (ring.max(axis=0) - soft.max(axis=0)).max()
        )
        assert (soft.min(axis=0) >= ring.min(axis=0)).all()
        assert (soft.max(axis=0) <= ring.max(axis=0)).all()
