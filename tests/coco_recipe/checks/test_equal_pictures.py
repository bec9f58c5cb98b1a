"""Pictures that two inputs have in common are named with both inputs and files."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

EXPORT = {"id": "d", "use": "export_coco", "in": {"a": "train", "b": "val"}, "with": {"to": "d"}}


def _inputs(folder: Path, pictures: dict[str, dict[str, bytes]]) -> None:
    """Write a data set for each input, with pictures of these bytes."""
    for name, listed in pictures.items():
        (folder / name).mkdir(exist_ok=True)
        data = coco(len(listed), [])
        for row, (file, content) in zip(data["images"], listed.items(), strict=True):
            row["file_name"] = file
            (folder / name / file).write_bytes(content)
        (folder / f"{name}.json").write_text(json.dumps(data))
    write_recipe(
        folder,
        [EXPORT],
        inputs={name: {"annotations": f"{name}.json", "images": name} for name in pictures},
    )


@pytest.mark.parametrize("choice", [{}, {"equal_pictures_across_inputs": "error"}])
def test_both_inputs_and_files_are_named(choice: dict[str, Any], tmp_path: Path) -> None:
    _inputs(
        tmp_path,
        {
            "train": {"x.jpg": b"1", "y.jpg": b"2", "z.jpg": b"3"},
            "val": {"x.jpg": b"4", "w.jpg": b"2", "v.jpg": b"3"},
        },
    )
    recipe = json.loads((tmp_path / "recipe.yaml").read_text()) | {"findings": choice}
    (tmp_path / "recipe.yaml").write_text(json.dumps(recipe))
    done = command("check", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == bool(choice), done.stderr
    assert (
        "train, val: 2 pictures are equal to one of another input, byte for byte: image 2 "
        "('w.jpg') of 'val': "
        "equals 'y.jpg' of 'train'; image 3 ('v.jpg') of 'val': equals 'z.jpg' of 'train'"
    ) in done.stdout


def test_one_file_that_two_inputs_name_is_equal_to_itself(tmp_path: Path) -> None:
    _inputs(tmp_path, {"train": {"x.jpg": b"1"}, "val": {"y.jpg": b"2"}})
    write_recipe(
        tmp_path,
        [EXPORT],
        inputs={
            name: {"annotations": "train.json", "images": "train"} for name in ("train", "val")
        },
    )
    assert (
        "image 1 ('x.jpg') of 'val': equals 'x.jpg' of 'train'"
        in command("check", "recipe.yaml", cwd=tmp_path).stdout
    )


def test_other_pictures_are_not_equal(tmp_path: Path) -> None:
    _inputs(tmp_path, {"train": {"x.jpg": b"1", "y.jpg": b"1"}, "val": {"x.jpg": b"2"}})
    assert "of another input" not in command("check", "recipe.yaml", cwd=tmp_path).stdout


def test_pictures_on_two_sides_of_a_split_are_named_also_below_other_steps(tmp_path: Path) -> None:
    same = {f"{n}.jpg": b"same" if n in (1, 4, 5) else b"%d" % n for n in range(1, 7)}
    _inputs(tmp_path, {"raw": same})
    steps = [
        {"id": "parts", "use": "split", "in": "raw", "with": {"every": 3, "first": 0}},
        {"id": "anew", "use": "reindex", "in": "parts.val"},
        EXPORT | {"in": {"train": "parts.train", "val": "anew"}},
    ]
    recipe = json.loads((tmp_path / "recipe.yaml").read_text()) | {"steps": steps}
    (tmp_path / "recipe.yaml").write_text(json.dumps(recipe))
    told = (
        "parts.train, anew.dataset: 2 pictures are in another part, too, byte for byte: "
        "image 1 ('1.jpg'): equals '5.jpg'; image 2 ('4.jpg'): equals '5.jpg'"
    )
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert (done.returncode, told in done.stderr) == (0, True), done.stderr
    steps[0]["in"] = "one"
    one = {"id": "one", "use": "repair", "in": "raw", "with": {"equal_pictures": "drop"}}
    (tmp_path / "recipe.yaml").write_text(json.dumps(recipe | {"steps": [one, *steps]}))
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert (done.returncode, "across_parts" in done.stderr) == (0, False), done.stderr
