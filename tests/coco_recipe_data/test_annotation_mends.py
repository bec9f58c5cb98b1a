"""Each mend of an annotation alone: what it makes, and where it leaves a row as it is."""

from typing import Any

import msgspec
import pytest
from coco_recipe_data import annotation_mends as mends
from msgspec import Raw

from coco_recipe import Annotation

L_SHAPE = [[0, 0, 10, 0, 10, 5, 5, 5, 5, 10, 0, 10]]  # 75 of 100 square pixels


def _row(segmentation: Any = None, **keys: Any) -> Annotation:
    found = {} if segmentation is None else {"segmentation": Raw(msgspec.json.encode(segmentation))}
    return Annotation(id=7, image_id=1, category_id=2, **found, **keys)


def test_the_box_comes_from_the_segmentation_only_where_they_differ_by_over_a_pixel() -> None:
    mend = mends.mended_box(_row(L_SHAPE, bbox=(3, 3, 10, 10)))
    assert mend
    assert (mend[0], mend[1], mend[2]) == ("bbox", [3, 3, 10, 10], [0, 0, 10, 10])
    assert mend[3].bbox == (0, 0, 10, 10)
    assert mends.mended_box(_row(L_SHAPE, bbox=(0.9, 0, 10, 10))) is None
    assert mends.mended_box(_row([[0, 0, 4, 4]], bbox=(3, 3, 10, 10))) is None


@pytest.mark.parametrize(
    ("segmentation", "keys", "area"),
    [
        (L_SHAPE, {"area": 100}, 75),
        (L_SHAPE, {"area": 75.5}, None),
        (L_SHAPE, {}, 75),
        (None, {"area": 1, "bbox": (0, 0, 4, 5)}, 20),
        (None, {"area": 1, "bbox": (0, 0, 0, 5)}, None),
        (None, {"area": 1}, None),
    ],
)
def test_the_area_comes_from_the_segmentation_or_else_the_box(
    segmentation: Any, keys: dict[str, Any], area: float | None
) -> None:
    mend = mends.mended_area(_row(segmentation, **keys))
    assert (mend and mend[2]) == area
    assert not mend or mend[3].area == area


def test_crowds_are_made_of_the_named_categories_alone() -> None:
    assert mends.made_crowd(_row(), frozenset({3})) is None
    assert mends.made_crowd(_row(iscrowd=1), frozenset({2})) is None
    mend = mends.made_crowd(_row(iscrowd=0), frozenset({2}))
    assert mend
    assert (mend[1], mend[3].iscrowd) == (0, 1)


def test_only_a_missing_crowd_flag_is_filled() -> None:
    assert mends.filled_crowd(_row(iscrowd=1)) is None
    assert mends.filled_crowd(_row(iscrowd=0)) is None
    mend = mends.filled_crowd(_row())
    assert mend
    assert (mend[2], mend[3].iscrowd) == (0, 0)


def test_a_form_is_mended_once() -> None:
    mend = mends.mended_segmentation(_row(L_SHAPE[0]), "flat_to_list")
    assert mend
    assert mend[2] == L_SHAPE
    assert mends.mended_segmentation(mend[3], "flat_to_list") is None
