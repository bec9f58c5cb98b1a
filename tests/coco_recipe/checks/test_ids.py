"""Ids that repeat, that no reader holds, and that name nothing."""

import pytest
from rows_found import Find, changed, rows_found

from coco_recipe.checks import ids
from coco_recipe.testing import coco

IMAGES = "images"
ROWS = "annotations"
CLASSES = "categories"


@pytest.mark.parametrize(
    ("find", "data", "names"),
    [
        (ids.repeated_image_ids, changed(IMAGES, {}, {"id": 3}), ["image 3 ('2.jpg')"] * 1),
        (ids.repeated_annotation_ids, changed(ROWS, {"id": 2}), ["annotation 2"]),
        (ids.repeated_category_ids, changed(CLASSES, {"id": 2}), ["category 2 ('cat')"]),
        (ids.image_ids_out_of_range, changed(IMAGES, {"id": -1}), ["image -1 ('1.jpg')"]),
        (
            ids.image_ids_out_of_range,
            changed(IMAGES, {"id": 2**63}),
            [f"image {2**63} ('1.jpg')"],
        ),
        (ids.annotation_ids_out_of_range, changed(ROWS, {}, {"id": -5}), ["annotation -5"]),
        (ids.category_ids_out_of_range, changed(CLASSES, {"id": -2}), ["category -2 ('cat')"]),
        (ids.dangling_images, changed(ROWS, {}, {"image_id": 9}), ["annotation 2"]),
        (ids.dangling_categories, changed(ROWS, {"category_id": 9}), ["annotation 1"]),
        (ids.without_category, changed(ROWS, {"category_id": None}), ["annotation 1"]),
        (
            ids.unused_categories,
            coco(1, [(1, 2)], ["a", "b", "c"]),
            ["category 1 ('a')", "category 3 ('c')"],
        ),
    ],
)
def test_a_wrong_id_is_found(find: Find, data: dict[str, object], names: list[str]) -> None:
    found = rows_found(find, data)
    assert {*names} <= {*found}
    assert not rows_found(find, coco())


def test_zero_and_the_largest_id_are_none_too_large() -> None:
    for number in (0, 2**63 - 1):
        assert not rows_found(ids.image_ids_out_of_range, changed(IMAGES, {"id": number}))
