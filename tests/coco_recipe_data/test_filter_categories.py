"""filter_categories drops classes with their boxes, and tells emptied images from negatives."""

from typing import Any

import pytest
from coco_recipe_data.filter_categories import STEP

from coco_recipe.testing import dataset, run_step


@pytest.mark.parametrize(
    ("left", "never", "images"),
    [
        ("keep", "keep", [1, 2, 3]),
        ("drop", "keep", [1, 3]),
        ("keep", "drop", [1, 2]),
        ("drop", "drop", [1]),
    ],
)
def test_emptied_images_are_told_from_negatives(left: str, never: str, images: list[int]) -> None:
    params = {"images_left_empty": left, "images_never_annotated": never}
    outcome = run_step(STEP, dataset=dataset(), drop=["dog"], **params)
    data = outcome.value
    assert [image.id for image in data.images] == images
    assert [category.name for category in data.categories] == ["cat"]
    lost = [row["id"] for row in outcome.dropped if row["kind"] == "image"]
    assert sorted(lost + images) == [1, 2, 3]


@pytest.mark.parametrize("keep", [[2], ["dog"]])
def test_a_class_is_kept_by_id_or_name(keep: list[Any]) -> None:
    data = run_step(STEP, dataset=dataset(), keep=keep).value
    assert [row.category_id for row in data.annotations] == [2]
