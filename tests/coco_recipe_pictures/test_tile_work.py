"""Where tiles lie in a picture."""

from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("cv2")

from coco_recipe_pictures import tile_work


def _overlaps(params: dict[str, Any]) -> dict[str, Any]:
    return {"overlap_width_ratio": 0.2, "overlap_height_ratio": 0.2} | params


@pytest.mark.parametrize(
    ("size", "length", "overlap", "lefts"),
    [
        (4096, 1024, 0.2, [0, 820, 1640, 2460, 3072]),
        (3000, 1024, 0.2, [0, 820, 1640, 1976]),
        (1024, 1024, 0.2, [0]),
        (1025, 1024, 0.0, [0, 1]),
        (2048, 1024, 0.0, [0, 1024]),
        (700, 1024, 0.5, [0]),
        (5, 2, 0.9, [0, 1, 2, 3]),
    ],
)
def test_tiles_cover_a_side_and_end_with_it(
    size: int, length: int, overlap: float, lefts: list[int]
) -> None:
    params = {"slice_width": length, "slice_height": 9, "overlap_width_ratio": overlap}
    found = list(tile_work.windows((size, 9), _overlaps(params | {"overlap_width_ratio": overlap})))
    assert [window[0] for window in found] == lefts
    assert {window[2] - window[0] for window in found} == {min(length, size)}
    assert found[-1][2] == size
