"""A first recipe fits its data, and runs as it is."""

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import DATA, coco, command

from coco_recipe.testing import draw


def _written(folder: Path, data: dict[str, Any]) -> Path:
    """Write a data set with its pictures, no two equal, and return the annotation file."""
    draw(folder / "images", data)
    for number, row in enumerate(data["images"]):
        path = folder / "images" / row["file_name"]
        body = b"tEXtTitle\0%d" % number
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        path.write_bytes(path.read_bytes()[:-12] + chunk + path.read_bytes()[-12:])
    (folder / "raw.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    return folder / "raw.json"


def _steps(folder: Path) -> dict[str, Any]:
    """Let init write a recipe, run it, and return its steps by what they use."""
    done = command("init", "raw.json", "images", cwd=folder)
    assert done.returncode == 0, done.stderr
    ran = command("run", "recipe.yaml", "-q", "--jobs", "1", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    recipe = yaml.safe_load((folder / "recipe.yaml").read_text("utf-8"))
    return {step["use"]: step.get("with", {}) for step in recipe["steps"]}


def _many(images: int = 20, **extra: Any) -> dict[str, Any]:
    boxes = [(i, i % 2 + 1) for i in range(1, images + 1)]
    return coco(images=images, boxes=boxes, ending="png", **extra)


def test_sound_data_is_divided_and_published_and_nothing_else(tmp_path: Path) -> None:
    _written(tmp_path, _many())
    assert set(_steps(tmp_path)) == {"split", "export_coco"}
    assert (tmp_path / "runs/raw/dataset/annotations/instances_train.json").is_file()


def test_repeated_ids_are_numbered_and_a_background_left_out(tmp_path: Path) -> None:
    data = _many(names=("背景", "cat"))
    data["annotations"][0]["id"] = data["annotations"][1]["id"]
    _written(tmp_path, data)
    steps = _steps(tmp_path)
    assert steps["filter_categories"] == {"drop": ["背景"], "images_left_empty": "keep"}
    assert "reindex" in steps


def test_one_of_equal_pictures_stays_so_that_none_is_on_both_sides(tmp_path: Path) -> None:
    _written(tmp_path, _many())
    for number in range(2, 9):
        (tmp_path / f"images/{number}.png").write_bytes((tmp_path / "images/1.png").read_bytes())
    assert _steps(tmp_path)["repair"] == {"equal_pictures": "drop"}
    assert "7 pictures are equal to another" in (tmp_path / "recipe.yaml").read_text("utf-8")
    published = (tmp_path / "runs/raw/dataset").glob("*/*.png")
    assert len({path.read_bytes() for path in published}) == 13


@pytest.mark.parametrize(
    ("row", "params"),
    [
        ({"bbox": ["1", "2", "10", "10"]}, {"bbox": "to_numbers"}),
        ({"segmentation": [1, 2, 9, 2, 9, 9]}, {"segmentations": "flat_to_list"}),
        ({"area": "100"}, {"area": "to_numbers"}),
    ],
)
def test_what_would_be_an_error_is_mended(
    tmp_path: Path, row: dict[str, Any], params: dict[str, Any]
) -> None:
    data = _many()
    data["annotations"][0] |= row
    _written(tmp_path, data)
    assert _steps(tmp_path)["repair"] == params


def test_two_mends_of_one_key_are_a_list_and_one_missing_picture_is_dropped(tmp_path: Path) -> None:
    data = _many()
    data["annotations"][0]["segmentation"] = [1, 2, 9, 2, 9, 9]
    data["annotations"][1]["segmentation"] = [[1, 2], [9, 2], [9, 9]]
    _written(tmp_path, data)
    (tmp_path / "images" / "3.png").unlink()
    params = _steps(tmp_path)["repair"]
    assert set(params["segmentations"]) == {"flat_to_list", "pairs_to_list"}
    assert params["missing_pictures"] == "drop"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "group_by"),
    [
        ("cap{group}_jpg.rf.{n}abc.png", {"pattern": r"^(.+?)_(?:jpe?g|png|bmp|webp)\.rf\."}),
        ("film{group}_frame_{n}.png", {"pattern": r"^(.*?)[_-]?(?:frame|f)?[_-]?\d+\.[^.]+$"}),
        ("img_{n}.png", None),
    ],
)
def test_groups_that_names_tell_stay_together(
    tmp_path: Path, name: str, group_by: dict[str, str] | None
) -> None:
    data = _many(40)
    for n, image in enumerate(data["images"]):
        image["file_name"] = name.format(group=chr(97 + n // 3), n=n)
    _written(tmp_path, data)
    assert _steps(tmp_path)["split"].get("group_by") == group_by


def test_few_images_are_published_undivided(tmp_path: Path) -> None:
    _written(tmp_path, coco(images=3, ending="png"))
    assert set(_steps(tmp_path)) == {"export_coco"}


def test_pictures_under_other_names_are_found(tmp_path: Path) -> None:
    data = _many()
    _written(tmp_path, data)
    for image in data["images"]:
        image["file_name"] = f"C:\\caps\\{image['file_name']}"
    (tmp_path / "raw.json").write_text(json.dumps(data), "utf-8")
    assert "file_names" in _steps(tmp_path)["repair"]


def test_a_field_that_groups_images_comes_before_their_names(tmp_path: Path) -> None:
    data = _many(40)
    for n, image in enumerate(data["images"]):
        image["video_id"] = n // 3
    _written(tmp_path, data)
    assert _steps(tmp_path)["split"]["group_by"] == {"field": "video_id"}


def test_another_folder_of_pictures_is_told_not_mended(tmp_path: Path) -> None:
    _written(tmp_path, _many())
    (tmp_path / "empty").mkdir()
    done = command("init", "raw.json", "empty", cwd=tmp_path)
    assert done.returncode == 1
    assert "20 pictures are not in the folder" in done.stderr
    assert "missing_pictures" not in (tmp_path / "recipe.yaml").read_text("utf-8")


def test_a_recipe_of_the_users_is_left_as_it_is(tmp_path: Path) -> None:
    _written(tmp_path, _many())
    (tmp_path / "recipe.yaml").write_text("mine")
    assert command("init", "raw.json", "images", cwd=tmp_path).returncode == 2
    assert (tmp_path / "recipe.yaml").read_text() == "mine"


def test_paths_are_relative_to_the_recipe(tmp_path: Path) -> None:
    _written(tmp_path, _many())
    done = command("init", "raw.json", "images", "-o", "deep/er/r.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert command("validate", "deep/er/r.yaml", cwd=tmp_path).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["car_damage/train", "car_damage/valid"])
def test_real_data_gets_a_recipe_that_is_sound(name: str, tmp_path: Path) -> None:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}; set COCO_RECIPE_DATA to the folder with the real data")
    done = command("init", folder / "_annotations.coco.json", folder, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert command("plan", "recipe.yaml", cwd=tmp_path).returncode == 0


def test_a_file_without_images_gets_none(tmp_path: Path) -> None:
    """It would be refused."""
    (tmp_path / "raw.json").write_text(json.dumps(coco(images=0, boxes=[])), "utf-8")
    (tmp_path / "images").mkdir()
    done = command("init", "raw.json", "images", cwd=tmp_path)
    assert done.returncode == 1
    assert "raw.json: has no image" in done.stderr
    assert not (tmp_path / "recipe.yaml").exists()
