"""A part of an image lies within it, with the box in its middle where there is room."""

import pytest
from builders import coco
from coco_recipe_report.seen import shots

from coco_recipe.testing import dataset


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ([20, 20, 10, 10], (12.2, 12.2, 25.6, 25.6)),
        ([0, 0, 10, 10], (0, 0, 25.6, 25.6)),
        ([0, 0, 64, 48], (8, 0, 48, 48)),
        ([-500, 10, 4, 4], (0, 0, 25.6, 25.6)),
    ],
)
def test_a_crop_is_a_square_in_the_image(
    bbox: list[float], expected: tuple[float, float, float, float]
) -> None:
    data = coco(boxes=[(1, 1)])
    data["annotations"][0]["bbox"] = bbox
    rows = dataset(data)
    shot = shots.crop(rows, rows.images[0], rows.annotations[0])
    assert shot.crop
    assert shot.crop == pytest.approx(expected)
    assert shot.marks[0].bbox == tuple(bbox)


def test_polygons_are_marked_and_masks_are_not() -> None:
    data = coco(boxes=[(1, 1), (1, 1)])
    data["annotations"][0]["segmentation"] = [[1, 1, 9, 1, 9, 9]]
    data["annotations"][1]["segmentation"] = {"counts": "abc", "size": [48, 64]}
    rows = dataset(data)
    shot = shots.whole(rows, rows.images[0], rows.annotations, "why")
    assert [mark.rings for mark in shot.marks] == [((1, 1, 9, 1, 9, 9),), ()]
    assert (shot.path, shot.told) == (None, "why")
