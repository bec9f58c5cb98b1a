"""export_coco writes each part in COCO's layout or a flat one, with its pictures."""

import json
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_data.export_coco import STEP

from coco_recipe import Dataset, RecipeError, StepError
from coco_recipe.testing import Bench, coco, dataset, draw, run_step


@pytest.fixture
def part(tmp_path: Path) -> Dataset:
    """Return two images with their pictures."""
    data = coco(2, ending="png")
    return dataset(data, images=draw(tmp_path / "pictures", data))


def _files(folder: Path, part: Dataset, **params: Any) -> set[str]:
    outcome = run_step(STEP, Bench(folder), parts={"train": part}, **params)
    assert outcome.folder
    found = (path for path in outcome.folder.rglob("*") if path.is_file())
    return {path.relative_to(outcome.folder).as_posix() for path in found} - {"manifest.json"}


@pytest.mark.parametrize("images", ["copy", "link", "symlink"])
def test_cocos_layout(images: str, part: Dataset, tmp_path: Path) -> None:
    found = _files(tmp_path / "out", part, images=images)
    assert found == {"annotations/instances_train.json", "train/1.png", "train/2.png"}


def test_a_flat_layout_and_no_pictures(part: Dataset, tmp_path: Path) -> None:
    assert _files(tmp_path / "a", part, layout="flat") == {
        "train.json",
        "images/1.png",
        "images/2.png",
    }
    assert _files(tmp_path / "b", part, layout="flat", images="none") == {"train.json"}


def test_what_is_written_is_what_came_in(part: Dataset, tmp_path: Path) -> None:
    _files(tmp_path / "out", part, images="none")
    path = tmp_path / "out/steps/export_coco/annotations/instances_train.json"
    written, data = json.loads(path.read_text("utf-8")), coco(2, ending="png")
    for table in ("images", "annotations", "categories"):
        assert written[table] == data[table]


def test_an_empty_part_and_a_missing_picture_are_refused(part: Dataset, tmp_path: Path) -> None:
    none = part.replace(images=(), annotations=())
    with pytest.raises(RecipeError, match="no image"):
        run_step(STEP, Bench(tmp_path / "a"), parts={"val": none}, images="none")
    part.path_of(part.images[1]).unlink()
    with pytest.raises(StepError, match=r"2\.png"):
        run_step(STEP, Bench(tmp_path / "b"), parts={"train": part})
