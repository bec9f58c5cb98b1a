"""A crop shows a row with what is around it, wherever the row is, and whatever is missing."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe import Crop
from coco_recipe.testing import dataset, draw

cv2 = pytest.importorskip("cv2")
pytest.importorskip("PIL")

ORANGE = [0, 159, 230]  # BGR of the first class
MASK = {"size": [48, 64], "counts": [20 * 48 + 20, *([10, 38] * 9), 10, 64 * 48 - 30 * 48 + 18]}


def _picture(data: dict[str, Any], images: Path | None = None, **more: Any) -> Any:
    import numpy as np
    from coco_recipe_pictures.show import cropping

    rows = dataset(data, images=images)
    crop = Crop(rows, rows.images[0], rows.annotations[0], "瓶盖: kept", **more)
    return cv2.imdecode(np.frombuffer(cropping.draw(crop), np.uint8), cv2.IMREAD_COLOR)


def _orange(picture: Any) -> Any:
    import numpy as np

    rows, columns = np.nonzero((picture == ORANGE).all(axis=2))
    return rows, columns


@pytest.mark.parametrize(
    "place",
    [
        {"bbox": [20, 20, 10, 10]},
        {"bbox": [-30, -20, 40, 30]},
        {"bbox": [60, 44, 400, 300]},
        {"bbox": [30, 30, 0, 0]},
        {"bbox": [20, 20, 10, 10], "segmentation": MASK},
        {"bbox": [20, 20, 10, 10], "segmentation": [[20, 20, 30, 20, 30, 30]]},
        {"bbox": [20, 20, 10, 10], "keypoints": [22, 22, 2, 28, 28, 1, 0, 0, 0]},
    ],
)
def test_what_is_there_is_drawn_also_at_the_edges(tmp_path: Path, place: dict[str, Any]) -> None:
    data = coco()
    data["annotations"][0] |= place
    rows, _ = _orange(_picture(data, draw(tmp_path, data)))
    assert len(rows) > 20


def test_a_small_box_is_enlarged_and_stands_in_the_middle(tmp_path: Path) -> None:
    data = coco()
    data["annotations"][0]["bbox"] = [27, 19, 10, 10]
    picture = _picture(data, draw(tmp_path, data))
    plain = picture[40:-40]  # without title and legend
    _, columns = _orange(plain)
    wide, middle = columns.max() - columns.min(), (columns.max() + columns.min()) / 2
    assert 0.15 < wide / picture.shape[1] < 0.5
    assert abs(middle / picture.shape[1] - 0.5) < 0.1


@pytest.mark.parametrize(
    "place",
    [
        {"bbox": [900, 900, 10, 10]},
        {"bbox": [20, 20, 10, 10], "segmentation": {"size": [5, 5], "counts": [5, 20]}},
        {"segmentation": [[]], "bbox": None},
    ],
)
def test_a_row_that_is_nowhere_on_its_picture_is_no_crash(
    tmp_path: Path, place: dict[str, Any]
) -> None:
    data = coco()
    data["annotations"][0] |= place
    if place["bbox"] is None:
        del data["annotations"][0]["bbox"]
    assert _picture(data, draw(tmp_path, data)).shape[1] > 320


def test_a_missing_picture_is_grey_with_the_box_on_it(tmp_path: Path) -> None:
    for images in (None, tmp_path):  # no folder, or no such file in it
        picture = _picture(coco(), images)
        assert (picture == [200, 200, 200]).all(axis=2).sum() > 10_000
        assert len(_orange(picture)[0]) > 20


def test_a_dropped_row_is_dashed(tmp_path: Path) -> None:
    data = coco()
    folder = draw(tmp_path, data)
    gone = _picture(data, folder, is_gone=True)
    assert (gone[:250] == [40, 0, 220]).all(axis=2).sum() > 50
    assert not (gone[:-60] == ORANGE).all(axis=2).any()  # but for the legend


@pytest.mark.slow
def test_the_command_draws_copies_and_tiles_and_writes_over_nothing(tmp_path: Path) -> None:
    pytest.importorskip("albumentations")
    data = coco(boxes=[(1, 1), (2, 2), (3, 1)])
    draw(tmp_path / "图", data)
    steps = [
        {"id": "half", "use": "tile", "in": "raw", "with": {"slice_height": 40, "slice_width": 40}},
        {
            "id": "more",
            "use": "augment",
            "in": "half",
            "with": {"copies": 1, "pipeline": [{"HorizontalFlip": {"p": 1}}]},
        },
    ]
    inputs = {"raw": {"annotations": "raw.json", "images": "图"}}
    write_recipe(tmp_path, steps, data, inputs=inputs)
    assert command("run", "recipe.yaml", "--jobs", "1", cwd=tmp_path).returncode == 0
    words = ("why", "runs/test", "--annotation", "1", "--at", "raw", "--to", "out")
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert any(name.endswith("-half.png") for name in names)
    assert any(name.endswith("-more.png") for name in names)
    assert f"{len(names)} pictures in out" in done.stderr
    (tmp_path / "out" / names[0]).write_bytes(b"mine")
    assert command(*words, cwd=tmp_path).returncode == 2
    assert (tmp_path / "out" / names[0]).read_bytes() == b"mine"
    told = command(*words[:-1], "raw.json", "--format", "json", cwd=tmp_path)
    assert (told.returncode, "is a file" in told.stderr) == (2, True)
    told = command(*words[:-1], "whole", "--format", "json", cwd=tmp_path)
    assert json.loads(told.stdout)[0]["events"][0]["step"] == "raw"
