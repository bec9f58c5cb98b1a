"""Rows that name another of their own list (``parent_id``) go on naming it, or lose the key and are
named.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe
from merging import kinds_found, merged

from coco_recipe.errors import StepError
from coco_recipe.running import stages

KEYS = ["parent_id", "parent", "parent_ids", "supercategory_id", "parent_category_id"]


def _ran(tmp_path: Path, data: dict[str, Any], use: str, **params: Any) -> dict[str, Any]:
    step = {"id": "x", "use": use, "in": "raw", "with": params}
    stages.run(stages.prepare(write_recipe(tmp_path, [step], data)), out=tmp_path / "out")
    out: dict[str, Any] = json.loads((tmp_path / "out/steps/x/dataset.json").read_text("utf-8"))
    return out


def _tree(key: str, above: str, below: str, first: int = 1, second: int = 2) -> dict[str, Any]:
    data = coco(1, [], [above, below])
    data["categories"][0]["id"], data["categories"][1]["id"] = first, second
    data["categories"][1][key] = [first] if key.endswith("s") else first
    return data


def _parents(data: dict[str, Any], key: str) -> list[Any]:
    return [row.get(key) for row in data["categories"]]


@pytest.mark.parametrize("key", KEYS)
def test_the_parent_of_a_category_follows_in_merge_and_reindex(key: str, tmp_path: Path) -> None:
    def written(one: int) -> Any:
        return [one] if key.endswith("s") else one

    data = merged(tmp_path, _tree(key, "animal", "dog"), _tree(key, "vehicle", "car"))
    assert [(row["id"], row.get(key)) for row in data["categories"]] == [
        (1, None),
        (2, written(1)),
        (3, None),
        (4, written(3)),
    ]
    data = _ran(tmp_path, _tree(key, "animal", "dog", 5, 9), "reindex", categories=0)
    assert _parents(data, key) == [None, written(0)]


def test_a_tree_that_two_files_number_otherwise_is_one(tmp_path: Path) -> None:
    data = merged(
        tmp_path, _tree("parent_id", "animal", "dog"), _tree("parent_id", "animal", "dog", 2, 1)
    )
    assert _parents(data, "parent_id") == [None, 1]
    assert "category_keys_differ" not in kinds_found(tmp_path)


@pytest.mark.parametrize("key", KEYS)
def test_a_category_whose_parent_is_dropped_loses_it_and_is_named(key: str, tmp_path: Path) -> None:
    data = _ran(tmp_path, _tree(key, "animal", "dog"), "filter_categories", keep=["dog"])
    assert not _parents(data, key)[0]
    assert "references_left_out" in kinds_found(tmp_path)


def test_a_parent_follows_a_category_that_is_joined_and_is_never_itself(tmp_path: Path) -> None:
    data = _tree("parent_id", "animal", "dog")
    data["categories"].append({"id": 3, "name": "puppy", "parent_id": 2})
    out = _ran(tmp_path, data, "map_categories", map={"dog": "animal"})
    assert [(row["name"], row.get("parent_id")) for row in out["categories"]] == [
        ("animal", None),
        ("puppy", 1),
    ]
    data["categories"].reverse()
    out = _ran(tmp_path, data, "map_categories", map={"dog": "pup", "puppy": "pup"})
    assert [(row["id"], row["name"], row.get("parent_id")) for row in out["categories"]] == [
        (3, "pup", None),
        (1, "animal", None),
    ]
    assert "references_left_out" in kinds_found(tmp_path)


def _part_of(parent: Any) -> dict[str, Any]:
    data = coco(2, [(1, 1), (2, 1)], ["car"])
    data["annotations"][1]["parent_id"] = data["images"][1]["parent_id"] = parent
    return data


def test_annotations_and_images_name_their_own(tmp_path: Path) -> None:
    data = merged(tmp_path, _part_of(1), _part_of(1))
    for rows in (data["images"], data["annotations"]):
        assert [row.get("parent_id") for row in rows] == [None, 1, None, 3]
    data = _part_of(1)
    for row, fresh in zip(data["annotations"], (7, 8), strict=True):
        row["id"] = fresh
    data["annotations"][1]["parent_id"] = 7
    assert _ran(tmp_path, data, "reindex")["annotations"][1]["parent_id"] == 1


def test_one_that_its_file_lacks_is_refused_in_merge_and_left_out_in_reindex(
    tmp_path: Path,
) -> None:
    other = _part_of(None)
    other["annotations"].append(other["annotations"][0] | {"id": 9})
    data = _part_of(1)
    data["annotations"][1]["parent_id"] = 9
    with pytest.raises(
        StepError,
        match=re.escape(
            "annotation 2 of b has parent_id 9, which is not in its 'annotations'; another "
            "data set has this id"
        ),
    ):
        merged(tmp_path, other, data)
    data = _part_of(1)
    data["annotations"][0]["id"], data["annotations"][1]["id"] = 5, 6
    out = _ran(tmp_path, data, "reindex")
    assert ["parent_id" in row for row in out["annotations"]] == [False, False]
    assert "references_left_out" in kinds_found(tmp_path)
