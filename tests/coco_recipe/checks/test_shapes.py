"""Segmentations of other forms, with too few points, or of no area; flags of crowds."""

import json
from typing import Any

import pytest
from rows_found import Find, changed, rows_found

from coco_recipe import coco_json
from coco_recipe.checks import shapes
from coco_recipe.checks.rows import Rows
from coco_recipe.testing import coco

SQUARE = [[1, 2, 11, 2, 11, 12, 1, 12]]


@pytest.mark.parametrize(
    ("find", "segmentation"),
    [
        (shapes.segmentation_forms("flat"), SQUARE[0]),
        (shapes.segmentation_forms("pairs"), [[1, 2], [11, 2], [11, 12]]),
        (shapes.segmentation_forms("texts"), [["1", "2", "11", "2", "11", "12"]]),
        (shapes.segmentation_forms("other"), {"polygon": SQUARE}),
        (shapes.segmentation_forms("other"), [SQUARE[0] * 9, 7]),
        (shapes.short_polygons, [*SQUARE, [1, 2, 3, 4]]),
        (shapes.flat_segmentations, [[1, 1, 2, 2, 3, 3, 4, 4]]),
        (shapes.flat_segmentations, {"size": [48, 64], "counts": [48 * 64]}),
    ],
)
def test_a_wrong_shape_is_found(find: Find, segmentation: Any) -> None:
    data = changed("annotations", {}, {"segmentation": segmentation})
    assert rows_found(find, data) == ["annotation 2"]


@pytest.mark.parametrize(
    "find",
    [
        *map(shapes.segmentation_forms, ("flat", "pairs", "texts", "other")),
        shapes.short_polygons,
        shapes.flat_segmentations,
    ],
)
@pytest.mark.parametrize(
    "segmentation", [SQUARE, {"size": [48, 64], "counts": [0, 48 * 64]}, []], ids=str
)
def test_a_sound_one_is_none(find: Find, segmentation: Any) -> None:
    assert not rows_found(find, changed("annotations", {"segmentation": segmentation}))


@pytest.mark.parametrize(
    ("number", "is_huge"),
    [
        (1e9, True),
        (-1e9, True),
        (10**12, True),
        (1e16, True),
        (1_000_000.5, True),
        (1e6, False),
        (999_999.123456789, False),
        (1.5e-12, False),
        (0.00000001, False),
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_a_vertex_that_no_picture_has_is_told(
    number: float, is_huge: bool, indent: int | None
) -> None:
    data = changed("annotations", {"segmentation": [[1, 2, 3, 20], [number, 2, 30, 4, 4, 5]]})
    text = json.dumps(data, indent=indent).encode()
    rows = Rows(coco_json.of_top(coco_json.decode_top(text, "a.json"), name="a.json"))
    assert [row.name for row in shapes.huge_polygons(rows)] == ["annotation 1"] * is_huge


@pytest.mark.parametrize(
    "segmentation", [{"size": [48, 64], "counts": "1234567e"}, [["1e9", 2]], [1e9] * 6, []], ids=str
)
def test_only_polygons_have_vertices(segmentation: Any) -> None:
    data = changed("annotations", {"segmentation": segmentation})
    assert not rows_found(shapes.huge_polygons, data)


@pytest.mark.parametrize(("flag", "is_wrong"), [(0, False), (1, False), (2, True), (-1, True)])
def test_a_crowd_is_0_or_1(flag: int, is_wrong: bool) -> None:
    data = changed("annotations", {"iscrowd": flag})
    assert rows_found(shapes.crowd_flags, data) == ["annotation 1"] * is_wrong
    assert not rows_found(shapes.crowd_flags, coco())
