"""The mark of a published folder: what it says, and when it is none."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe.errors import RecipeError
from coco_recipe.publishing.marks import MARK
from coco_recipe.running import stages


def _project(tmp_path: Path, to: str = "dataset", **params: Any) -> Path:
    """Make a recipe that publishes three pictures; return its folder."""
    folder = tmp_path / "project"
    (folder / "images").mkdir(parents=True)
    for n in (1, 2, 3):
        (folder / f"images/{n}.jpg").write_bytes(b"\xff\xd8 picture %d" % n)
    _write(folder, to, **params)
    return folder


def _write(folder: Path, to: str, **params: Any) -> Path:
    step = {"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": {"to": to} | params}
    return write_recipe(
        folder, [step], coco(), inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )


def _run(folder: Path, out: Path | None = None, **options: Any) -> stages.RunResult:
    return stages.run(
        stages.prepare(folder / "recipe.yaml"), out=out or folder / "runs/test", **options
    )


def test_a_published_folder_is_marked_with_its_files(tmp_path: Path) -> None:
    folder = _project(tmp_path)
    _run(folder)
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
    folder = _project(tmp_path)
    _run(folder)
    (folder / f"runs/test/dataset/{MARK}").write_text(text)
    with pytest.raises(RecipeError, match="can't be read, so it is not known which files are ours"):
        _run(folder)


@pytest.mark.parametrize(
    "name", ["../../../precious.txt", "all/../../../../precious.txt", "{absolute}"]
)
def test_a_mark_that_names_a_file_outside_is_no_mark(name: str, tmp_path: Path) -> None:
    folder = _project(tmp_path)
    _run(folder)
    (folder / "precious.txt").write_text("mine")
    path = folder / f"runs/test/dataset/{MARK}"
    mark = json.loads(path.read_text())
    mark["files"][name.format(absolute=folder / "precious.txt")] = {
        "sha256": hashlib.sha256(b"mine").hexdigest()
    }
    path.write_text(json.dumps(mark))
    with pytest.raises(RecipeError, match="can't be read, so it is not known which files are ours"):
        _run(folder)
    assert (folder / "precious.txt").read_text() == "mine"
