"""reindex numbers rows anew, keeps the map from old to new, and takes along what names them."""

import json
from pathlib import Path

import msgspec
from coco_recipe_data.reindex import STEP

from coco_recipe.testing import Bench, coco, dataset, run_step


def test_repeated_ids_are_mended_and_the_map_is_kept(tmp_path: Path) -> None:
    data = coco(3, [(1, 1), (1, 2), (3, 2)])
    for row in data["annotations"]:
        row["id"] = 7
    outcome = run_step(STEP, Bench(tmp_path), dataset=dataset(data), images=0, categories=0)
    assert [(row.id, row.image_id, row.category_id) for row in outcome.value.annotations] == [
        (1, 0, 0),
        (2, 0, 1),
        (3, 2, 1),
    ]
    assert outcome.folder
    ids = json.loads((outcome.folder / "ids.json").read_text())
    assert ids["annotations"] == {"base": 1, "old": [7, 7, 7]}
    assert ids["images"] == {"base": 0, "old": [1, 2, 3]}


def test_classes_stay_unless_asked_and_the_number_of_changed_ids_is_told() -> None:
    data = coco(2, [(1, 1), (2, 2)])
    for row, new in zip(data["categories"], (7, 3), strict=True):
        row["id"] = new
    for row in data["annotations"]:
        row["category_id"] = 7
    data["images"][1]["id"] = data["annotations"][1]["image_id"] = 9
    outcome = run_step(STEP, dataset=dataset(data))
    assert [row.id for row in outcome.value.categories] == [7, 3]
    assert outcome.notes["ids_changed"] == {"images": 1, "annotations": 0}
    assert outcome.notes["summary"] == "new ids: 1 of 2 images, 0 of 2 annotations"


def test_a_table_that_names_rows_follows_them() -> None:
    track = {"id": 1, "category_id": 2, "image_id": 1, "annotation_id": 1}
    data = dataset(coco(1, [(1, 2)], tracks=[track]))
    out = run_step(STEP, dataset=data, images=0, annotations=0, categories=0).value
    assert msgspec.json.decode(out.extra["tracks"]) == [
        {"id": 1, "category_id": 1, "image_id": 0, "annotation_id": 0}
    ]
