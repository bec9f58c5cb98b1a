"""Ids of categories, images and annotations under keys of their own, as LVIS's neg_category_ids, go
with the ids.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe.running import stages


def _out(
    tmp_path: Path, *steps: dict[str, Any], inputs: dict[str, Any] | None = None
) -> dict[str, Any]:
    path = write_recipe(
        tmp_path,
        [
            *steps,
            {
                "id": "d",
                "use": "export_coco",
                "in": {"all": steps[-1]["id"]},
                "with": {"images": "none"},
            },
        ],
        inputs=inputs or {"raw": {"annotations": "raw.json"}},
    )
    stages.run(stages.prepare(path), out=tmp_path / "out", jobs=1)
    found: dict[str, Any] = json.loads(
        next((tmp_path / "out/steps/d").rglob("instances_all.json")).read_text()
    )
    return found


def _lvis() -> dict[str, Any]:
    data = coco(2, [(1, 1), (2, 2)])
    for row, other in zip(data["images"], (2, 1), strict=True):
        row |= {"neg_category_ids": [other], "next_image_id": other}
    return data


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"use": "reindex", "with": {"categories": 0, "images": 0}}, [([1], 1), ([0], 0)]),
        ({"use": "filter_categories", "with": {"drop": ["dog"]}}, [([], 2), ([1], 1)]),
        ({"use": "map_categories", "with": {"map": {"dog": "cat"}}}, [([1], 2), ([1], 1)]),
    ],
)
def test_a_step_follows_them(step: dict[str, Any], expected: list[Any], tmp_path: Path) -> None:
    (tmp_path / "raw.json").write_text(json.dumps(_lvis()))
    out = _out(tmp_path, {"id": "x", "in": "raw", **step})
    assert [(row["neg_category_ids"], row["next_image_id"]) for row in out["images"]] == expected


def test_merge_follows_them(tmp_path: Path) -> None:
    other = _lvis()
    other["categories"] = [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}]
    for row in other["images"]:
        row["file_name"] = f"b{row['file_name']}"
    (tmp_path / "a.json").write_text(json.dumps(_lvis()))
    (tmp_path / "b.json").write_text(json.dumps(other))
    out = _out(
        tmp_path,
        {"id": "m", "use": "merge", "in": ["a", "b"]},
        inputs={name: {"annotations": f"{name}.json"} for name in ("a", "b")},
    )
    names = {category["id"]: category["name"] for category in out["categories"]}
    files = {image["id"]: image["file_name"] for image in out["images"]}
    told = {
        image["file_name"]: (names[image["neg_category_ids"][0]], files[image["next_image_id"]])
        for image in out["images"]
    }
    assert told == {
        "1.jpg": ("dog", "2.jpg"),
        "2.jpg": ("cat", "1.jpg"),
        "b1.jpg": ("cat", "b2.jpg"),
        "b2.jpg": ("dog", "b1.jpg"),
    }


def test_an_image_that_denies_a_joined_category_is_named(tmp_path: Path) -> None:
    data = coco(3, [(1, 2), (2, 2), (3, 3)], ["car", "van", "bus"])
    for row, others in zip(data["images"], ([1], [3], [1, 2]), strict=True):
        row["neg_category_ids"] = others
    (tmp_path / "raw.json").write_text(json.dumps(data))
    _out(
        tmp_path, {"id": "x", "use": "map_categories", "in": "raw", "with": {"map": {"van": "car"}}}
    )
    found = json.loads((tmp_path / "out/steps/x/manifest.json").read_text())["record"]["findings"]
    assert [(one["kind"], [row["row"] for row in one["first"]]) for one in found] == [
        ("negative_but_there", ["image 1 ('1.jpg')"])
    ]
