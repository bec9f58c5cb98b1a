"""A file with wrong types is read to its end: every such value is listed, and hides nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe
from checked_rows import EXPORT, changed_data

from coco_recipe import coco_json
from coco_recipe.errors import FindingsError
from coco_recipe.findings import Finding
from coco_recipe.running import inputs


def _read(data: dict[str, Any]) -> None:
    text = json.dumps(data).encode()
    inputs.read_rows(coco_json.decode_top(text, "raw.json"), "raw.json", "raw", None)


WRONG_TYPES: list[tuple[str, dict[str, Any], str]] = [
    ("boxes_of_wrong_type", {"bbox": []}, "annotation 1: {'bbox': []}"),
    ("boxes_of_wrong_type", {"bbox": [1, 2, "3", 4]}, "annotation 1"),
    ("boxes_of_wrong_type", {"bbox": None}, "annotation 1"),
    ("crowd_flags_of_wrong_type", {"iscrowd": None}, "annotation 1: iscrowd is null"),
    ("areas_of_wrong_type", {"area": "12"}, "annotation 1: {'area': '12'}"),
    ("ids_of_wrong_type", {"image_id": "1"}, "annotation 1: {'image_id': '1'}"),
    ("ids_of_wrong_type", {"id": 1.5}, "annotations[0]: {'id': 1.5}"),
    ("ids_of_wrong_type", {"category_id": 1.5}, "annotation 1"),
]


@pytest.mark.parametrize(("kind", "change", "text"), WRONG_TYPES, ids=str)
def test_a_file_with_wrong_types_is_read_to_its_end(
    kind: str, change: dict[str, Any], text: str, tmp_path: Path
) -> None:
    data = coco(3, [(1, 1)] * 8)
    for row in data["annotations"]:
        row |= change
    with pytest.raises(FindingsError) as error:
        _read(data)
    (finding,) = error.value.findings
    assert isinstance(finding, Finding)
    assert (finding.kind.name, finding.count, finding.severity) == (kind, 8, "error")
    assert text in str(finding)
    write_recipe(tmp_path, [{"id": "x", "use": "reindex", "in": "raw"}], data)
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert f"error: raw: 8 {finding.kind.what}: {text}" in done.stderr
    assert "; and 3 more" in done.stderr


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (
            "sizes_of_wrong_type",
            changed_data(images__width="64"),
            "raw: 1 size (width, height) is not whole: image 1 ('1.jpg'): ",
        ),
        (
            "sizes_of_wrong_type",
            changed_data(images__height=48.5),
            "raw: 1 size (width, height) is not whole: image 1 ('1.jpg'): ",
        ),
        (
            "names_of_wrong_type",
            changed_data(categories__name=7),
            "raw: 1 name is missing or no text: category 1: {'name': 7}",
        ),
        (
            "names_of_wrong_type",
            changed_data(images__file_name=None),
            "raw: 1 name is missing or no text: image 1: file_name is missing",
        ),
        (
            "rows_of_wrong_type",
            coco() | {"categories": ["cat"]},
            "raw: 1 row is something other than an object: categories[0]: cat",
        ),
    ],
    ids=str,
)
def test_other_wrong_types_are_named(kind: str, data: dict[str, Any], text: str) -> None:
    with pytest.raises(FindingsError) as error:
        _read(data)
    (finding,) = error.value.findings
    assert isinstance(finding, Finding)
    assert finding.kind.name == kind
    assert str(finding).startswith(text)


def test_check_goes_on_past_a_row_of_a_wrong_type(tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 1)])
    data["annotations"][0]["area"] = "7"
    data["annotations"][1] |= {"image_id": 9, "bbox": [1, 2, 0, 3]}
    (tmp_path / "a.json").write_text(json.dumps(data))
    found = json.loads(command("check", "a.json", "--format", "json", cwd=tmp_path).stdout)
    assert {"areas_of_wrong_type", "dangling_image_ids", "boxes_of_no_area"} <= {
        one["kind"] for one in found
    }
    data["annotations"][0]["id"] = "x"
    (tmp_path / "a.json").write_text(json.dumps(data))
    found = json.loads(command("check", "a.json", "--format", "json", cwd=tmp_path).stdout)
    others = {
        "areas_of_wrong_type",
        "dangling_image_ids",
        "boxes_of_no_area",
        "area_not_of_box",
        "rows_that_trainers_skip",
    }
    assert {one["kind"] for one in found} == {"ids_of_wrong_type", *others}


UNREAD: list[tuple[str, dict[str, Any]]] = [
    ("annotations", {"image_id": None}),
    ("categories", {"name": None}),
    ("images", {"file_name": None}),
    ("images", {"id": "x"}),
]


@pytest.mark.parametrize(("table", "change"), UNREAD, ids=str)
def test_a_row_that_cannot_be_read_hides_nothing_of_the_others(
    table: str, change: dict[str, Any], tmp_path: Path
) -> None:
    data = coco(3, [(1, 1), (2, 1), (3, 2)])
    data[table][0] |= change
    data["annotations"].append(None)
    data["annotations"][2] |= {"bbox": [1, 2, 0, 3], "category_id": 77, "num_keypoints": -1}
    text = json.dumps(data).replace('"width": 64', '"width": 64, "width": 64')
    write_recipe(tmp_path, [EXPORT], data)
    (tmp_path / "raw.json").write_text(text)
    wrong = {"ids_of_wrong_type", "names_of_wrong_type", "rows_of_wrong_type"}
    others = {
        "repeated_keys",
        "boxes_of_no_area",
        "area_not_of_box",
        "dangling_category_ids",
        "num_keypoints_of_wrong_type",
    }
    found = {
        one["kind"]
        for one in json.loads(command("check", "raw.json", "--format", "json", cwd=tmp_path).stdout)
    }
    found -= {"rows_that_trainers_skip"}  # of which a run tells when it exports
    assert len(found & wrong) == 2
    assert found - wrong == others | ({"dangling_image_ids"} if change == {"id": "x"} else set())
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert all(f"({kind})" in done.stderr for kind in found)


def test_whole_floats_of_iscrowd_are_whole_numbers(tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 2)])
    data["annotations"][0] |= {"iscrowd": 1.0, "area": 12345678901234567.125}
    text = json.dumps(data).replace("1.2345678901234568e+16", "12345678901234567.125")
    found = coco_json.parse(text.encode()).annotations
    assert [(row.iscrowd, type(row.iscrowd)) for row in found] == [(1, int), (0, int)]
    data["annotations"][1] |= {"iscrowd": "0", "bbox": [1, 2, 0, 3]}
    (tmp_path / "a.json").write_text(json.dumps(data))
    kinds = {
        one["kind"]
        for one in json.loads(command("check", "a.json", "--format", "json", cwd=tmp_path).stdout)
    }
    assert {"crowd_flags_of_wrong_type", "boxes_of_no_area"} <= kinds
