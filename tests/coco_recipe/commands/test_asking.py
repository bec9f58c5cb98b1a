"""The command stats: a place in, figures out."""

import json
from pathlib import Path

import pytest
from builders import coco, command, real_data, write_recipe


def test_the_command_counts_files_recipes_and_steps(tmp_path: Path) -> None:
    steps = [
        {"id": "cats", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
        {"id": "parts", "use": "split", "in": "cats", "with": {"fractions": {"a": 0.5, "b": 0.5}}},
    ]
    write_recipe(tmp_path, steps, coco(images=4))
    assert "4 images, 2 boxes" in command("stats", "raw.json", cwd=tmp_path).stdout
    assert "4 images, 2 boxes" in command("stats", "recipe.yaml", cwd=tmp_path).stdout
    assert "4 images, 1 box," in command("stats", "recipe.yaml:cats", cwd=tmp_path).stdout
    told = command("stats", "recipe.yaml:parts", "--by", "part", cwd=tmp_path).stdout
    images = {line.split()[0]: int(line.split()[1]) for line in told.splitlines()[1:]}
    assert images["a"] + images["b"] == images["all"] == 4
    one = command("stats", "recipe.yaml:parts.a", cwd=tmp_path).stdout
    assert one.startswith(f"{images['a']} image")


def test_a_small_file_is_searched_for_what_is_wrong(tmp_path: Path) -> None:
    data = coco()
    data["annotations"][0]["area"] = 5000
    (tmp_path / "raw.json").write_text(json.dumps(data), "utf-8")
    told = json.loads(command("stats", "raw.json", "--format", "json", cwd=tmp_path).stdout)
    assert sum(told["findings"].values()) == 1


def test_csv_is_by_class_unless_asked_otherwise(tmp_path: Path) -> None:
    (tmp_path / "raw.json").write_text(json.dumps(coco()), "utf-8")
    printed = command("stats", "raw.json", "--format", "csv", cwd=tmp_path).stdout
    assert printed.startswith("class,id,")


def test_a_file_that_isnt_there_is_told(tmp_path: Path) -> None:
    done = command("stats", "nowhere.json", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no such annotation file" in done.stderr


def test_real_data_is_counted_as_pycocotools_does() -> None:
    mask = pytest.importorskip("pycocotools.coco")
    path = real_data("car_damage") / "valid" / "_annotations.coco.json"
    told = json.loads(command("stats", path, "--format", "json", cwd=Path.cwd()).stdout)
    api = mask.COCO(str(path))
    assert told["whole"]["images"] == len(api.getImgIds())
    for row in told["classes"]:
        assert row["boxes"] == len(api.getAnnIds(catIds=[row["id"]])), row["name"]
        assert row["images"] == len(api.getImgIds(catIds=[row["id"]])), row["name"]
