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
from training import CPU, Shapes, provenance

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
        "checkpoint": os.path.relpath(trained / "fit/checkpoints/epoch_3.pth", shapes.folder),
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


@pytest.mark.slow
def test_a_checkpoint_file_says_its_classes_where_nobody_else_does(
    shapes: Shapes, trained: Path
) -> None:
    file = os.path.relpath(trained / "fit/checkpoints/epoch_3.pth", shapes.folder)
    step = {
        "id": "p",
        "use": "predict",
        "in": {"checkpoint": "start"},
        "with": {"folder": "val/images", "draw": 30, **CPU},
    }
    steps = shapes.run("own_names", [step], start={"checkpoint": file})
    listed = json.loads((steps / "p/images.json").read_text())
    names = ["disc", "square", "triangle"]
    assert listed["categories"] == [{"id": n, "name": name} for n, name in enumerate(names, 1)]
    results = json.loads((steps / "p/results/predictions.bbox.json").read_text())
    named = json.loads((trained / "guess/results/predictions.bbox.json").read_text())
    assert results == named, "as with the names of the recipe"
    with (steps / "p/predictions.png").open("rb") as drawn:
        assert drawn.read(4) == b"\x89PNG"


def test_the_command_that_was_run_can_be_run_again_and_leaves_the_step_as_it_is(
    trained: Path,
) -> None:
    import subprocess

    guess = trained / "guess"
    before = {path: path.read_bytes() for path in guess.rglob("*") if path.is_file()}
    done = subprocess.run(
        ["sh", "command.txt"], cwd=guess, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = Path(done.stdout.splitlines()[-1])
    name = "results/predictions.bbox.json"
    again = json.loads((made / name).read_text())
    assert again == json.loads((guess / name).read_text())
    shutil.rmtree(made)
    assert before == {path: path.read_bytes() for path in guess.rglob("*") if path.is_file()}


def test_times_stand_with_the_clock_and_pictures_with_the_result(trained: Path) -> None:
    clock = provenance(trained, "fit").clock.files
    assert list(clock) == ["results.csv", "train.log"]
    assert list(provenance(trained, "guess").clock.files) == ["predict.log"]
    files = json.loads((trained / "fit/manifest.json").read_text())["files"]
    assert "curves.png" in files
    assert not {*clock} & files.keys()
