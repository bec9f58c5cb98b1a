"""merge and map_categories join what categories and tables mean: keypoints by name, rows with their
references.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco
from coco_recipe_data.merge import STEP
from merging import kinds_found, merged

from coco_recipe import Dataset
from coco_recipe.errors import StepError
from coco_recipe.testing import dataset, run_step


def _film(name: str, table: str = "videos", key: str = "video_id") -> dict[str, Any]:
    data = coco(2, [(1, 1), (2, 1)], ["car"], **{table: [{"id": 1, "name": name}]})
    for row in data["images"]:
        row |= {key: 1, "frame_id": row["id"] - 1, "flickr_id": 7}
    for row in data["annotations"]:
        row |= {"track_id": 1, "attributes": {"track_id": 1, "hidden": False}}
    return data


@pytest.mark.parametrize(
    ("table", "key"), [("videos", "video_id"), ("sequences", "sequence_id"), ("bodies", "body_id")]
)
def test_tables_are_joined_and_renumbered_with_what_refers_to_them(
    table: str, key: str, tmp_path: Path
) -> None:
    data = merged(tmp_path, _film("A", table, key), _film("B", table, key), _film("C", table, key))
    assert [(row["id"], row["name"]) for row in data[table]] == [(1, "A"), (2, "B"), (3, "C")]
    assert [row[key] for row in data["images"]] == [1, 1, 2, 2, 3, 3]
    assert [row["track_id"] for row in data["annotations"]] == [1, 1, 2, 2, 3, 3]
    assert [row["attributes"] for row in data["annotations"]] == [
        {"track_id": n, "hidden": False} for n in (1, 1, 2, 2, 3, 3)
    ]
    assert [(row["frame_id"], row["flickr_id"]) for row in data["images"]] == [(0, 7), (1, 7)] * 3


def test_tables_that_refer_to_tables_and_categories_follow(tmp_path: Path) -> None:
    files = []
    for name in "AB":
        data = _film(name)
        data["categories"] = [{"id": 1, "name": name}]
        data["tracks"] = [{"id": 1, "video_id": 1, "category_id": 1}]
        files.append(data)
    data = merged(tmp_path, *files)
    assert data["tracks"] == [
        {"id": 1, "video_id": 1, "category_id": 1},
        {"id": 2, "video_id": 2, "category_id": 2},
    ]
    assert [row["track_id"] for row in data["annotations"]] == [1, 1, 2, 2]


def test_a_film_that_two_files_share_is_one_and_so_are_its_tracks(tmp_path: Path) -> None:
    data = merged(tmp_path, _film("A"), _film("A"))
    assert data["videos"] == [{"id": 1, "name": "A"}]
    assert (
        {row["video_id"] for row in data["images"]}
        == {row["track_id"] for row in data["annotations"]}
        == {1}
    )


def test_a_row_that_names_what_its_file_lacks_is_refused(tmp_path: Path) -> None:
    first, second = _film("A"), _film("B")
    second["videos"][0]["id"] = 5
    with pytest.raises(
        StepError, match=r"image 1 of b has video_id 1, which is not in its 'videos'"
    ):
        merged(tmp_path, first, second)


def test_ids_that_are_text_get_free_ones_too(tmp_path: Path) -> None:
    files = []
    for name in "AB":
        data = _film(name)
        data["videos"][0]["id"] = "clip"
        for row in data["images"]:
            row["video_id"] = "clip"
        files.append(data)
    data = merged(tmp_path, *files)
    assert [row["id"] for row in data["videos"]] == ["clip", "clip_2"]
    assert [row["video_id"] for row in data["images"]] == ["clip", "clip", "clip_2", "clip_2"]


def test_every_row_can_be_followed_back_to_its_file(tmp_path: Path) -> None:
    data = merged(tmp_path, _film("A"), _film("B"))
    second = json.loads((tmp_path / "out/steps/x/ids.json").read_text())["datasets"][1]
    assert second == {
        "home": "b",
        "images": {"old": [1, 2], "new": [3, 4]},
        "annotations": {"old": [1, 2], "new": [3, 4]},
        "categories": {"old": [1], "new": [1]},
        "references": {"video_id": {"old": [1], "new": [2]}, "track_id": {"old": [1], "new": [2]}},
    }
    assert [row["id"] for row in data["images"]] == [1, 2, 3, 4]


def test_the_origin_is_written_into_a_field_and_survives_a_second_merge(tmp_path: Path) -> None:
    data = merged(tmp_path, coco(1, []), coco(2, []), origin_field="part")
    assert [row["part"] for row in data["images"]] == ["a", "b", "b"]
    taken = coco(1, [])
    taken["images"][0]["part"] = "other"
    with pytest.raises(StepError, match=r"image 1 \('1.jpg'\) of b has part 'other' already"):
        merged(tmp_path, coco(1, []), taken, origin_field="part")


def test_what_the_first_data_set_overrules_is_named(tmp_path: Path) -> None:
    first = coco(1, [], ["Car"], notes="x")
    second = coco(1, [], ["Car", "car"], notes="y")
    second["categories"][0]["supercategory"] = "vehicle"
    merged(tmp_path, first, second)
    assert kinds_found(tmp_path) == [
        "top_level_keys_differ",
        "category_keys_differ",
        "merged_categories_alike",
    ]


def _named(table: str, key: str, value: Any = 1, **rows: Any) -> list[dict[str, Any]]:
    """Return two files whose tables have other rows under one id, and an image that names it."""
    files = []
    for name in "AB":
        data = coco(1, [(1, 1)], ["car"], **{table: [{"id": 1, "name": name}]} | rows)
        data["images"][0][key] = value
        files.append(data)
    return files


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("people", "person_id"),
        ("key_people", "key_person_id"),
        ("children", "child_id"),
        ("series", "series_id"),
        ("species", "species_id"),
        ("vertices", "vertex_id"),
        ("indices", "index_id"),
        ("matrices", "matrix_id"),
        ("classes", "class_id"),
        ("batches", "batch_id"),
        ("media", "medium_id"),
        ("media", "media_id"),
        ("criteria", "criterion_id"),
        ("analyses", "analysis_id"),
        ("bases", "base_id"),
        ("axes", "axis_id"),
        ("lenses", "lens_id"),
        ("foxes", "fox_id"),
        ("knives", "knife_id"),
        ("movies", "movie_id"),
        ("stimuli", "stimulus_id"),
        ("person", "person_id"),
        ("videos", "next_video_id"),
    ],
)
def test_irregular_plurals_are_followed(table: str, key: str, tmp_path: Path) -> None:
    data = merged(tmp_path, *_named(table, key))
    assert [(row["id"], row["name"]) for row in data[table]] == [(1, "A"), (2, "B")]
    assert [row[key] for row in data["images"]] == [1, 2]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("person_ids", [1], [2]),
        ("person_id", 1.0, 2),
        ("meta", {"seen": [{"person_id": 1}]}, {"seen": [{"person_id": 2}]}),
        ("attributes", {"person_id": 1, "n": 1}, {"person_id": 2, "n": 1}),
        ("pairs", [{"person_ids": [1]}], [{"person_ids": [2]}]),
    ],
)
def test_lists_and_what_stands_in_mappings_is_followed(
    key: str, value: Any, expected: Any, tmp_path: Path
) -> None:
    data = merged(tmp_path, *_named("people", key, value))
    assert [row[key] for row in data["images"]] == [value, expected]


@pytest.mark.slow
@pytest.mark.parametrize("value", [1, "1", {"of": 1}])
def test_a_table_that_nothing_is_seen_to_name_is_refused_until_told(
    value: Any, tmp_path: Path
) -> None:
    files = _named("people", "who", value)
    with pytest.raises(
        StepError,
        match=r"the row 1 of 'people' of b is another one .* no row has people_id or person_id: "
        r".*tables: \{people: <key>\}, or tables: \{people: \[\]\} if none does",
    ):
        merged(tmp_path, *files)
    assert [row["who"] for row in merged(tmp_path, *files, tables={"people": []})["images"]] == [
        value,
        value,
    ]
    with pytest.raises(StepError, match="no row has the key 'whoo'; did you mean 'who'"):
        merged(tmp_path, *files, tables={"people": "whoo"})
    with pytest.raises(
        StepError, match="no data set has a list 'poeple' of rows with ids; did you mean 'people'"
    ):
        merged(tmp_path, *files, tables={"poeple": "who"})


@pytest.mark.parametrize("keys", ["who", ["who"], ["person", "who"]])
def test_a_key_that_the_recipe_names_is_followed(keys: Any, tmp_path: Path) -> None:
    files = _named("people", "who")
    for data in files:
        data["annotations"][0] |= {"person": [1], "attributes": {"who": 1}}
        data["photos"] = [{"id": 5, "who": 1}]
    data = merged(tmp_path, *files, tables={"people": keys, "photos": []})
    assert [row["who"] for row in data["images"]] == [1, 2]
    assert [row["attributes"]["who"] for row in data["annotations"]] == [1, 2]
    assert [row["person"] for row in data["annotations"]] == (
        [[1], [2]] if "person" in keys else [[1], [1]]
    )
    assert data["photos"] == [{"id": 5, "who": 1}, {"id": 6, "who": 2}]


def test_equal_tables_and_a_table_of_one_file_need_no_key(tmp_path: Path) -> None:
    first, second = _named("people", "who")
    second["people"] = [*copy.deepcopy(first["people"]), {"id": 2, "name": "B"}]
    second["images"][0]["who"] = 2
    data = merged(tmp_path, first, second)
    assert (data["people"], [row["who"] for row in data["images"]]) == (second["people"], [1, 2])
    del second["people"]
    data = merged(tmp_path, first, second)
    assert (data["people"], [row["who"] for row in data["images"]]) == (first["people"], [1, 2])


def test_ids_that_do_not_overlap_need_no_key(tmp_path: Path) -> None:
    first, second = _named("people", "who")
    second["people"][0]["id"], second["images"][0]["who"] = 7, 7
    data = merged(tmp_path, first, second)
    assert [(row["id"], row["name"]) for row in data["people"]] == [(1, "A"), (7, "B")]
    assert [row["who"] for row in data["images"]] == [1, 7]


def test_tables_that_name_one_another_and_themselves_follow(tmp_path: Path) -> None:
    files = []
    for name in "AB":
        data = coco(
            1,
            [(1, 1)],
            ["car"],
            videos=[{"id": 1, "name": name, "frame_ids": [1, 2]}],
            frames=[{"id": 1, "video_id": 1, "next_frame_id": 2}, {"id": 2, "video_id": 1}],
            people=[
                {"id": 1, "name": "same", "parent_id": 2},
                {"id": 2, "name": name, "parent_id": None},
            ],
        )
        data["images"][0] |= {"frame_id": 1, "video_id": 1, "person_ids": [1, 2]}
        files.append(data)
    data = merged(tmp_path, *files)
    assert data["videos"][1] == {"id": 2, "name": "B", "frame_ids": [3, 4]}
    assert data["frames"][2:] == [
        {"id": 3, "video_id": 2, "next_frame_id": 4},
        {"id": 4, "video_id": 2},
    ]
    assert data["people"][2:] == [
        {"id": 3, "name": "same", "parent_id": 4},
        {"id": 4, "name": "B", "parent_id": None},
    ]
    assert (
        data["images"][1] | {"frame_id": 3, "video_id": 2, "person_ids": [3, 4]}
        == data["images"][1]
    )
    data = merged(
        tmp_path, *files, copy.deepcopy(files[1]), copy.deepcopy(files[0])
    )  # equal ones are joined with theirs
    assert (len(data["videos"]), len(data["frames"])) == (2, 4)
    assert [(row["video_id"], row["frame_id"]) for row in data["images"]] == [
        (1, 1),
        (2, 3),
        (2, 3),
        (1, 1),
    ]


def test_rows_of_tables_follow_tracks_that_no_table_lists(tmp_path: Path) -> None:
    files = []
    for name in "AB":
        data = coco(1, [(1, 1)], ["car"], clips=[{"id": 1, "name": name, "track_id": 1}])
        data["annotations"][0] |= {"track_id": 1, "clip_id": 1}
        files.append(data)
    data = merged(tmp_path, *files)
    assert data["clips"] == [
        {"id": 1, "name": "A", "track_id": 1},
        {"id": 2, "name": "B", "track_id": 2},
    ]
    assert [(row["track_id"], row["clip_id"]) for row in data["annotations"]] == [(1, 1), (2, 2)]


def test_categories_follow_tables_too(tmp_path: Path) -> None:
    files = []
    for name in "AB":
        data = coco(1, [(1, 1)], [f"car {name}"], groups=[{"id": 1, "name": name}])
        data["categories"][0]["group_id"] = 1
        files.append(data)
    assert [row["group_id"] for row in merged(tmp_path, *files)["categories"]] == [1, 2]


def test_a_text_that_names_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        StepError,
        match=r"image 1 of b has person_id '1', and the id in 'people' is 1: .* write both as",
    ):
        merged(tmp_path, *_named("people", "person_id", "1"))


def test_ids_that_are_text_are_followed_in_lists(tmp_path: Path) -> None:
    files = _named("people", "person_ids", ["eve", "adam"])
    for name, data in zip("AB", files, strict=True):
        data["people"] = [{"id": "adam", "n": name}, {"id": "eve", "n": name}]
    data = merged(tmp_path, *files)
    assert [row["id"] for row in data["people"]] == ["adam", "eve", "adam_2", "eve_2"]
    assert data["images"][1]["person_ids"] == ["eve_2", "adam_2"]


def _two(second: dict[str, Any], **params: Any) -> Dataset:
    both = dataset(), dataset(second, home="other")
    return run_step(STEP, datasets=both, **params).value


def test_categories_are_joined_by_name_and_nothing_is_lost() -> None:
    second = coco(2, [(1, 1), (2, 2)], ["dog", "cow"])
    for row in second["images"]:
        row["file_name"] = "b" + row["file_name"]
    data = _two(second)
    names = data.category_names()
    files = {row.id: row.file_name for row in data.images}
    assert len(files) == 5
    assert len({row.id for row in data.annotations}) == 4
    assert [(files[row.image_id], names[row.category_id]) for row in data.annotations] == [
        ("1.jpg", "cat"),
        ("2.jpg", "dog"),
        ("b1.jpg", "dog"),
        ("b2.jpg", "cow"),
    ]


def test_names_that_collide_by_case_or_unicode_form_are_refused() -> None:
    second = coco(1, [])
    second["images"][0]["file_name"] = "1.JPG"
    with pytest.raises(StepError, match=r"1 file name collides: 1.JPG \(raw and other\)"):
        _two(second)


def test_a_renamed_image_keeps_its_root() -> None:
    image = _two(coco(1, []), same_file_name="rename").images[3]
    assert image.file_name == "1_2.jpg"
    assert image.coco_recipe.root == "other/1.jpg"
