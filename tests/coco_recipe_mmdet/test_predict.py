"""predict can write the ids of the data set that its images go back to; no detector is needed to
see it.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from builders import coco
from coco_recipe_mmdet import predict
from training import CPU, Shapes

from coco_recipe.coco_json import parse
from coco_recipe.dataset import Dataset


def _read(data: dict[str, Any]) -> Dataset:
    return parse(json.dumps(data).encode(), home="raw")


def _renumbered() -> tuple[Dataset, Dataset]:
    """Return a source with odd ids, and the same images and categories with others."""
    source, own = coco(3, []), coco(3, [])
    for row, number in zip(source["images"], (70, 5, 900), strict=True):
        row["id"] = number
    for row, number in zip(source["categories"], (18, 3), strict=True):
        row["id"] = number
    return _read(source), _read(own)


def test_results_get_the_ids_of_the_source(tmp_path: Path) -> None:
    source, own = _renumbered()
    images, categories = predict.source_ids(own, source, ["cat", "dog"])
    assert (images, categories) == ({1: 70, 2: 5, 3: 900}, {"cat": 18, "dog": 3})
    (tmp_path / "predictions.bbox.json").write_text(
        json.dumps([{"image_id": 3, "category_id": 2, "score": 0.5}])
    )
    predict.renumber(tmp_path, images, {1: 18, 2: 3})
    assert json.loads((tmp_path / "predictions.bbox.json").read_text()) == [
        {"image_id": 900, "category_id": 3, "score": 0.5}
    ]


def test_images_and_classes_that_the_source_lacks_are_named() -> None:
    source, own = _renumbered()
    with pytest.raises(ValueError, match=r"1 image goes back to none of 'source': 3.jpg"):
        predict.source_ids(own, source.replace(images=source.images[:2]), ["cat"])
    with pytest.raises(ValueError, match="'source' has no category cow"):
        predict.source_ids(own, source, ["cow"])


def test_a_picture_that_can_not_be_read_is_named(shapes: Shapes, trained: Path) -> None:
    folder = shapes.folder / "broken"
    folder.mkdir()
    (folder / "text.jpg").write_text("no picture")
    (folder / "empty.jpg").write_text("")
    start = {
        "checkpoint": str(trained.relative_to(shapes.folder) / "fit/checkpoints/epoch_3.pth"),
        "classes": ["a", "b", "c"],
    }
    steps = [
        {
            "id": "p",
            "use": "predict",
            "in": {"checkpoint": "start"},
            "with": {"folder": "broken", **CPU},
        }
    ]
    assert f"2 of the pictures in {folder} can't be read: empty.jpg, text.jpg" in shapes.fails(
        "broken", steps, start=start
    )
    shutil.copyfile(shapes.folder / "val/images/0001.png", os.fsencode(folder) + b"/\xff.png")
    assert "steps[0].with.folder: the name '\\udcff.png' in it is not UTF-8" in shapes.fails(
        "broken", steps, start=start
    )
