"""Segmentations are checked by the thousand, with the findings that a look at each row alone
has.
"""

import json
import random
from typing import Any

import pytest
from builders import coco

pytest.importorskip("numpy")

from coco_recipe_pictures.checks import mask_checks

from coco_recipe import coco_json

TRIANGLE = [1, 2, 11, 2, 11, 12]
FORMS: list[Any] = [
    None,
    "none",
    [],
    [[]],
    [TRIANGLE],
    [TRIANGLE, [1, 2, 3, 4]],
    [[1, 2, 3]],
    TRIANGLE,
    [[[1, 2], [3, 4], [5, 6]]],
    {},
    {"size": [48, 64], "counts": [100, 10, 2962]},
    {"size": [48, 64], "counts": [1]},
    {"size": [9, 9], "counts": [81]},
    {"size": [48, 64], "counts": "x!"},
    "text",
    [[1e30] * 6],
    [[-5.5, 2, 700, 2, 700, 12]],
    [["1", "2", "3", "4", "5", "6"]],
    [[1.25, 2.5, 11, 2, 11, 12.75]],
    7,
]


@pytest.mark.parametrize("seed", range(6))
def test_rows_are_judged_alone_however_many_are_looked_at_together(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    data = coco(2, [(rng.choice((1, 2)), 1) for _ in range(60)])
    forms = (
        FORMS if seed % 2 else [[TRIANGLE], [[0, 0, 30, 0, 30, 30]], []]
    )  # all of one form go another way
    for row in data["annotations"]:
        row |= {"segmentation": rng.choice(forms), "iscrowd": rng.choice((0, 0, 1))}
        if row["segmentation"] == "none":
            del row["segmentation"]
        for key in ("bbox", "area", "iscrowd"):
            if rng.random() < 0.1:
                del row[key]
    dataset = coco_json.parse(json.dumps(data).encode())
    together = list(mask_checks.check(dataset, "raw"))
    monkeypatch.setattr(mask_checks, "CHUNK", 1)
    alone = list(mask_checks.check(dataset, "raw"))
    assert {one.kind.name: one.count for one in together} == {
        one.kind.name: one.count for one in alone
    }
    rows, lonely = (
        {(one.kind.name, str(row)) for one in found if one.count <= 5 for row in one.first}
        for found in (together, alone)
    )
    assert rows == lonely
    assert len(together) >= (3 if seed % 2 else 1)
