"""Figures of a data set agree with a plain count, and the error with drawing images anew."""

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from builders import coco
from coco_recipe_report.seen.columns import columns_of
from coco_recipe_report.seen.figures import GRID, figures_of

from coco_recipe.testing import dataset


def _data(images: int, boxes: int, seed: int = 0) -> dict[str, Any]:
    draw = random.Random(seed)
    rows = [(draw.randint(1, images), draw.choice((1, 1, 1, 2, 3))) for _ in range(boxes)]
    return coco(images=images, boxes=rows, names=("a", "b", "c"))


def test_counts_are_those_of_a_plain_count() -> None:
    data = _data(40, 90)
    found = figures_of(columns_of(dataset(data)))
    classes = Counter("abc"[row["category_id"] - 1] for row in data["annotations"])
    assert {name: one.boxes for name, one in found.classes.items()} == classes
    assert (found.images, found.boxes) == (40, 90)
    on = {row["image_id"] for row in data["annotations"]}
    assert found.negatives == 40 - len(on)
    pairs = {(row["image_id"], row["category_id"]) for row in data["annotations"]}
    assert found.classes["a"].images == sum(class_ == 1 for _, class_ in pairs)
    both = sum({(image, 1), (image, 2)} <= pairs for image in on)
    assert found.together["a", "b"] == found.together["b", "a"] == both


def test_the_error_is_that_of_drawing_other_images() -> None:
    data = _data(300, 900)
    found = figures_of(columns_of(dataset(data))).classes["b"]
    counts = np.zeros((301, 4))
    for row in data["annotations"]:
        counts[row["image_id"], row["category_id"]] += 1
    draws = np.random.default_rng(0).integers(1, 301, (3000, 300))
    of_draws = counts[draws].sum(axis=1)
    assert found.error == pytest.approx((of_draws[:, 2] / of_draws.sum(axis=1)).std(), rel=0.06)


def test_sizes_count_every_box_with_an_area_and_places_their_middles() -> None:
    data = coco(boxes=[(1, 1)] * 5)
    boxes = ([0, 0, 4, 4], [20, 20, 8, 8], [63, 47, 2, 2], [-900, 0, 1, 1], [0, 0, 0, 5])
    for row, box in zip(data["annotations"], boxes, strict=True):
        row["bbox"] = box
    found = figures_of(columns_of(dataset(data)))
    assert {n: count for n, count in enumerate(found.sizes) if count} == {0: 1, 2: 1, 4: 1, 6: 1}
    assert found.small == 1
    assert sum(map(sum, found.places)) == 5
    assert found.places[GRID - 1][GRID - 1] == 1


def test_rows_of_no_image_or_no_class_are_boxes_and_no_more() -> None:
    data = coco(boxes=[(1, 1), (9, 1), (2, 9)])
    del data["annotations"][0]["bbox"]
    found = figures_of(columns_of(dataset(data)))
    assert found.boxes == 3
    assert sum(one.boxes for one in found.classes.values()) == 1
    assert figures_of(columns_of(dataset(coco(images=0, boxes=[])))).images == 0
