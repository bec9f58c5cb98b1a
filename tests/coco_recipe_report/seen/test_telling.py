"""The images that are chosen say why, and are the same each time."""

from typing import Any

from builders import coco
from coco_recipe_report.seen.columns import columns_of
from coco_recipe_report.seen.shots import Shot
from coco_recipe_report.seen.telling import telling

from coco_recipe.testing import dataset


def _telling(data: dict[str, Any], most: int) -> tuple[Shot, ...]:
    rows = dataset(data)
    return telling(rows, columns_of(rows), most)


def test_rare_classes_extremes_and_an_image_without_a_box() -> None:
    boxes = [(1, 1), (2, 1), (3, 2), (4, 1), (4, 1), (5, 1)]
    data = coco(images=8, boxes=boxes, names=("common", "rare"))
    data["annotations"][0]["bbox"] = [0, 0, 1, 1]
    data["annotations"][1]["bbox"] = [0, 0, 60, 40]
    found = {shot.name: shot.told for shot in _telling(data, 8)}
    assert found["3.jpg"] == "rare: 1 in all"
    assert (found["1.jpg"], found["2.jpg"]) == ("common: 5 in all", "largest box")
    assert found["4.jpg"] == "most boxes"
    assert "no box" in found.values()
    assert len(found) == 8


def test_an_empty_data_set_has_none_and_few_are_all() -> None:
    assert _telling(coco(images=0, boxes=[]), 5) == ()
    assert len(_telling(coco(images=2, boxes=[]), 5)) == 2
