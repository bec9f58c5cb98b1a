"""Pictures that are missing are told before the work, with the fewest mends of names that find the
most of them.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe
from missing_pictures import DROP, missing_of


def test_a_link_to_nothing_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "4.png").symlink_to("../gone/4.png")
    found = missing_of(tmp_path, ["4.png", "sub/4.png"], [])
    assert [row.value for row in found.first] == [
        "is a link to '../gone/4.png', which is not there",
        None,
    ]


def _recipe(
    folder: Path, steps: Sequence[Mapping[str, Any]], present: Sequence[str], images: int = 9
) -> None:
    data = coco(images, [(n, 1) for n in range(1, images + 1)])
    for image in data["images"]:
        image["file_name"] = f"up/{image['file_name']}"
    (folder / "images").mkdir()
    for name in present:
        (folder / "images" / name).write_bytes(b"\xff\xd8 picture")
    write_recipe(
        folder, steps, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )


MENDED = {
    "id": "mended",
    "use": "repair",
    "in": "raw",
    "with": {"file_names": {"strip_prefix": "up/"}},
}
EXPORT = {"id": "out", "use": "export_coco", "in": {"all": "kept"}}


@pytest.mark.parametrize("verb", ["run", "plan", "check"])
def test_what_is_missing_behind_a_repair_of_names_is_told_before_the_work(
    verb: str, tmp_path: Path
) -> None:
    kept = {"id": "kept", "use": "filter_categories", "in": "mended", "with": {"drop": ["dog"]}}
    _recipe(tmp_path, [MENDED, kept, EXPORT], ["1.jpg", "3.jpg"])
    done = command(verb, "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert (
        "raw (images, 9 images): 7 pictures are not in the folder of images: image 2 "
        "('2.jpg'); image 4 ('4.jpg'); "
        "image 5 ('5.jpg'); image 6 ('6.jpg'); image 7 ('7.jpg'); and 2 more (missing_pictures)"
        f"\n    hint: {DROP}"
    ) in done.stdout + done.stderr
    assert not list((tmp_path).glob("runs/test/steps/*"))


def test_only_pictures_that_come_to_a_step_must_be_there(tmp_path: Path) -> None:
    kept = {"id": "kept", "use": "repair", "in": "mended", "with": {"missing_pictures": "drop"}}
    _recipe(tmp_path, [MENDED, kept, EXPORT], ["1.jpg", "3.jpg"])
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "runs/test/steps/out/annotations/instances_all.json").read_text())
    assert [image["file_name"] for image in data["images"]] == ["1.jpg", "3.jpg"]


def test_a_second_mend_is_proposed_for_names_as_the_first_leaves_them(tmp_path: Path) -> None:
    kept = {"id": "kept", "use": "merge", "in": ["mended"]}
    _recipe(tmp_path, [MENDED, kept, EXPORT], ["1.JPG", "2.JPG"], images=2)
    done = command("check", "recipe.yaml", cwd=tmp_path)
    assert "image 1 ('1.jpg'): there is '1.JPG'" in done.stderr
    assert "hint: repair: file_names: {match_case: true}" in done.stderr


def test_an_export_below_a_step_that_writes_counts_what_is_missing(tmp_path: Path) -> None:
    plugin = tmp_path / "writes.py"
    plugin.write_text("""
from coco_recipe import (
    Dataset,
    Port,
    Step,
    hookimpl,
)
@hookimpl
def coco_recipe_steps():
    return [
        Step(name="writes", run=lambda ctx, *, dataset: {"dataset": dataset}, writes=True,
             inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset},
             params={"type": "object", "properties": {}})
    ]
""")
    kept = {"id": "kept", "use": "writes", "in": "mended"}
    _recipe(tmp_path, [MENDED, kept, EXPORT], ["1.jpg"])
    done = command("run", "recipe.yaml", "--plugin", "writes.py", cwd=tmp_path)
    assert done.returncode != 0
    assert (
        "step 'out' (export_coco): all: 8 pictures are not in the folder of images: image "
        "2 ('2.jpg'): "
        "there is no file"
    ) in done.stderr
    assert f"and 3 more (missing_pictures)\n    hint: {DROP}" in done.stderr
