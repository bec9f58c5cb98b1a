"""map_categories joins, renames and orders classes, and takes tables that name rows along."""

import msgspec
from coco_recipe_data.map_categories import STEP

from coco_recipe.testing import coco, dataset, run_step


def test_classes_are_joined_renamed_and_ordered() -> None:
    data = dataset(coco(3, [(1, 1), (2, 2), (3, 3)], ["cat", "dog", "cow"]))
    params = {"map": {"cat": "pet", "dog": "pet"}, "order": ["cow", "pet"]}
    out = run_step(STEP, dataset=data, **params).value
    assert [(row.id, row.name) for row in out.categories] == [(3, "cow"), (1, "pet")]
    assert [row.category_id for row in out.annotations] == [1, 1, 3]


def test_a_table_that_names_a_class_follows_it() -> None:
    data = dataset(coco(1, [(1, 2)], tracks=[{"id": 1, "category_id": 2}]))
    out = run_step(STEP, dataset=data, map={"dog": "cat"}).value
    assert msgspec.json.decode(out.extra["tracks"])[0]["category_id"] == 1
