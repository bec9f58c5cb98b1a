"""Columns say which image and class each annotation is of, and which have a box."""

import pytest
from builders import coco
from coco_recipe_report.seen.columns import columns_of

from coco_recipe.testing import dataset


def test_places_of_images_and_classes() -> None:
    data = coco(images=3, boxes=[(3, 2), (9, 1), (1, 9)])
    del data["annotations"][1]["bbox"]
    del data["images"][1]["width"]
    found = columns_of(dataset(data))
    assert found.image.tolist() == [2, -1, 0]
    assert found.class_.tolist() == [1, 0, -1]
    assert found.row.tolist() == [0, 2]
    assert found.boxes.tolist() == [data["annotations"][n]["bbox"] for n in (0, 2)]
    assert found.sides.tolist() == [[64, 48], [0, 48], [64, 48]]


@pytest.mark.parametrize("far", [0, 10**15])
def test_ids_close_together_and_far_apart(far: int) -> None:
    data = coco(images=3, boxes=[(3, 1), (2, 1), (1, 1), (-5, 1), (4, 1)])
    data["images"][2]["id"] = data["annotations"][0]["image_id"] = 3 + far
    assert columns_of(dataset(data)).image.tolist() == [2, 1, 0, -1, -1]


def test_of_images_with_one_id_the_first_is_meant() -> None:
    data = coco(images=2, boxes=[(1, 1)])
    data["images"][1]["id"] = 1
    assert columns_of(dataset(data)).image.tolist() == [0]


def test_an_empty_data_set_has_empty_columns() -> None:
    found = columns_of(dataset(coco(images=0, boxes=[])))
    assert (found.images, len(found.image), found.boxes.shape) == (0, 0, (0, 4))
