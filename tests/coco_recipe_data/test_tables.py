"""merge and numbers under keys that no table lists: a file's own, shared, or names of rows that
nobody says.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from builders import coco
from merging import kinds_found, merged

from coco_recipe.errors import StepError


def _with(key: str, *values: Any, **extra: Any) -> dict[str, Any]:
    data = coco(len(values), [(n, 1) for n in range(1, len(values) + 1)], ["car"], **extra)
    for row, value in zip(data["annotations"], values, strict=True):
        row[key] = value
    return data


def _under(data: dict[str, Any], key: str) -> list[Any]:
    return [row[key] for row in data["annotations"]]


@pytest.mark.parametrize(
    "key",
    [
        "object_id",
        "obj_id",
        "person_id",
        "player_id",
        "tracking_id",
        "seq_id",
        "group_id",
        "track",
        "instance",
        "identity",
        "target_person_id",
        "track_id",
    ],
)
def test_numbers_of_one_file_are_renumbered_where_two_share_one(key: str, tmp_path: Path) -> None:
    data = merged(tmp_path, _with(key, 1, 2), _with(key, 2, 2, -1), _with(key, 9, 1))
    assert _under(data, key) == [1, 2, 10, 10, -1, 9, 11]
    assert "ids_shared" not in kinds_found(tmp_path)


def test_lists_and_mappings_follow_and_texts_of_the_world_stay(tmp_path: Path) -> None:
    data = merged(tmp_path, _with("object_ids", [1, 2]), _with("object_ids", [2, 1]))
    assert _under(data, "object_ids") == [[1, 2], [4, 3]] or _under(data, "object_ids") == [
        [1, 2],
        [3, 4],
    ]
    data = merged(
        tmp_path, _with("attributes", {"player_id": 1}), _with("attributes", {"player_id": 1})
    )
    assert _under(data, "attributes") == [{"player_id": 1}, {"player_id": 2}]
    data = merged(tmp_path, _with("object_id", "n0123"), _with("object_id", "n0123"))
    assert _under(data, "object_id") == ["n0123", "n0123"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("class_id", 1),
        ("dataset_id", 1),
        ("coco_id", 1),
        ("frame_id", 0),
        ("wikidata_id", 42),
        ("geoname_id", 2950159),
    ],
)
def test_numbers_of_the_world_stay_without_a_word(key: str, value: int, tmp_path: Path) -> None:
    data = merged(tmp_path, _with(key, value), _with(key, value))
    assert _under(data, key) == [value, value]
    assert "ids_shared" not in kinds_found(tmp_path)


@pytest.mark.slow
def test_other_keys_are_found_until_the_recipe_says_what_they_are(tmp_path: Path) -> None:
    files = _with("rider_id", 1, 2), _with("rider_id", 2, 3)
    assert _found_of(tmp_path, *files) == (["ids_shared"], [1, 2, 2, 3])
    assert _found_of(tmp_path, *files, ids={"rider_id": "shared"}) == ([], [1, 2, 2, 3])
    assert _found_of(tmp_path, *files, ids={"rider_id": "own"}) == ([], [1, 2, 4, 3])
    with pytest.raises(StepError, match="no row has the key 'ridder_id'; did you mean 'rider_id'"):
        merged(tmp_path, *files, ids={"ridder_id": "own"})


def _found_of(tmp_path: Path, *files: dict[str, Any], **params: Any) -> tuple[list[str], list[Any]]:
    data = merged(tmp_path, *files, **params)
    return kinds_found(tmp_path), _under(data, "rider_id")


def _related(**keys: Any) -> dict[str, Any]:
    data = coco(2, [(1, 1), (2, 1)], ["car"], relationships=[{"id": 1, **keys}])
    return data


@pytest.mark.parametrize(
    "keys",
    [
        ("subject_id", "object_id"),
        ("source_id", "target_id"),
        ("subject", "object"),
        ("from_id", "to_id"),
    ],
)
def test_relations_are_never_joined_in_silence(keys: tuple[str, str], tmp_path: Path) -> None:
    first, second = keys
    listed = ", ".join(sorted(keys))
    row = {first: 1, second: 2}
    with pytest.raises(
        StepError, match=re.escape(f"it is not known what {listed} name: ids of b change")
    ) as told:
        merged(tmp_path, _related(**row), _related(**row))
    assert f"tables: {{annotations: [{listed}]}}" in str(told.value)
    data = merged(
        tmp_path,
        _related(**row),
        _related(**row),
        tables={"annotations": list(keys), "relationships": []},
    )
    assert data["relationships"] == [{"id": 1, **row}, {"id": 2, first: 3, second: 4}]


@pytest.mark.parametrize("key", ["pair_id", "ref_id"])
def test_a_key_of_another_row_is_refused_until_told(key: str, tmp_path: Path) -> None:
    with pytest.raises(
        StepError, match=f"annotation 1 of b has {key} 2, and it is not known what {key} names"
    ):
        merged(tmp_path, _with(key, 2, 1), _with(key, 2, 1))
    data = merged(tmp_path, _with(key, 2, 1), _with(key, 2, 1), tables={"annotations": key})
    assert _under(data, key) == [2, 1, 4, 3]


@pytest.mark.slow
def test_a_relation_within_a_row_is_refused_or_followed(tmp_path: Path) -> None:
    files = [_with("relation", {"subject_id": 1, "object_id": 2}, None) for _ in "ab"]
    with pytest.raises(StepError, match="annotation 1 of b has object_id 2"):
        merged(tmp_path, *files)
    data = merged(tmp_path, *files, tables={"annotations": ["subject_id", "object_id"]})
    assert _under(data, "relation")[2] == {"subject_id": 3, "object_id": 4}


def test_rows_of_tables_that_name_annotations_follow(tmp_path: Path) -> None:
    files = [coco(1, [(1, 1)], ["car"], notes=[{"id": 1, "annotation_id": 1}]) for _ in "ab"]
    assert merged(tmp_path, *files, tables={"notes": []})["notes"] == [
        {"id": 1, "annotation_id": 1},
        {"id": 2, "annotation_id": 2},
    ]


def test_equal_lists_without_ids_whose_rows_name_others_are_found(tmp_path: Path) -> None:
    files = [
        coco(1, [(1, 1)], ["car"], relations=[{"subject_id": 1, "object_id": 1}]) for _ in "ab"
    ]
    merged(tmp_path, *files)
    assert kinds_found(tmp_path) == ["top_level_keys_differ"]
