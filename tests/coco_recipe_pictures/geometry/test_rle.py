"""Run-length masks are those of pycocotools."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")
from coco_recipe_pictures.geometry import rings, rle  # noqa: E402


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_run_lengths_are_those_of_pycocotools(height: int, width: int, data: st.DataObject) -> None:
    from pycocotools import mask as coco

    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    ).reshape(height, width)
    ours = rle.encode(mask, compressed=True)
    assert (
        ours["counts"] == coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    )
    assert (rle.decode(ours) == mask).all()
    assert (rle.decode(rle.encode(mask, compressed=False)) == mask).all()
    assert (
        (rings.fill([rings.outline(mask)], height, width) == mask).all()
        if mask.any()
        else not rings.outline(mask)
    )
