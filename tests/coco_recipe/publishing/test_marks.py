"""The mark of a published folder: what it says, and when it is none."""

import hashlib
import json
from pathlib import Path

import pytest
from projects import project_in, run_project

from coco_recipe.errors import RecipeError
from coco_recipe.publishing.marks import MARK


def test_a_published_folder_is_marked_with_its_files(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    published = folder / "runs/test/dataset"
    mark = json.loads((published / MARK).read_text())
    assert (mark["recipe"], mark["step"], mark["recipe_file"]) == (
        "test",
        "d",
        "../../../recipe.yaml",
    )
    assert sorted(mark["files"]) == [
        "all/1.jpg",
        "all/2.jpg",
        "all/3.jpg",
        "annotations/instances_all.json",
    ]
    assert "before" not in mark or mark["before"] == {}


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"recipe": 1}', "\x00"])
def test_a_mark_that_cannot_be_read_is_no_mark(text: str, tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    (folder / f"runs/test/dataset/{MARK}").write_text(text)
    with pytest.raises(RecipeError, match="can't be read, so it is not known which files are ours"):
        run_project(folder)


@pytest.mark.parametrize(
    "name", ["../../../precious.txt", "all/../../../../precious.txt", "{absolute}"]
)
def test_a_mark_that_names_a_file_outside_is_no_mark(name: str, tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    run_project(folder)
    (folder / "precious.txt").write_text("mine")
    path = folder / f"runs/test/dataset/{MARK}"
    mark = json.loads(path.read_text())
    mark["files"][name.format(absolute=folder / "precious.txt")] = {
        "sha256": hashlib.sha256(b"mine").hexdigest()
    }
    path.write_text(json.dumps(mark))
    with pytest.raises(RecipeError, match="can't be read, so it is not known which files are ours"):
        run_project(folder)
    assert (folder / "precious.txt").read_text() == "mine"
