"""Mends of images: names in the order that is given, sizes, and what has no picture."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe
from mending import ledger_of, repaired

from coco_recipe.errors import StepError
from coco_recipe.running import stages
from coco_recipe.testing import draw


@pytest.mark.parametrize(
    ("name", "mends", "wanted"),
    [
        ("a%20b.jpg", {"unquote": True}, "a b.jpg"),
        ("x\\a.jpg", {"slashes": True}, "x/a.jpg"),
        ("up/7/a.jpg", {"strip_prefix": "up/7/"}, "a.jpg"),
        ("up\\7\\a%20b.jpg", {"unquote": True, "basename": True}, "a b.jpg"),
        ("A.JPG", {"match_case": True}, "a.jpg"),
        ("e\u0301.jpg", {"match_case": True}, "é.jpg"),
    ],
)
def test_file_names_are_mended_in_the_order_that_is_given(
    name: str, mends: dict[str, Any], wanted: str, tmp_path: Path
) -> None:
    (tmp_path / "images" / wanted).parent.mkdir(parents=True)
    (tmp_path / "images" / wanted).write_bytes(b"x")
    data = coco(1, [])
    data["images"][0]["file_name"] = name
    (tmp_path / "raw.json").write_text(json.dumps(data))
    steps = [
        {"id": "r", "use": "repair", "in": "raw", "with": {"file_names": mends}},
        {"id": "d", "use": "export_coco", "in": {"all": "r"}, "with": {"to": "d"}},
    ]
    write_recipe(tmp_path, steps, inputs={"raw": {"annotations": "raw.json", "images": "images"}})
    stages.run(stages.prepare(tmp_path / "recipe.yaml"), out=tmp_path / "out")
    assert (tmp_path / "out/d/all" / wanted).read_bytes() == b"x"
    assert json.loads((tmp_path / "out/steps/r/repaired.jsonl").read_text())["old"] == name


def test_names_that_would_fall_together_are_refused(tmp_path: Path) -> None:
    data = coco(2, [])
    for row, name in zip(data["images"], ("a/1.jpg", "b/1.jpg"), strict=True):
        row["file_name"] = name
    with pytest.raises(
        StepError, match=r"image 2 \('b/1.jpg'\) and image 1 \('a/1.jpg'\) would both be '1.jpg'"
    ):
        repaired(tmp_path, data, file_names={"basename": True})


def test_sizes_come_from_the_pictures(tmp_path: Path) -> None:
    data = coco(2, [])
    small = data["images"][1] | {"width": 30, "height": 20}
    draw(tmp_path / "images", {"images": [data["images"][0], small]})
    out = repaired(tmp_path, data, images=True, sizes="from_pictures")
    assert [(row["width"], row["height"]) for row in out["images"]] == [(64, 48), (30, 20)]
    assert ledger_of(tmp_path) == [
        {"row": "image 2 ('2.jpg')", "key": "size", "old": [64, 48], "new": [30, 20]}
    ]
    (tmp_path / "images/2.jpg").write_bytes(b"nothing")
    with pytest.raises(StepError, match=r"1 picture can't be measured: image 2 \('2.jpg'\)"):
        stages.run(stages.prepare(tmp_path / "recipe.yaml"), out=tmp_path / "out", force=True)


def test_images_without_a_picture_are_dropped_with_their_rows(tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 1)])
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.jpg").write_bytes(b"x")
    steps = [
        {"id": "there", "use": "repair", "in": "raw", "with": {"missing_pictures": "drop"}},
        {"id": "d", "use": "export_coco", "in": {"all": "there"}, "with": {"images": "none"}},
    ]
    write_recipe(
        tmp_path, steps, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        "dropped 1 annotation (its image's picture is missing), 1 image (its picture is missing)"
        in done.stderr
    )


def test_the_first_of_equal_pictures_stays_with_its_rows(tmp_path: Path) -> None:
    data = coco(5, [(1, 1), (2, 2), (3, 1), (3, 2), (5, 1)])
    (tmp_path / "images").mkdir()
    for number, content in enumerate((b"one", b"two", b"one", b"three", b"two"), 1):
        (tmp_path / f"images/{number}.jpg").write_bytes(content)
    out = repaired(tmp_path, data, images=True, equal_pictures="drop")
    assert [row["file_name"] for row in out["images"]] == ["1.jpg", "2.jpg", "4.jpg"]
    assert [row["image_id"] for row in out["annotations"]] == [1, 2]
    dropped = (tmp_path / "out/steps/x/dropped.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["reason"] for line in dropped) == [
        *["its image's picture is equal to one before it"] * 3,
        *["its picture is equal to one before it"] * 2,
    ]
    (tmp_path / "images/3.jpg").write_bytes(b"another")
    assert len(repaired(tmp_path, data, images=True, equal_pictures="drop")["images"]) == 4
    (tmp_path / "images/2.jpg").unlink()
    both = {"missing_pictures": "drop", "equal_pictures": "drop"}
    assert len(repaired(tmp_path, data, images=True, **both)["images"]) == 4


def test_sizes_are_measured_anew_where_a_picture_has_changed(tmp_path: Path) -> None:
    data = coco(2, [])
    for side in (30, 31):
        draw(tmp_path / "images", {"images": [row | {"width": side} for row in data["images"]]})
        out = repaired(tmp_path, data, images=True, sizes="from_pictures")
        assert {row["width"] for row in out["images"]} == {side}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("../x/1.jpg", {"basename": True}),
        ("/data/1.jpg", {"basename": True}),
        ("/data/1.jpg", {"strip_prefix": "/data/"}),
    ],
)
def test_names_that_lead_out_of_the_folder_come_in_by_a_mend(
    name: str, mend: dict[str, Any], tmp_path: Path
) -> None:
    data = coco(1, [(1, 1)])
    data["images"][0]["file_name"] = name
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.jpg").write_bytes(b"x")
    steps = [
        {"id": "named", "use": "repair", "in": "raw", "with": {"file_names": mend}},
        {"id": "d", "use": "export_coco", "in": {"all": "named"}, "with": {"images": "none"}},
    ]
    write_recipe(
        tmp_path, steps, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    published = json.loads(
        next((tmp_path / "runs/test/steps/d").rglob("instances_all.json")).read_text()
    )
    assert [image["file_name"] for image in published["images"]] == ["1.jpg"]
    (line,) = (tmp_path / "runs/test/steps/named/repaired.jsonl").read_text().splitlines()
    assert (json.loads(line)["old"], json.loads(line)["new"]) == (name, "1.jpg")
