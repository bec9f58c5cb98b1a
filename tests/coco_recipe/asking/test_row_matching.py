"""Boxes and pictures find their like, each at most once."""

import random

import msgspec
import pytest

from coco_recipe import coco_json
from coco_recipe.asking import row_matching as matching
from coco_recipe.dataset import Annotation
from coco_recipe.testing import coco


def _rows(boxes: list[tuple[float, float, float, float]]) -> list[Annotation]:
    return [Annotation(n, 1, 1, box) for n, box in enumerate(boxes)]


def test_the_sweep_finds_every_pair_that_overlaps_enough() -> None:
    chance = random.Random(5)

    def drawn(n: int) -> list[Annotation]:
        return _rows(
            [
                (chance.uniform(0, 60), chance.uniform(0, 60), *(chance.uniform(1, 40),) * 2)
                for _ in range(n)
            ]
        )

    old, new = drawn(60), drawn(70)
    plain = {
        (n, m)
        for n, one in enumerate(old)
        for m, other in enumerate(new)
        if matching.iou_of(one.bbox, other.bbox) >= matching.LEAST_IOU  # type: ignore[arg-type]
    }
    assert plain
    assert {(n, m) for n, m, _ in matching.overlaps(old, new)} == plain


def test_overlap_and_shift_are_those_of_areas_and_edges() -> None:
    assert matching.iou_of((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert matching.iou_of((0, 0, 0, 0), (0, 0, 0, 0)) == 1
    assert matching.iou_of((0, 0, 1, 1), (1, 0, 1, 1)) == 0
    assert matching.shift_of((0, 0, 10, 10), (1, 0, 5, 10)) == 4


def test_rows_of_an_equal_key_are_taken_out_those_of_one_id_first() -> None:
    rest = _rows([(0, 0, 1, 1), (0, 0, 1, 1), (5, 5, 1, 1)]), _rows([(0, 0, 1, 1)])[:1]
    rest[1][0] = msgspec.structs.replace(rest[1][0], id=1)
    ((one, other),) = matching.taken(rest, lambda row: row.bbox, lambda row: row.bbox)
    assert (one.id, other.id) == (1, 1)
    assert [row.id for row in rest[0]] == [0, 2]
    assert rest[1] == []


def test_pictures_of_one_name_are_paired_in_their_order() -> None:
    data = coco(images=3, boxes=[(1, 1)])
    data["images"][1]["file_name"] = "1.jpg"
    part = coco_json.parse(msgspec.json.encode(data))
    old, new = (list(matching.pictures({"": part})) for _ in range(2))
    pairs = matching.pairs_of(old, new)
    assert [(was.image.id, now.image.id) for was, now in pairs] == [(1, 1), (2, 2), (3, 3)]
