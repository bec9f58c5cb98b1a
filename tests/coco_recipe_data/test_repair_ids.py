"""Rows without an id: an error with a way on, and numbered where the recipe asks for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe import FindingsError
from coco_recipe.running import stages

NUMBER = {"id": "ids", "use": "repair", "in": "raw", "with": {"ids": "number"}}
REINDEX = {"id": "ids", "use": "reindex", "in": "raw"}
EXPORT = {"id": "out", "use": "export_coco", "in": {"all": "ids"}, "with": {"images": "none"}}
FILTER = {"id": "few", "use": "filter_annotations", "in": "raw", "with": {"no_area": "drop"}}


def _data() -> dict[str, Any]:
    """Return rows of which some have an id of null, in quotes, or none."""
    data = coco(3, [(1, 1), (2, 2), (1, 2), (3, 1)])
    del data["annotations"][1]["id"]
    data["annotations"][3]["id"] = None
    data["annotations"][0]["id"] = 17
    del data["images"][2]["id"]
    data["annotations"] = [*data["annotations"][:3], data["annotations"][3] | {"image_id": 1}]
    return data


def _run(folder: Path, steps: list[dict[str, Any]], data: dict[str, Any]) -> dict[str, Any]:
    stages.run(stages.prepare(write_recipe(folder, steps, data)), out=folder / "out")
    found: dict[str, Any] = json.loads(
        (folder / "out/steps/out/annotations/instances_all.json").read_text("utf-8")
    )
    return found


def test_a_repair_gives_ids_above_the_largest_and_has_each_in_its_ledger(tmp_path: Path) -> None:
    data = _data()
    data["annotations"][2]["id"] = "40"
    out = _run(tmp_path, [NUMBER, EXPORT], data)
    assert [row["id"] for row in out["annotations"]] == [17, 41, 40, 42]
    assert [row["id"] for row in out["images"]] == [1, 2, 3]
    ledger = [
        json.loads(line)
        for line in (tmp_path / "out/steps/ids/repaired.jsonl").read_text().splitlines()
    ]
    assert [(line["row"], line["old"], line["new"]) for line in ledger] == [
        ("images[2] ('3.jpg')", None, 3),
        ("annotations[1]", None, 41),
        ("annotation 40", "40", 40),
        ("annotations[3]", None, 42),
    ]


@pytest.mark.parametrize(("table", "key"), [("images", "image_id"), ("categories", "category_id")])
@pytest.mark.parametrize("step", [NUMBER, REINDEX | {"with": {"categories": 1}}])
def test_no_row_gets_an_id_that_annotations_name_already(
    step: dict[str, Any], table: str, key: str, tmp_path: Path
) -> None:
    data = coco(3, [(1, 1), (2, 2), (3, 3)], names=("cat", "dog", "cow"))
    for row in data[table][1:]:  # which of them is 2, and which 3?
        del row["id"]
    with pytest.raises(FindingsError, match=f"point to .*: annotation 2: {key[:-3]} 2"):
        _run(tmp_path, [step, EXPORT], data)


def test_reindex_numbers_them_and_remembers_that_they_had_none(tmp_path: Path) -> None:
    out = _run(tmp_path, [REINDEX, EXPORT], _data())
    assert [row["id"] for row in out["annotations"]] == [1, 2, 3, 4]
    ids = json.loads((tmp_path / "out/steps/ids/ids.json").read_text())
    assert ids == {
        "images": {"base": 1, "old": [1, 2, None]},
        "annotations": {"base": 1, "old": [17, None, 3, None]},
    }


@pytest.mark.slow
def test_what_is_numbered_is_a_warning_with_its_number(tmp_path: Path) -> None:
    write_recipe(tmp_path, [REINDEX, EXPORT], _data())
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        "warning: raw: 2 annotations have no id: annotations[1]: id is missing; "
        "annotations[3]: id is null (annotations_without_id)"
    ) in done.stderr
    assert (
        "warning: raw: 1 image has no id: images[2] ('3.jpg'): id is missing (images_without_id)"
        in done.stderr
    )


@pytest.mark.parametrize(
    "steps",
    [
        [REINDEX | {"with": {"annotations": None}}, EXPORT],
        [REINDEX | {"with": {"images": None}}, EXPORT],
        [FILTER, REINDEX | {"in": "few"}, EXPORT],
        [NUMBER | {"with": {"ids": "to_int"}}, EXPORT],
        [EXPORT | {"in": {"all": "raw"}}],
    ],
    ids=["annotations kept", "images kept", "below a filter", "to_int", "nothing"],
)
def test_where_nothing_numbers_them_the_way_on_is_told_and_works(
    steps: list[dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(FindingsError, match="repair: ids: number gives them ids above the largest"):
        _run(tmp_path, steps, _data())
    renamed = [step | {"in": "mended"} if step["in"] == "raw" else step for step in steps]
    if steps[0]["id"] == "out":
        renamed = [EXPORT | {"in": {"all": "mended"}}]
    assert len(_run(tmp_path, [NUMBER | {"id": "mended"}, *renamed], _data())["annotations"]) == 4


def test_a_category_without_id_is_numbered_only_where_categories_are(tmp_path: Path) -> None:
    data = coco(2, [(1, 1)], names=("cat", "dog", "cow"))
    del data["categories"][1]["id"]
    with pytest.raises(FindingsError, match="1 category has no id"):
        _run(tmp_path, [REINDEX, EXPORT], data)
    out = _run(tmp_path, [REINDEX | {"with": {"categories": 1}}, EXPORT], data)
    assert [(row["id"], row["name"]) for row in out["categories"]] == [
        (1, "cat"),
        (2, "dog"),
        (3, "cow"),
    ]


def test_a_check_goes_on_past_them(tmp_path: Path) -> None:
    data = _data()
    data["annotations"][0]["bbox"] = [1, 2, 0, 10]
    (tmp_path / "raw.json").write_text(json.dumps(data))
    done = command("check", "raw.json", cwd=tmp_path)
    assert done.returncode == 1
    assert "error: raw.json: 2 annotations have no id" in done.stdout
    assert "1 box has a width or height of 0 or less: annotation 17" in done.stdout
