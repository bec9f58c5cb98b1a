"""The ids that rows have under keys of references, and which of them a merge refuses."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import coco
from coco_recipe_data.uses import Use, check_named, refuse_dangling, unnamed, uses_of

from coco_recipe import Dataset, Misfit, coco_json

TRACKS: dict[str, list[dict[str, Any]]] = {"tracks": [{"id": 4, "video_id": 2, "length": 9}]}


def _part(tmp_path: Path, **keys: Any) -> Dataset:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= keys
    (tmp_path / "raw.json").write_bytes(msgspec.json.encode(data))
    return coco_json.load(tmp_path / "raw.json", home="raw")


def test_ids_are_found_in_rows_mappings_lists_and_tables(tmp_path: Path) -> None:
    part = _part(tmp_path, track_id=3, attributes={"video_ids": [1, 2]}, who="x", colour="red")
    assert uses_of(part, TRACKS, ["who"]) == [
        Use("annotation 1", "track_id", 3),
        Use("annotation 1", "video_ids", 1),
        Use("annotation 1", "video_ids", 2),
        Use("annotation 1", "who", "x"),
        Use("row 4 of 'tracks'", "video_id", 2, "tracks"),
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (8, "has track_id 8, which is not in its 'tracks'; another data set has this id"),
        ("1", "has track_id '1', and the id in 'tracks' is 1: it gets another one"),
    ],
)
def test_what_would_mean_another_thing_is_refused(value: Any, message: str, tmp_path: Path) -> None:
    uses = [Use("annotation 1", "track_id", value)]
    with pytest.raises(ValueError, match=f"^annotation 1 of raw {message}"):
        refuse_dangling(_part(tmp_path), "tracks", ["track_id"], uses, {1, 8}, {1: 9})


def test_what_no_data_set_has_dangles_on(tmp_path: Path) -> None:
    uses = [Use("annotation 1", "track_id", 7), Use("annotation 1", "video_id", 8)]
    refuse_dangling(_part(tmp_path), "tracks", ["track_id"], uses, {1, 8}, {1: 9})


def test_a_table_is_complained_of_only_if_its_ids_change_and_nothing_names_them(
    tmp_path: Path,
) -> None:
    part = _part(tmp_path)
    keys = {"tracks": ["track_id"]}
    (told,) = unnamed("tracks", keys, [part], [[]], [{1: 9}])
    assert "the row 1 of 'tracks' of raw" in told.what
    assert not list(unnamed("tracks", keys, [part], [[]], [{1: 1}]))
    named = [Use("annotation 1", "next_track_id", 1)]
    assert not list(unnamed("tracks", keys, [part], [named], [{1: 9}]))


def test_every_strange_name_is_told_at_once(tmp_path: Path) -> None:
    part = _part(tmp_path, track_id=1)
    uses = [uses_of(part, {}, [])]
    with pytest.raises(Misfit) as told:
        check_named([part], {"trakcs": ["x"]}, {"track_ids": "own"}, {"tracks": []}, uses)
    assert [one.path for one in told.value.complaints] == [
        ("tables", "trakcs"),
        ("ids", "track_ids"),
    ]
    check_named([part], {"tracks": ["track_id"]}, {"track_id": "own"}, {"tracks": []}, uses)
