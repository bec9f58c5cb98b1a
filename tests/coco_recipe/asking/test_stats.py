"""Figures of data sets are those of a plain count."""

import random
import statistics
from collections import Counter
from typing import Any

import pytest
from builders import coco

from coco_recipe.asking import quick_rows, stats
from coco_recipe.testing import dataset


def _figures(*parts: dict[str, Any]) -> stats.Figures:
    return stats.figures(
        {f"part{n}": quick_rows.of_dataset(dataset(part)) for n, part in enumerate(parts)}
    )


def _random(seed: int) -> dict[str, Any]:
    drawn = random.Random(seed)
    data = coco(
        images=40, boxes=[(drawn.randint(1, 30), drawn.choice([1, 1, 2])) for _ in range(99)]
    )
    for image in data["images"]:
        image["width"] = drawn.choice([640, 4096])
    for row in data["annotations"]:
        row["bbox"] = [0, 0, drawn.choice([5, 31.9, 32, 64, 96, 200.1]), drawn.choice([32, 96, 3])]
        row["iscrowd"] = drawn.choice([0, 0, 1])
    return data


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_a_plain_count(seed: int) -> None:
    data = _random(seed)
    found = _figures(data)
    rows = data["annotations"]
    on = Counter(row["image_id"] for row in rows)
    areas = [row["bbox"][2] * row["bbox"][3] for row in rows]
    assert found.whole.images == 40
    assert found.whole.negatives == sum(image["id"] not in on for image in data["images"])
    assert found.whole.crowds == sum(row["iscrowd"] for row in rows)
    assert found.whole.small == sum(area < 1024 for area in areas)
    assert found.whole.large == sum(area >= 9216 for area in areas)
    assert found.whole.small + found.whole.medium + found.whole.large == len(rows)
    assert found.whole.width.median == statistics.median_low(row["bbox"][2] for row in rows)
    assert found.whole.height.most == max(row["bbox"][3] for row in rows)
    of_cats = [row for row in rows if row["category_id"] == 1]
    assert found.classes[0].boxes == len(of_cats)
    assert found.classes[0].images == len({row["image_id"] for row in of_cats})
    assert found.boxes_per_image.most == max(on.values())
    both = [i for i in on if {r["category_id"] for r in rows if r["image_id"] == i} == {1, 2}]
    assert [(pair.classes, pair.images) for pair in found.together] == [(("cat", "dog"), len(both))]
    sizes = Counter(image["width"] for image in data["images"])
    assert {size.width: size.images for size in found.sizes} == sizes
    assert sum(size.boxes for size in found.sizes) == len(rows)


def test_parts_are_added_and_classes_joined_by_name() -> None:
    one, other = coco(), coco(names=("dog", "cat"), boxes=[(1, 1), (1, 2), (2, 2)])
    found = _figures(one, other)
    assert [(part.images, part.boxes) for part in found.parts] == [(3, 2), (3, 3)]
    assert (found.whole.images, found.whole.boxes, found.whole.negatives) == (6, 5, 2)
    assert {row.name: (row.id, row.boxes, row.images) for row in found.classes} == {
        "cat": (None, 3, 3),
        "dog": (None, 2, 2),
    }


def test_a_class_without_a_box_and_a_box_without_a_class_are_told() -> None:
    data = coco(names=("cat", "dog", "cow"))
    data["annotations"][0]["category_id"] = 77
    found = {row.name: row.boxes for row in _figures(data).classes}
    assert found == {"cat": 0, "dog": 1, "cow": 0, "category 77": 1}


def test_boxes_without_a_height_have_no_aspect() -> None:
    data = coco()
    data["annotations"][0]["bbox"] = [1, 2, 10, 0]
    found = _figures(data).whole
    assert found.aspect.median == 1
    assert (found.small, found.height.least) == (2, 0)


def test_ids_may_be_hashes_of_more_than_64_bits_and_images_may_be_missing() -> None:
    data = coco()
    data["images"][0]["id"] = data["annotations"][0]["image_id"] = 2**70
    data["annotations"][1]["image_id"] = 2**71  # of no image
    found = _figures(data, coco())
    one = data["annotations"][0]["category_id"]
    assert found.whole.images == 6
    assert [group.negatives for group in found.parts] == [2, 1]
    assert next(group for group in found.classes if group.id == one).images == 2


def test_nothing_at_all_is_no_crash() -> None:
    found = _figures(coco(images=0, boxes=(), names=()))
    assert (found.whole.images, found.classes, found.sizes) == (0, (), ())
    assert found.whole.share == 0


def test_licenses_are_counted_by_name() -> None:
    data = coco(licenses=[{"id": 1, "name": "CC0"}, {"id": 2, "name": ""}])
    for image, license_ in zip(data["images"], (1, 2, 9), strict=True):
        image["license"] = license_
    assert _figures(data).licenses == {"CC0": 1, "2": 1, "9": 1}


def test_forms_of_segmentations_are_counted() -> None:
    data = coco(boxes=[(1, 1)] * 4)
    for row, form in zip(
        data["annotations"],
        ([[1, 2, 3, 4, 5, 6]], {"size": [48, 64], "counts": [9, 3063]}, [], None),
        strict=True,
    ):
        row["segmentation"] = form
    data["annotations"][0]["keypoints"] = [1, 2, 2]
    found = _figures(data).whole
    assert (found.polygons, found.masks, found.keypoints) == (1, 1, 1)
