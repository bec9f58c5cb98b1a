"""The geometry of a row, and the rows that can't be moved."""

from typing import Any

import pytest

pytest.importorskip("albumentations")

from coco_recipe_pictures.geometry.instances import check, instance

from coco_recipe.testing import coco, dataset


def _data(**keys: Any) -> Any:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= keys
    return dataset(data)


@pytest.mark.parametrize(
    ("keys", "box", "segmentation"),
    [
        ({}, (1, 2, 10, 10), None),
        ({"segmentation": []}, (1, 2, 10, 10), None),
        ({"segmentation": [[1, 1, 2, 2, 3, 3]]}, (1, 2, 10, 10), None),
        ({"segmentation": {"size": [48, 64], "counts": [3072]}}, (1, 2, 10, 10), None),
        ({"segmentation": [[1, 2, 11, 2, 11, 12]]}, (1, 2, 10, 10), [[1, 2, 11, 2, 11, 12]]),
    ],
)
def test_what_has_no_area_is_as_good_as_absent(keys: Any, box: Any, segmentation: Any) -> None:
    found = instance(_data(**keys).annotations[0], {})
    assert found
    assert (found.bbox, found.segmentation) == (box, segmentation)


def test_a_row_without_a_place_has_none() -> None:
    data = coco(1, [(1, 1)])
    del data["annotations"][0]["bbox"]
    assert instance(dataset(data).annotations[0], {}) is None


@pytest.mark.parametrize(
    "keys",
    [
        {"bbox": [60, 2, 10, 10]},
        {"bbox": [1, 2, 2e6, 10]},
        {"segmentation": {"size": [64, 48], "counts": [3072]}},
        {"segmentation": [[1, 2, 2e6, 2, 11, 12]]},
    ],
)
def test_what_cannot_be_moved_is_named(keys: dict[str, Any]) -> None:
    data = _data(**keys)
    with pytest.raises(ValueError, match=r"^1 row can't be augmented: annotation 1"):
        check(data.annotations_of(), data.images, {})
    sound = _data()
    check(sound.annotations_of(), sound.images, {})
